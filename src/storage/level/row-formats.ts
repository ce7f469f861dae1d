/**
 * What the rows hold, byte for byte: head, batch, leaf, log index, notes, timestamps.
 *
 * Numbers are big-endian and have 6 bytes unless it says otherwise. Readers are strict: wrong length is
 * STORE_CORRUPT. In scope: contents between key and seal. Out of scope: keys, seals, who writes when. Pure.
 */

import { HASH_SIZE } from '../../merkle/hash.js';
import { TILE_WIDTH } from '../../merkle/tile.js';
import {
  type Head,
  type NoteKind,
  SIXTEENTHS,
  type StoredNote,
  type StoredTile,
} from '../log-store.js';
import { SEARCH_DIGEST_SIZE } from './keyspace.js';
import { malformedRow, openRow, type Row, sealRow } from './rows.js';

const NUMBER_SIZE = 6;

/** Returns `value` as 6 bytes. */
export function encodeNumber(value: number): Buffer {
  const bytes = Buffer.allocUnsafe(NUMBER_SIZE);
  bytes.writeUIntBE(value, 0, NUMBER_SIZE);
  return bytes;
}

/** Returns the number in a row that holds nothing else. Throws STORE_CORRUPT. */
export function readNumberRow(key: Uint8Array, value: Uint8Array): number {
  const content = openRow(key, value);
  if (content.length !== NUMBER_SIZE) throw malformedRow(key, `${content.length} bytes`);
  return content.readUIntBE(0, NUMBER_SIZE);
}

/** A head and the chain link of its newest batch. */
export interface HeadRow {
  readonly head: Head;
  readonly link: Uint8Array;
}

/** Returns the head row: size, time, batch number, root, link, frontier. */
export function sealHead(key: Buffer, { head, link }: HeadRow): Row {
  return sealRow(
    key,
    encodeNumber(head.size),
    encodeNumber(head.integratedTimeSeconds),
    encodeNumber(head.batch),
    head.root,
    link,
    ...head.frontier,
  );
}

/** Returns the stored head. Throws STORE_CORRUPT. */
export function readHead(key: Uint8Array, content: Buffer): HeadRow {
  const reader = new Reader(key, content);
  const size = reader.number();
  const integratedTimeSeconds = reader.number();
  const batch = reader.number();
  const root = reader.bytes(HASH_SIZE);
  const link = reader.bytes(HASH_SIZE);
  const frontier: Uint8Array[] = [];
  while (!reader.done) frontier.push(reader.bytes(HASH_SIZE));
  return { head: { size, root, frontier, integratedTimeSeconds, batch }, link };
}

/** A leaf as a reader wants it. */
export interface LeafRow {
  readonly integratedTimeSeconds: number;
  readonly hash: Uint8Array;
  readonly hasAttachment: boolean;
  readonly bytes: Uint8Array;
}

/** A leaf with what is needed to name the other rows of its entry. */
export interface IndexedLeafRow extends LeafRow {
  /** Digests of its search keys, in the order given. */
  readonly searchDigests: readonly Uint8Array[];
}

/** Returns the leaf row: time, hash, flags (1), number of search keys (4), their digests, leaf bytes. */
export function sealLeaf(key: Buffer, leaf: IndexedLeafRow): Row {
  const counts = Buffer.allocUnsafe(5);
  counts[0] = leaf.hasAttachment ? 1 : 0;
  counts.writeUInt32BE(leaf.searchDigests.length, 1);
  const time = encodeNumber(leaf.integratedTimeSeconds);
  return sealRow(key, time, leaf.hash, counts, ...leaf.searchDigests, leaf.bytes);
}

/**
 * Returns the stored leaf, which shares the memory of `content`; its digests, which may be thousands, are passed over.
 * Throws STORE_CORRUPT.
 */
export function readLeaf(key: Uint8Array, content: Buffer): LeafRow {
  return readLeafParts(key, content, (reader, count) => {
    reader.skip(count * SEARCH_DIGEST_SIZE);
    return {};
  });
}

/** Returns the bytes of the stored leaf, which share the memory of `content`. Throws STORE_CORRUPT. */
export function readLeafBytes(key: Uint8Array, content: Buffer): Uint8Array {
  const at = LEAF_DIGESTS_AT;
  if (content.length < at) throw malformedRow(key, `${content.length} bytes`);
  const start = at + content.readUInt32BE(at - 4) * SEARCH_DIGEST_SIZE;
  if (start > content.length) throw malformedRow(key, 'it ends among its digests');
  return content.subarray(start);
}

/** Behind time, hash, flags and number of digests. */
const LEAF_DIGESTS_AT = NUMBER_SIZE + HASH_SIZE + 1 + 4;

/** Returns the stored leaf with the digests of its search keys; they share the memory of `content`. Throws STORE_CORRUPT. */
export function readIndexedLeaf(key: Uint8Array, content: Buffer): IndexedLeafRow {
  return readLeafParts(key, content, (reader, count) => {
    const searchDigests: Uint8Array[] = [];
    for (let left = count; left > 0; left -= 1) searchDigests.push(reader.view(SEARCH_DIGEST_SIZE));
    return { searchDigests };
  });
}

function readLeafParts<T>(
  key: Uint8Array,
  content: Buffer,
  readDigests: (reader: Reader, count: number) => T,
): LeafRow & T {
  const reader = new Reader(key, content);
  const integratedTimeSeconds = reader.number();
  const hash = reader.view(HASH_SIZE);
  const flags = reader.number(1);
  if (flags > 1) throw malformedRow(key, `flags ${flags}`);
  const digests = readDigests(reader, reader.number(4));
  const bytes = reader.view(reader.left);
  return { integratedTimeSeconds, hash, ...digests, hasAttachment: flags === 1, bytes };
}

/** Returns the row of a full tile: its hashes, then the roots of its sixteenths, which format 1 does not have. */
export function sealTile(key: Buffer, { hashes, sixteenths }: StoredTile): Row {
  return sixteenths === undefined ? sealRow(key, hashes) : sealRow(key, hashes, sixteenths);
}

/** Returns the stored tile, which shares the memory of `content`; rows of format 1 end with the hashes. Throws STORE_CORRUPT. */
export function readTile(key: Uint8Array, content: Buffer): StoredTile {
  const reader = new Reader(key, content);
  const hashes = reader.view(TILE_BYTES);
  if (reader.done) return { hashes };
  const sixteenths = reader.view(SIXTEENTHS * HASH_SIZE);
  if (reader.done) return { hashes, sixteenths };
  throw malformedRow(key, 'it is longer than a full tile');
}

const TILE_BYTES = TILE_WIDTH * HASH_SIZE;

/** The byte that stands for a kind of note in its key. */
export const NOTE_KIND_BYTE: Readonly<Record<NoteKind, number>> = {
  v1: 1,
  tiles: 2,
  published: 3,
};

/** Returns the note row: size, note. */
export function sealNote(key: Buffer, note: StoredNote): Row {
  return sealRow(key, encodeNumber(note.size), note.bytes);
}

/** Returns the stored note. Throws STORE_CORRUPT. */
export function readNote(key: Uint8Array, content: Buffer): StoredNote {
  const reader = new Reader(key, content);
  return { size: reader.number(), bytes: reader.rest() };
}

/** Returns the row of consecutive timestamps: each with its length (2) before it. */
export function sealTimestamps(key: Buffer, signatures: readonly Uint8Array[]): Row {
  const parts: Uint8Array[] = [];
  for (const signature of signatures) {
    const length = Buffer.allocUnsafe(2);
    length.writeUInt16BE(signature.length);
    parts.push(length, signature);
  }
  return sealRow(key, ...parts);
}

/** Returns the `position`-th timestamp of a row, undefined when the row is shorter. Throws STORE_CORRUPT. */
export function readTimestamp(
  key: Uint8Array,
  content: Buffer,
  position: number,
): Uint8Array | undefined {
  const reader = new Reader(key, content);
  for (let at = 0; !reader.done; at += 1) {
    const length = reader.number(2);
    if (at === position) return reader.bytes(length);
    reader.skip(length);
  }
  return undefined;
}

/** Reads a content from front to back; every read past its end is STORE_CORRUPT. Results are copies, but of `view`. */
export class Reader {
  readonly #key: Uint8Array;
  readonly #content: Buffer;
  #at = 0;

  constructor(key: Uint8Array, content: Buffer) {
    this.#key = key;
    this.#content = content;
  }

  get done(): boolean {
    return this.#at === this.#content.length;
  }

  number(length = NUMBER_SIZE): number {
    const at = this.#take(length);
    return this.#content.readUIntBE(at, length);
  }

  bytes(length: number): Uint8Array {
    const at = this.#take(length);
    return new Uint8Array(this.#content.subarray(at, at + length));
  }

  view(length: number): Uint8Array {
    const at = this.#take(length);
    const { buffer, byteOffset } = this.#content;
    return new Uint8Array(buffer, byteOffset + at, length);
  }

  /** Bytes that were not read yet. */
  get left(): number {
    return this.#content.length - this.#at;
  }

  skip(length: number): void {
    this.#take(length);
  }

  rest(): Uint8Array {
    return this.bytes(this.left);
  }

  #take(length: number): number {
    const at = this.#at;
    if (at + length > this.#content.length) throw malformedRow(this.#key, 'it ends too early');
    this.#at = at + length;
    return at;
  }
}
