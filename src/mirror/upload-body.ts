/**
 * The body of add-entries: a header, then packages of entries, each with the proof that they belong to the log.
 *
 * Spec: https://c2sp.org/tlog-mirror#add-entries. In scope: the bytes, and which package is which part of the log. Out of scope:
 * whether proofs hold. Pure. Packages are read one by one: a body may end within any, and what came before it counts.
 */

import { LogError } from '../errors.js';
import { MAX_BUNDLE_ENTRY_SIZE } from '../merkle/entry-bundle.js';
import { HASH_SIZE } from '../merkle/hash.js';
import { TILE_WIDTH } from '../merkle/tile.js';

/** The start of an upload. */
export interface UploadHeader {
  /** Undefined: not UTF-8, so no log's. */
  readonly origin: string | undefined;
  /** Entries [start, end) are to be uploaded, by this request and others. */
  readonly start: bigint;
  readonly end: bigint;
  readonly ticket: Uint8Array;
  /** Where the packages begin. */
  readonly packagesAt: number;
}

/** Entries [start, start + entries.length) and why they belong there. */
export interface EntryPackage {
  /** `start` rounded down to a bundle: the proof is of the subtree from here to the package's end. */
  readonly alignedStart: number;
  readonly start: number;
  readonly entries: readonly Uint8Array[];
  readonly proof: readonly Uint8Array[];
}

/** Most hashes of a package's proof. */
const MAX_PROOF_HASHES = 63;
/** The longest package, in bytes: who reads less of a body might never get on. */
export const MAX_PACKAGE_BYTES =
  TILE_WIDTH * (2 + MAX_BUNDLE_ENTRY_SIZE) + 1 + MAX_PROOF_HASHES * HASH_SIZE;

/** Returns the header. Throws ENCODING_MALFORMED when the body ends within it. */
export function readUploadHeader(body: Uint8Array): UploadHeader {
  const cursor = new Cursor(body, 0);
  const origin = cursor.prefixed();
  const start = cursor.u64();
  const end = cursor.u64();
  const ticket = cursor.prefixed();
  if (origin === undefined || start === undefined || end === undefined || ticket === undefined) {
    throw new LogError('ENCODING_MALFORMED', 'add-entries: the body ends within its header');
  }
  return { origin: textOf(origin), start, end, ticket, packagesAt: cursor.at };
}

/**
 * Yields the packages of the entries [start, end) that are there as a whole; `end` - `start` need not be. The rest of a
 * package that is cut is passed over. Throws PROOF_INVALID for a proof that is too long.
 */
export function* readPackages(
  body: Uint8Array,
  packagesAt: number,
  start: number,
  end: number,
): Generator<EntryPackage> {
  const cursor = new Cursor(body, packagesAt);
  for (let from = start; from < end; ) {
    const alignedStart = from - (from % TILE_WIDTH);
    const to = Math.min(end, alignedStart + TILE_WIDTH);
    const entries = repeated(to - from, () => cursor.prefixed());
    const count = cursor.u8();
    if (entries === undefined || count === undefined) return;
    if (count > MAX_PROOF_HASHES) {
      throw new LogError('PROOF_INVALID', `${count} hashes prove the entries from ${from} on`);
    }
    const proof = repeated(count, () => cursor.bytes(HASH_SIZE));
    if (proof === undefined) return;
    yield { alignedStart, start: from, entries, proof };
    from = to;
  }
}

/** Returns so many results of `read`, undefined when one of them is. */
function repeated<T>(count: number, read: () => T | undefined): T[] | undefined {
  const found: T[] = [];
  for (let i = 0; i < count; i++) {
    const next = read();
    if (next === undefined) return undefined;
    found.push(next);
  }
  return found;
}

/** Reads on from a place; undefined where the body ends before, and from then on. */
class Cursor {
  at: number;
  readonly #body: Uint8Array;

  constructor(body: Uint8Array, at: number) {
    this.#body = body;
    this.at = at;
  }

  bytes(length: number): Uint8Array | undefined {
    const from = this.at;
    if (from + length > this.#body.length) {
      this.at = Number.POSITIVE_INFINITY;
      return undefined;
    }
    this.at += length;
    return this.#body.subarray(from, this.at);
  }

  u8(): number | undefined {
    return this.bytes(1)?.[0];
  }

  u64(): bigint | undefined {
    const bytes = this.bytes(8);
    return bytes && new DataView(bytes.buffer, bytes.byteOffset, 8).getBigUint64(0);
  }

  /** Bytes behind their length, 16 bits. */
  prefixed(): Uint8Array | undefined {
    const length = this.bytes(2);
    return length && this.bytes((length[0] as number) * 256 + (length[1] as number));
  }
}

function textOf(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
}
