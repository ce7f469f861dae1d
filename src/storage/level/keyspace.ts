/**
 * Every key of the LevelDB store, in one place.
 *
 * A key is one prefix byte, then for rows of a log its tree ID (8 bytes), then what the row is about. Numbers
 * are big-endian, so that keys sort as numbers do; log indexes and batch numbers have 6 bytes (2^48 entries).
 * A prefix that is no longer written stays in this list and is never given another meaning. Leaf rows come last: nine
 * tenths of all bytes are theirs, and as nothing lies behind them, the tables of new ones overlap with no older table and
 * are never merged again.
 *
 * In scope: keys. Out of scope: what the rows hold (row-formats.ts). Pure.
 */

import { hash } from 'node:crypto';

/** The layouts of keys: in a store of format 1 leaf rows stand between others. */
export type StoreFormat = 1 | 2;

/** The format of new stores. */
export const NEWEST_FORMAT: StoreFormat = 2;

/** The first byte of every key. */
export const PREFIX = {
  /** Format version of the store; one row, without a tree ID. */
  format: 0x01,
  /** Log record by number of creation (2 bytes), without a tree ID. */
  logRecord: 0x02,
  head: 0x10,
  /** Batch row by batch number. */
  batch: 0x11,
  /** Leaf by log index, in a store of format 1. */
  leafOfFormat1: 0x12,
  /** Full tile by level (1 byte) and tile index. */
  tile: 0x13,
  /** Root of a full tile, same key: level L+1 is read without the 8 KiB rows of level L. */
  tileRoot: 0x14,
  /** Log index by leaf hash. */
  leafHash: 0x15,
  /** Search row: digest of the search key, then the log index; the value is empty. */
  search: 0x16,
  attachment: 0x17,
  /** Signed entry timestamps of consecutive leaves, by the first log index. */
  timestamps: 0x18,
  /** Newest note by its kind (1 byte). */
  note: 0x19,
  /** Leaf by log index. */
  leaf: 0xf0,
} as const;

/** Bytes of a search key's digest in its row. */
export const SEARCH_DIGEST_SIZE = 16;

/** Largest log index and batch number that a key can hold. */
export const MAX_KEY_NUMBER: number = 2 ** 48 - 1;

const NUMBER_SIZE = 6;
const LOG_PREFIX_SIZE = 9;

/** The key of the format row. */
export const FORMAT_KEY: Buffer = Buffer.from([PREFIX.format]);

/** Returns the key of the `number`-th log record. */
export function logRecordKey(number: number): Buffer {
  const key = Buffer.alloc(3);
  key[0] = PREFIX.logRecord;
  key.writeUInt16BE(number, 1);
  return key;
}

/** The keys of one log. Each method returns a new buffer. */
export interface LogKeys {
  readonly format: StoreFormat;
  /** True: the log has no leaf hash rows. */
  readonly leavesRepeat: boolean;
  head(): Buffer;
  batch(number: number): Buffer;
  leaf(index: number): Buffer;
  tile(level: number, index: number): Buffer;
  tileRoot(level: number, index: number): Buffer;
  leafHash(hash: Uint8Array): Buffer;
  search(digest: Uint8Array, index: number): Buffer;
  attachment(index: number): Buffer;
  timestamps(first: number): Buffer;
  note(kind: number): Buffer;
}

/** Returns the keys of the log with this tree ID in a store of this format; `leavesRepeat` as in its record. */
export function logKeys(treeID: bigint, format: StoreFormat, leavesRepeat = false): LogKeys {
  const leafPrefix = format === 1 ? PREFIX.leafOfFormat1 : PREFIX.leaf;
  const start = (prefix: number, rest: number): Buffer => {
    const key = Buffer.allocUnsafe(LOG_PREFIX_SIZE + rest);
    key[0] = prefix;
    key.writeBigUInt64BE(treeID, 1);
    return key;
  };
  const numbered = (prefix: number, number: number): Buffer => {
    const key = start(prefix, NUMBER_SIZE);
    key.writeUIntBE(number, LOG_PREFIX_SIZE, NUMBER_SIZE);
    return key;
  };
  const tiled = (prefix: number, level: number, index: number): Buffer => {
    const key = start(prefix, 1 + NUMBER_SIZE);
    key[LOG_PREFIX_SIZE] = level;
    key.writeUIntBE(index, LOG_PREFIX_SIZE + 1, NUMBER_SIZE);
    return key;
  };
  return {
    format,
    leavesRepeat,
    head: () => start(PREFIX.head, 0),
    batch: (number) => numbered(PREFIX.batch, number),
    leaf: (index) => numbered(leafPrefix, index),
    tile: (level, index) => tiled(PREFIX.tile, level, index),
    tileRoot: (level, index) => tiled(PREFIX.tileRoot, level, index),
    leafHash: (hash) => {
      const key = start(PREFIX.leafHash, hash.length);
      key.set(hash, LOG_PREFIX_SIZE);
      return key;
    },
    search: (digest, index) => {
      const key = start(PREFIX.search, SEARCH_DIGEST_SIZE + NUMBER_SIZE);
      key.set(digest, LOG_PREFIX_SIZE);
      key.writeUIntBE(index, LOG_PREFIX_SIZE + SEARCH_DIGEST_SIZE, NUMBER_SIZE);
      return key;
    },
    attachment: (index) => numbered(PREFIX.attachment, index),
    timestamps: (first) => numbered(PREFIX.timestamps, first),
    note: (kind) => {
      const key = start(PREFIX.note, 1);
      key[LOG_PREFIX_SIZE] = kind;
      return key;
    },
  };
}

/**
 * Returns the digest under which a search key is filed: 16 bytes of its SHA-256. Search rows have random keys
 * and are the dearest to compact, so they are short; a collision costs its maker 2^64 hashes and gains a false
 * search result of their own entries.
 */
export function searchDigest(searchKey: string): Uint8Array {
  // An entry may have thousands of keys: hashed as text, and without an allocation of its own for each digest.
  const digits = hash('sha256', searchKey, 'hex').slice(0, 2 * SEARCH_DIGEST_SIZE);
  return Buffer.from(digits, 'hex');
}

/** Returns the number that ends a key of `batch`, `leaf`, `search`, `attachment` or `timestamps`. */
export function numberOfKey(key: Uint8Array): number {
  const buffer = Buffer.from(key.buffer, key.byteOffset, key.length);
  return buffer.readUIntBE(key.length - NUMBER_SIZE, NUMBER_SIZE);
}

/** Returns words for an error message: which row a key names. */
export function describeKey(key: Uint8Array): string {
  const name = Object.entries(PREFIX).find(([, prefix]) => prefix === key[0])?.[0] ?? 'unknown';
  return `${name} row ${Buffer.from(key).toString('hex')}`;
}
