/**
 * The chain of batch rows: one row a commit, each holding the link of the one before it.
 *
 * LevelDB drops a damaged record of its log and opens without an error: whole batches vanish from under a head
 * that survives. A vanished batch takes its batch row along, so the walk back from the head finds the gap.
 *
 * In scope: the batch row, its link, the digest over a batch's rows, which keys a batch has. Out of scope: the
 * walk itself (verify-tail.ts). Pure.
 */

import { sha256 } from '#sha256';
import { HASH_SIZE } from '../../merkle/hash.js';
import { fullTilesBetween } from '../full-tiles.js';
import type { LogKeys } from './keyspace.js';
import { encodeNumber, Reader } from './row-formats.js';
import { malformedRow, type Row, sealRow } from './rows.js';

/** What one commit wrote. */
export interface BatchRow {
  /** Link of the batch before; `genesisLink` for the first. */
  readonly previousLink: Uint8Array;
  readonly sizeBefore: number;
  readonly sizeAfter: number;
  /** Root hash at `sizeAfter`. */
  readonly root: Uint8Array;
  readonly integratedTimeSeconds: number;
  /** Number of rows, without the batch row and the head row. */
  readonly rowCount: number;
  /** Length of their keys and values. */
  readonly rowBytes: number;
  /** Digest over them, in the order of `keysOfBatch`. */
  readonly rowDigest: Uint8Array;
}

/** Returns the link before the first batch of a log: no two logs share a chain. */
export function genesisLink(treeID: bigint): Uint8Array {
  return sha256(Buffer.from(`stele batch chain ${treeID}`));
}

/** Returns the batch row and its link, the SHA-256 of its content. */
export function sealBatch(key: Buffer, batch: BatchRow): { row: Row; link: Uint8Array } {
  const content = Buffer.concat([
    batch.previousLink,
    encodeNumber(batch.sizeBefore),
    encodeNumber(batch.sizeAfter),
    batch.root,
    encodeNumber(batch.integratedTimeSeconds),
    encodeNumber(batch.rowCount),
    encodeNumber(batch.rowBytes),
    batch.rowDigest,
  ]);
  return { row: sealRow(key, content), link: sha256(content) };
}

/** Returns the stored batch and its link. Throws STORE_CORRUPT. */
export function readBatch(
  key: Uint8Array,
  content: Buffer,
): { readonly batch: BatchRow; readonly link: Uint8Array } {
  const reader = new Reader(key, content);
  const batch: BatchRow = {
    previousLink: reader.bytes(HASH_SIZE),
    sizeBefore: reader.number(),
    sizeAfter: reader.number(),
    root: reader.bytes(HASH_SIZE),
    integratedTimeSeconds: reader.number(),
    rowCount: reader.number(),
    rowBytes: reader.number(),
    rowDigest: reader.bytes(HASH_SIZE),
  };
  if (!reader.done) throw malformedRow(key, 'it is too long');
  return { batch, link: sha256(content) };
}

/** Returns number, length and digest of rows: SHA-256 over each key, value length (4) and value. */
export function summarizeRows(
  rows: readonly { readonly key: Uint8Array; readonly value: Uint8Array }[],
): Pick<BatchRow, 'rowCount' | 'rowBytes' | 'rowDigest'> {
  // One copy and one hash: a call into the hash for each part costs more than the copy.
  let rowBytes = 0;
  for (const { key, value } of rows) rowBytes += key.length + value.length;
  const all = Buffer.allocUnsafe(rowBytes + 4 * rows.length);
  let at = 0;
  for (const { key, value } of rows) {
    all.set(key, at);
    at = all.writeUInt32BE(value.length, at + key.length);
    all.set(value, at);
    at += value.length;
  }
  return { rowCount: rows.length, rowBytes, rowDigest: sha256(all) };
}

/** What the keys of an entry follow from. */
export interface EntryRows {
  readonly hash: Uint8Array;
  readonly searchDigests: readonly Uint8Array[];
  readonly hasAttachment: boolean;
}

/**
 * Returns the keys of a batch beside its leaf rows, in the order in which they are written and digested after
 * them: leaf hash, search and attachment rows by entry, then tile and tile root by tile.
 */
export function keysOfBatch(keys: LogKeys, from: number, entries: readonly EntryRows[]): Buffer[] {
  const found: Buffer[] = [];
  entries.forEach((entry, i) => {
    if (!keys.leavesRepeat) found.push(keys.leafHash(entry.hash));
    for (const digest of entry.searchDigests) found.push(keys.search(digest, from + i));
    if (entry.hasAttachment) found.push(keys.attachment(from + i));
  });
  for (const { level, index } of fullTilesBetween(from, from + entries.length)) {
    found.push(keys.tile(level, index), keys.tileRoot(level, index));
  }
  return found;
}
