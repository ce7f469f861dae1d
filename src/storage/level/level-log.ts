/**
 * One log in LevelDB.
 *
 * Spec: ../log-store.ts. In scope: the commit and the reads of one log. Out of scope: the handle and its outcomes
 * (level-database.ts), other logs. The instance owns the head as it was last committed or loaded, the leaf hashes
 * past the last full tile, what is known of leaf hashes, and the notes it last wrote.
 */

import { equalBytes } from '../../encoding/bytes.js';
import { LogError } from '../../errors.js';
import { HASH_SIZE, leafHash } from '../../merkle/hash.js';
import { TILE_WIDTH } from '../../merkle/tile.js';
import { checkCommitShape, checkRange, EMPTY_HEAD } from '../commit-shape.js';
import { hashCount } from '../full-tiles.js';
import type {
  Commit,
  CommitOutcome,
  FindRange,
  Head,
  LateRows,
  LogStore,
  NoteKind,
  StoredLeaf,
  StoredNote,
} from '../log-store.js';
import { uniteNotes } from '../note-union.js';
import { genesisLink } from './batch-chain.js';
import { type CommitRows, rowsOfCommit } from './commit-rows.js';
import { type LogKeys, logKeys, numberOfKey, type StoreFormat, searchDigest } from './keyspace.js';
import { KnownLeafHashes } from './known-leaf-hashes.js';
import type { LevelDatabase } from './level-database.js';
import {
  type HeadRow,
  NOTE_KIND_BYTE,
  readHead,
  readLeaf,
  readLeafBytes,
  readNote,
  readNumberRow,
  readTimestamp,
  sealHead,
  sealNote,
  sealTimestamps,
} from './row-formats.js';
import { malformedRow, openPresentRow, openRow, type Row } from './rows.js';
import { type TailReach, type TailSource, verifyTail } from './verify-tail.js';

const ROWS_A_READ = 256;

/** Returns the row that a new, empty log starts with: a head that is missing later is damage. */
export function emptyHeadRow(treeID: bigint, format: StoreFormat): Row {
  return sealHead(logKeys(treeID, format).head(), { head: EMPTY_HEAD, link: genesisLink(treeID) });
}

/** What follows from one head; replaced whole. */
interface LogState {
  readonly headRow: HeadRow;
  /** Leaf hashes from the last full tile of level 0 to the head, concatenated. */
  readonly tail: Uint8Array;
}

/** One log of a store; made by level-store.ts. */
export class LevelLog implements LogStore {
  readonly treeID: bigint;
  readonly #database: LevelDatabase;
  readonly #keys: LogKeys;
  #state: LogState;
  readonly #notes = new Map<NoteKind, StoredNote>();
  readonly #known = new KnownLeafHashes();
  #lastCommit: Promise<unknown> = Promise.resolve();
  #lastLate: Promise<unknown> = Promise.resolve();

  constructor(treeID: bigint, database: LevelDatabase) {
    this.treeID = treeID;
    this.#database = database;
    this.#keys = logKeys(treeID, database.format);
    this.#state = {
      headRow: { head: EMPTY_HEAD, link: genesisLink(treeID) },
      tail: new Uint8Array(0),
    };
  }

  /** Reads the head and what hangs on it, and walks the tail. Throws STORE_CORRUPT. */
  async load(reach: TailReach): Promise<void> {
    const headRow = await this.#readHeadRow();
    const { size } = headRow.head;
    const leaves = await this.#readLeaves(size - (size % TILE_WIDTH), size);
    const tail = new Uint8Array(Buffer.concat(leaves.map((leaf) => leaf.hash)));
    const state: LogState = { headRow, tail };
    await verifyTail(this.#tailSource(state), reach);
    // Only now, and at once: after a recovery readers are at work.
    this.#state = state;
    this.#notes.clear();
  }

  /** Walks the tail from the head of this moment. Throws STORE_CORRUPT. */
  checkTail(reach: TailReach): Promise<number> {
    return verifyTail(this.#tailSource(this.#state), reach);
  }

  /**
   * Reads all leaf hashes into memory, beside commits; from then on most new ones are known to be new without asking
   * the database. Ends early, without an error, when `signal` is aborted. Throws STORE_CORRUPT, STORE_UNAVAILABLE.
   */
  async learnLeafHashes(signal: AbortSignal | undefined): Promise<void> {
    // Between two commits: each is told of by its hashes, or below the size of this state.
    const begun = this.#lastCommit.then(() => {
      this.#known.begin(this.#head.size);
      return this.#state;
    });
    this.#lastCommit = begun;
    const state = await begun;
    const read = (from: number, to: number) => this.#readHashes(state, 0, from, to);
    await this.#known.learn(state.headRow.head.size, read, signal);
  }

  async head(): Promise<Head> {
    const known = this.#head;
    const stored = await this.#readHeadRow();
    // It may be newer: a commit that is under way, or one whose outcome is not known.
    if (stored.head.size < known.size) {
      const sizes = `size ${stored.head.size} where ${known.size} was committed`;
      throw new LogError('STORE_CORRUPT', `log ${this.treeID}: the stored head has ${sizes}`);
    }
    return this.#head;
  }

  commit(commit: Commit): Promise<CommitOutcome> {
    const done = this.#lastCommit.then(() => this.#commitAlone(commit));
    this.#lastCommit = done.catch(() => undefined);
    return done;
  }

  late(rows: LateRows): Promise<void> {
    const done = this.#lastLate.then(() => this.#lateAlone(rows));
    this.#lastLate = done.catch(() => undefined);
    return done;
  }

  async leaves(from: number, to: number): Promise<readonly StoredLeaf[]> {
    checkRange(from, to, this.#head.size);
    return this.#readLeaves(from, to);
  }

  async leafBytes(from: number, to: number): Promise<readonly Uint8Array[]> {
    checkRange(from, to, this.#head.size);
    const bytes: Uint8Array[] = [];
    for await (const rows of this.#leafRows(from, to)) {
      for (const [, key, value] of rows) bytes.push(readLeafBytes(key, openPresentRow(key, value)));
    }
    return bytes;
  }

  async hashes(level: number, from: number, to: number): Promise<Uint8Array> {
    return this.#readHashes(this.#state, level, from, to);
  }

  async indexesOf(leafHashes: readonly Uint8Array[]): Promise<readonly (number | undefined)[]> {
    const asked = leafHashes.map((hash) => this.#known.mayHave(hash));
    if (!asked.includes(true)) return asked.map(() => undefined);
    const found = await this.#storedIndexesOf(leafHashes.filter((_, i) => asked[i]));
    let next = 0;
    return asked.map((isAsked) => (isAsked ? found[next++] : undefined));
  }

  async find(key: string, range: FindRange): Promise<readonly number[]> {
    const first = (range.after ?? -1) + 1;
    const below = Math.min(range.below, this.#head.size);
    if (first >= below || range.limit <= 0) return [];
    const digest = searchDigest(key);
    const gte = this.#keys.search(digest, first);
    const lt = this.#keys.search(digest, below);
    const reverse = range.order === 'newest';
    const rows = await this.#database.range({ gte, lt, reverse, limit: range.limit });
    return rows.map(([rowKey, value]) => {
      openRow(rowKey, value);
      return numberOfKey(rowKey);
    });
  }

  async attachment(index: number): Promise<Uint8Array | undefined> {
    if (index >= this.#head.size) return undefined;
    const key = this.#keys.attachment(index);
    const value = await this.#database.get(key);
    return value === undefined ? undefined : new Uint8Array(openRow(key, value));
  }

  async newestNote(kind: NoteKind): Promise<StoredNote | undefined> {
    const known = this.#notes.get(kind);
    if (known !== undefined) return known;
    const key = this.#keys.note(NOTE_KIND_BYTE[kind]);
    const value = await this.#database.get(key);
    if (value === undefined) return undefined;
    const stored = readNote(key, openRow(key, value));
    // What was written while this read was under way is newer.
    if (!this.#notes.has(kind)) this.#notes.set(kind, stored);
    return this.#notes.get(kind);
  }

  async timestamp(index: number): Promise<Uint8Array | undefined> {
    const gte = this.#keys.timestamps(0);
    const lte = this.#keys.timestamps(index);
    const [row] = await this.#database.range({ gte, lte, reverse: true, limit: 1 });
    if (row === undefined) return undefined;
    const [key, value] = row;
    return readTimestamp(key, openRow(key, value), index - numberOfKey(key));
  }

  async #storedIndexesOf(
    leafHashes: readonly Uint8Array[],
  ): Promise<readonly (number | undefined)[]> {
    const { size } = this.#head;
    const keys = leafHashes.map(this.#keys.leafHash);
    const values = await this.#database.getMany(keys);
    return keys.map((key, i) => {
      const value = values[i];
      if (value === undefined) return undefined;
      const index = readNumberRow(key, value);
      // A row above the head belongs to a commit under way, or to one whose outcome is not known.
      return index < size ? index : undefined;
    });
  }

  async #commitAlone(commit: Commit): Promise<CommitOutcome> {
    const { head, link } = this.#state.headRow;
    if (commit.expect.size !== head.size || !equalBytes(commit.expect.root, head.root)) {
      return { outcome: 'conflict', head };
    }
    checkCommitShape(commit, head);
    const looked = this.indexesOf(commit.leaves.map((leaf) => leaf.hash));
    // Handled below in any case; without this an error in between would leave its rejection unheard.
    looked.catch(() => undefined);
    // Sealing takes the processor while the look-up takes the disk.
    const rows = rowsOfCommit(this.#keys, commit, link);
    const indexes = await looked;
    const duplicates = commit.leaves.flatMap(({ hash }, i) => {
      const index = indexes[i];
      return index === undefined ? [] : [{ hash, index }];
    });
    if (duplicates.length > 0) return { outcome: 'duplicates', duplicates };
    for (const { hash } of commit.leaves) this.#known.add(hash);
    // THE COMMIT POINT: what this write returns from is on disk, and the log has it.
    await this.#database.write('commit', rows.rows, { sync: true, bytes: rows.bytes });
    this.#advance(commit, rows);
    return { outcome: 'committed' };
  }

  async #readHeadRow(): Promise<HeadRow> {
    const key = this.#keys.head();
    return readHead(key, openPresentRow(key, await this.#database.get(key)));
  }

  #advance(commit: Commit, rows: CommitRows): void {
    const hashes = Buffer.concat([this.#state.tail, ...commit.leaves.map((leaf) => leaf.hash)]);
    const keep = (commit.head.size % TILE_WIDTH) * HASH_SIZE;
    const tail = new Uint8Array(hashes.subarray(hashes.length - keep));
    this.#state = { headRow: rows.headRow, tail };
  }

  get #head(): Head {
    return this.#state.headRow.head;
  }

  #tailSource(state: LogState): TailSource {
    return {
      treeID: this.treeID,
      database: this.#database,
      keys: this.#keys,
      headRow: state.headRow,
      hashes: (level, from, to) => this.#readHashes(state, level, from, to),
    };
  }

  async #readLeaves(from: number, to: number): Promise<StoredLeaf[]> {
    const leaves: StoredLeaf[] = [];
    for await (const rows of this.#leafRows(from, to)) {
      for (const [index, key, value] of rows) leaves.push(readStoredLeaf(index, key, value));
    }
    return leaves;
  }

  /** Yields index, key and sealed value of the leaf rows of [from, to), as many as are read at once. */
  async *#leafRows(
    from: number,
    to: number,
  ): AsyncGenerator<[number, Buffer, Buffer | undefined][]> {
    for (let at = from; at < to; at += ROWS_A_READ) {
      const keys = numbersBetween(at, Math.min(at + ROWS_A_READ, to)).map(this.#keys.leaf);
      const values = await this.#database.getMany(keys);
      yield keys.map((key, i) => [at + i, key, values[i]]);
    }
  }

  async #readHashes(state: LogState, level: number, from: number, to: number): Promise<Uint8Array> {
    const count = hashCount(level, state.headRow.head.size);
    checkRange(from, to, count);
    const fullEnd = count - (count % TILE_WIDTH);
    const parts: Uint8Array[] = [];
    for (let at = from; at < Math.min(to, fullEnd); ) {
      const end = Math.min(to, at - (at % TILE_WIDTH) + TILE_WIDTH);
      parts.push(await this.#hashesOfFullTile(level, at, end));
      at = end;
    }
    const start = Math.max(from, fullEnd);
    if (start < to && level > 0) parts.push(await this.#rootsOfTiles(level - 1, start, to));
    if (start < to && level === 0) {
      parts.push(state.tail.subarray((start - fullEnd) * HASH_SIZE, (to - fullEnd) * HASH_SIZE));
    }
    // Nearly every read lies within one tile, and is not copied. No Buffer: its `slice` would share the memory.
    const { buffer, byteOffset, length } =
      parts.length === 1 ? (parts[0] as Uint8Array) : Buffer.concat(parts);
    return new Uint8Array(buffer, byteOffset, length);
  }

  async #lateAlone(late: LateRows): Promise<void> {
    const { size } = this.#head;
    const rows: Row[] = [];
    const notes = new Map<NoteKind, StoredNote>();
    for (const { kind, ...offered } of late.notes ?? []) {
      if (offered.size > size) throw new RangeError(`a note of size ${offered.size} above ${size}`);
      const kept = uniteNotes(notes.get(kind) ?? (await this.newestNote(kind)), offered);
      if (kept !== undefined) notes.set(kind, kept);
    }
    for (const [kind, note] of notes) {
      rows.push(sealNote(this.#keys.note(NOTE_KIND_BYTE[kind]), note));
    }
    if (late.timestamps !== undefined) {
      const { from, signatures } = late.timestamps;
      checkRange(from, from + signatures.length, size);
      if (signatures.length > 0) rows.push(sealTimestamps(this.#keys.timestamps(from), signatures));
    }
    if (rows.length === 0) return;
    const bytes = rows.reduce((sum, row) => sum + row.key.length + row.value.length, 0);
    await this.#database.write('late', rows, { sync: late.sync === true, bytes });
    for (const [kind, note] of notes) this.#notes.set(kind, note);
  }

  async #hashesOfFullTile(level: number, from: number, to: number): Promise<Uint8Array> {
    const index = Math.floor(from / TILE_WIDTH);
    const key = this.#keys.tile(level, index);
    const content = openPresentRow(key, await this.#database.get(key));
    if (content.length !== TILE_WIDTH * HASH_SIZE) throw malformedRow(key, 'it is not a full tile');
    const start = index * TILE_WIDTH;
    return content.subarray((from - start) * HASH_SIZE, (to - start) * HASH_SIZE);
  }

  async #rootsOfTiles(level: number, from: number, to: number): Promise<Uint8Array> {
    const keys = numbersBetween(from, to).map((index) => this.#keys.tileRoot(level, index));
    const values = await this.#database.getMany(keys);
    const roots = keys.map((key, i) => {
      const root = openPresentRow(key, values[i]);
      if (root.length !== HASH_SIZE) throw malformedRow(key, 'it is not a hash');
      return root;
    });
    return Buffer.concat(roots);
  }
}

function readStoredLeaf(index: number, key: Buffer, value: Buffer | undefined): StoredLeaf {
  const { hash, bytes, integratedTimeSeconds } = readLeaf(key, openPresentRow(key, value));
  if (!equalBytes(leafHash(bytes), hash)) {
    throw new LogError('STORE_CORRUPT', `leaf ${index} does not have the hash stored with it`);
  }
  return { index, hash, bytes, integratedTimeSeconds };
}

function numbersBetween(from: number, to: number): number[] {
  return Array.from({ length: to - from }, (_, i) => from + i);
}
