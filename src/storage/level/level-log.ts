/**
 * One log in LevelDB.
 *
 * Spec: ../log-store.ts. In scope: the commit and the reads of one log. Out of scope: the handle and its outcomes
 * (level-database.ts), other logs. The instance owns the head as it was last committed or loaded, the leaf hashes
 * past the last full tile, what is known of leaf hashes, and the notes it last wrote.
 */

import { equalBytes } from '../../encoding/bytes.js';
import { LogError } from '../../errors.js';
import { HASH_SIZE } from '../../merkle/hash.js';
import { TILE_WIDTH } from '../../merkle/tile.js';
import { checkCommitShape, checkRange, EMPTY_HEAD, notIndexed } from '../commit-shape.js';
import { hashCount } from '../full-tiles.js';
import type {
  Commit,
  CommitOutcome,
  FindRange,
  Head,
  LateRows,
  LogRecord,
  LogStore,
  NoteKind,
  StoredEntry,
  StoredLeaf,
  StoredNote,
  StoredTile,
} from '../log-store.js';
import { uniteNotes } from '../note-union.js';
import { genesisLink } from './batch-chain.js';
import { type CommitRows, rowsOfCommit } from './commit-rows.js';
import { type LogKeys, logKeys, numberOfKey, type StoreFormat, searchDigest } from './keyspace.js';
import { KnownLeafHashes } from './known-leaf-hashes.js';
import { LeafReader } from './leaf-reader.js';
import type { LevelDatabase } from './level-database.js';
import {
  type HeadRow,
  NOTE_KIND_BYTE,
  readHead,
  readNote,
  readNumberRow,
  readTimestamp,
  sealHead,
  sealNote,
} from './row-formats.js';
import { openPresentRow, openRow, type Row } from './rows.js';
import { TileReader, type TreeEnd } from './tile-reader.js';
import { likelyTimestampRows, timestampRows } from './timestamp-rows.js';
import { type TailReach, type TailSource, verifyTail } from './verify-tail.js';

/** Returns the row that a new, empty log starts with: a head that is missing later is damage. */
export function emptyHeadRow(treeID: bigint, format: StoreFormat): Row {
  return sealHead(logKeys(treeID, format).head(), { head: EMPTY_HEAD, link: genesisLink(treeID) });
}

/** What is known of leaf hashes that nobody asks about. */
const NO_INDEXES: Promise<readonly (number | undefined)[]> = Promise.resolve([]);

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
  readonly #leaves: LeafReader;
  readonly #tiles: TileReader;
  #state: LogState;
  readonly #notes = new Map<NoteKind, StoredNote>();
  readonly #known = new KnownLeafHashes();
  #lastCommit: Promise<unknown> = Promise.resolve();
  #lastLate: Promise<unknown> = Promise.resolve();

  constructor({ treeID, leavesRepeat }: LogRecord, database: LevelDatabase) {
    this.treeID = treeID;
    this.#database = database;
    this.#keys = logKeys(treeID, database.format, leavesRepeat);
    this.#leaves = new LeafReader(database, this.#keys);
    this.#tiles = new TileReader(database, this.#keys);
    this.#state = {
      headRow: { head: EMPTY_HEAD, link: genesisLink(treeID) },
      tail: new Uint8Array(0),
    };
  }

  /** Reads the head and what hangs on it, and walks the tail. Throws STORE_CORRUPT. */
  async load(reach: TailReach): Promise<void> {
    const headRow = await this.#readHeadRow();
    const { size } = headRow.head;
    const leaves = await this.#leaves.leaves(size - (size % TILE_WIDTH), size);
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
   * the database. Does nothing once they are known; ends early, without an error, when `signal` is aborted. Throws
   * STORE_CORRUPT, STORE_UNAVAILABLE.
   */
  async learnLeafHashes(signal: AbortSignal | undefined): Promise<void> {
    if (this.#known.isComplete || this.#keys.leavesRepeat) return;
    // Between two commits: each is told of by its hashes, or below the size of this state.
    const begun = this.#lastCommit.then(() => {
      this.#known.begin(this.#head.size);
      return this.#state;
    });
    this.#lastCommit = begun.catch(() => undefined);
    const state = await begun;
    const read = (from: number, to: number) => this.#tiles.hashes(endOf(state), 0, from, to);
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
    return this.#leaves.leaves(from, to);
  }

  async leafBytes(from: number, to: number): Promise<readonly Uint8Array[]> {
    checkRange(from, to, this.#head.size);
    return this.#leaves.leafBytes(from, to);
  }

  async hashes(level: number, from: number, to: number): Promise<Uint8Array> {
    return this.#tiles.hashes(endOf(this.#state), level, from, to);
  }

  async fullTile(level: number, index: number): Promise<StoredTile> {
    const start = index * TILE_WIDTH;
    checkRange(start, start + TILE_WIDTH, hashCount(level, this.#head.size));
    return this.#tiles.fullTile(level, index);
  }

  async indexesOf(leafHashes: readonly Uint8Array[]): Promise<readonly (number | undefined)[]> {
    if (this.#keys.leavesRepeat) throw notIndexed();
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

  async entry(index: number): Promise<StoredEntry> {
    checkRange(index, index + 1, this.#head.size);
    return this.#leaves.entry(index);
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
    // One after the other: the first one nearly always has it.
    for (const first of likelyTimestampRows(index)) {
      const key = this.#keys.timestamps(first);
      const value = await this.#database.get(key);
      const content = value === undefined ? undefined : openRow(key, value);
      const found = content && readTimestamp(key, content, index - first);
      if (found !== undefined) return found;
    }
    return this.#timestampBelow(index);
  }

  /** Returns the timestamp of leaf `index` if the nearest row holds it. */
  async #timestampBelow(index: number): Promise<Uint8Array | undefined> {
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
    const { leavesRepeat } = this.#keys;
    checkCommitShape(commit, head, leavesRepeat);
    const looked = leavesRepeat
      ? NO_INDEXES
      : this.indexesOf(commit.leaves.map(({ hash }) => hash));
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
      hashes: (level, from, to) => this.#tiles.hashes(endOf(state), level, from, to),
    };
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
      rows.push(...timestampRows(this.#keys, from, signatures));
    }
    if (rows.length === 0) return;
    const bytes = rows.reduce((sum, row) => sum + row.key.length + row.value.length, 0);
    await this.#database.write('late', rows, { sync: late.sync === true, bytes });
    for (const [kind, note] of notes) this.#notes.set(kind, note);
  }
}

function endOf({ headRow, tail }: LogState): TreeEnd {
  return { size: headRow.head.size, tail };
}
