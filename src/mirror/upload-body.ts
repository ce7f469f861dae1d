/**
 * The body of add-entries as it comes: a header, then packages of entries, each with the proof that they belong to the log.
 *
 * Spec: https://c2sp.org/tlog-mirror#add-entries. In scope: the bytes, and which package is which part of the log. Out of scope:
 * whether proofs hold. A body may end within any package, and what came before it counts. State: what has come of the package
 * whose turn it is, never more.
 */

import { fromUtf8 } from '../encoding/bytes.js';
import { LogError } from '../errors.js';
import { MAX_BUNDLE_ENTRY_SIZE } from '../merkle/entry-bundle.js';
import { HASH_SIZE } from '../merkle/hash.js';
import { TILE_WIDTH } from '../merkle/tile.js';
import { ByteCursor } from './byte-cursor.js';
import type { RoomHolder, UploadRoom } from './upload-room.js';

/** The start of an upload. */
export interface UploadHeader {
  /** Undefined: not UTF-8, so no log's. */
  readonly origin: string | undefined;
  /** Entries [start, end) are to be uploaded, by this request and others. */
  readonly start: bigint;
  readonly end: bigint;
  readonly ticket: Uint8Array;
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
/** The longest package, in bytes. */
export const MAX_PACKAGE_BYTES: number =
  TILE_WIDTH * (2 + MAX_BUNDLE_ENTRY_SIZE) + 1 + MAX_PROOF_HASHES * HASH_SIZE;
const FIRST_BYTES = 65_536;

/** One body. */
export class UploadBody implements RoomHolder {
  readonly #chunks: AsyncIterator<Uint8Array>;
  readonly #room: UploadRoom;
  #buffer = new Uint8Array(0);
  #length = 0;
  #isOver = false;
  #isCut = false;

  /** Reads the chunks one by one; what is kept of them takes its place in `room`. */
  constructor(chunks: AsyncIterable<Uint8Array>, room: UploadRoom) {
    this.#chunks = chunks[Symbol.asyncIterator]();
    this.#room = room;
  }

  /** True when the body was given up on for want of room: the client is not to blame. */
  get isCut(): boolean {
    return this.#isCut;
  }

  /** Returns the header, which comes first. Throws ENCODING_MALFORMED when the body ends within it. */
  async header(): Promise<UploadHeader> {
    const header = await this.#next(readHeader);
    if (header !== undefined) return header;
    throw new LogError('ENCODING_MALFORMED', 'add-entries: the body ends within its header');
  }

  /**
   * Yields the packages of the entries [start, end) that are there as a whole. The rest of a package that is cut is passed over.
   * Throws PROOF_INVALID for a proof that is too long.
   */
  async *packages(start: number, end: bigint): AsyncGenerator<EntryPackage> {
    for (let from = start; BigInt(from) < end; ) {
      const alignedStart = from - (from % TILE_WIDTH);
      const isLast = end < BigInt(alignedStart + TILE_WIDTH);
      const to = isLast ? Number(end) : alignedStart + TILE_WIDTH;
      const found = await this.#next((cursor) => readPackage(cursor, to - from));
      if (found === undefined) return;
      yield { alignedStart, start: from, ...found };
      from = to;
    }
  }

  /** Gives up what is held; the body ends here. */
  cut(): void {
    this.#isCut = true;
    this.#drop();
  }

  /** Ends the reading. What is left of the body stays where it comes from. */
  async close(): Promise<void> {
    this.#drop();
    this.#room.leave(this);
    await this.#chunks.return?.();
  }

  #drop(): void {
    this.#isOver = true;
    this.#buffer = new Uint8Array(0);
    this.#length = 0;
  }

  /** Returns what `read` finds at the start of what is left, undefined when the body ends before that is whole. */
  async #next<T>(read: (cursor: ByteCursor) => T | undefined): Promise<T | undefined> {
    for (;;) {
      const cursor = new ByteCursor(this.#buffer.subarray(0, this.#length));
      if (read(cursor) !== undefined) {
        // Of its own: the buffer is written to again.
        const taken = this.#buffer.slice(0, cursor.at);
        this.#buffer.copyWithin(0, cursor.at, this.#length);
        this.#length -= cursor.at;
        return read(new ByteCursor(taken));
      }
      if (!(await this.#more())) return undefined;
    }
  }

  async #more(): Promise<boolean> {
    if (this.#isOver) return false;
    const { done, value } = await this.#chunks.next();
    if (done === true) this.#isOver = true;
    // It may have been cut while it waited.
    if (this.#isOver) return false;
    return this.#keep(value as Uint8Array);
  }

  #keep(chunk: Uint8Array): boolean {
    const needed = this.#length + chunk.length;
    if (needed > this.#buffer.length) {
      const doubled = Math.min(2 * this.#buffer.length, MAX_PACKAGE_BYTES);
      const capacity = Math.max(needed, doubled, FIRST_BYTES);
      if (!this.#room.take(this, capacity)) {
        this.cut();
        return false;
      }
      const larger = new Uint8Array(capacity);
      larger.set(this.#buffer.subarray(0, this.#length));
      this.#buffer = larger;
    }
    this.#buffer.set(chunk, this.#length);
    this.#length = needed;
    return true;
  }
}

function readHeader(cursor: ByteCursor): UploadHeader | undefined {
  const origin = cursor.prefixed();
  const start = cursor.u64();
  const end = cursor.u64();
  const ticket = cursor.prefixed();
  if (origin === undefined || start === undefined || end === undefined || ticket === undefined) {
    return undefined;
  }
  return { origin: textOf(origin), start, end, ticket };
}

function readPackage(
  cursor: ByteCursor,
  entryCount: number,
): Pick<EntryPackage, 'entries' | 'proof'> | undefined {
  const entries = repeated(entryCount, () => cursor.prefixed());
  const hashCount = cursor.u8();
  if (entries === undefined || hashCount === undefined) return undefined;
  if (hashCount > MAX_PROOF_HASHES) {
    throw new LogError('PROOF_INVALID', `${hashCount} hashes prove a package of entries`);
  }
  const proof = repeated(hashCount, () => cursor.bytes(HASH_SIZE));
  return proof && { entries, proof };
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

function textOf(bytes: Uint8Array): string | undefined {
  try {
    return fromUtf8(bytes);
  } catch {
    return undefined;
  }
}
