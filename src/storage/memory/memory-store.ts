/**
 * A store in memory: for tests, demonstrations, and as the plainest reading of the contract.
 *
 * Spec: ../log-store.ts. In scope: the whole contract, and a fault point through which a test decides that a
 * step fails before or after it took effect, so that crash tables can be written. Out of scope: surviving the
 * process. Each MemoryLog owns its rows; the store owns the outcomes that are not known yet.
 */

import { LogError } from '../../errors.js';
import { perfectSubtreeRoot } from '../../merkle/frontier.js';
import { HASH_SIZE, hashName } from '../../merkle/hash.js';
import { TILE_WIDTH } from '../../merkle/tile.js';
import { checkCommitShape, checkRange, EMPTY_HEAD, notIndexed } from '../commit-shape.js';
import type { FaultPoint, StoreStep } from '../fault-point.js';
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
  Store,
  StoredEntry,
  StoredLeaf,
  StoredNote,
  StoredTile,
} from '../log-store.js';
import { uniteNotes } from '../note-union.js';

/** Returns a new, empty store. `fault` is asked before each step; by default nothing fails. */
export function openMemoryStore(options: { readonly fault?: FaultPoint } = {}): Store {
  return new MemoryStore(options.fault ?? (() => undefined));
}

class MemoryStore implements Store {
  readonly #fault: FaultPoint;
  readonly #logs = new Map<bigint, MemoryLog>();
  #records: readonly LogRecord[] = [];
  #failed = false;
  #closed = false;
  /** What `recover` does: effects of steps that failed after taking effect, and losses of late rows. */
  #onRecover: (() => void)[] = [];

  constructor(fault: FaultPoint) {
    this.#fault = fault;
  }

  get failed(): boolean {
    return this.#failed;
  }

  async logs(): Promise<readonly LogRecord[]> {
    return this.#records;
  }

  async createLog(record: LogRecord): Promise<void> {
    if (this.#records.some((known) => known.treeID === record.treeID)) {
      throw new LogError('STORE_IDENTITY', `tree ID ${record.treeID} is taken`);
    }
    await this.write('createLog', () => ({
      apply: () => {
        this.#records = [...this.#records, record];
      },
    }));
  }

  log(treeID: bigint): LogStore {
    const known = this.#logs.get(treeID);
    if (known !== undefined) return known;
    const record = this.#records.find((each) => each.treeID === treeID);
    if (record === undefined) {
      throw new LogError('TREE_UNKNOWN', `no log with tree ID ${treeID} in this store`);
    }
    const log = new MemoryLog(record, this);
    this.#logs.set(treeID, log);
    return log;
  }

  async recover(): Promise<void> {
    if (this.#closed) throw new LogError('STORE_UNAVAILABLE', 'the store is closed');
    const fault = await this.#fault('recover');
    if (fault === 'disk-full') throw new LogError('DISK_FULL', 'not enough space to reopen');
    if (fault !== undefined) throw new LogError('STORE_UNAVAILABLE', 'the store did not reopen');
    for (const effect of this.#onRecover) effect();
    this.#onRecover = [];
    this.#failed = false;
  }

  async checkWritable(): Promise<void> {
    this.#refuseWhenFailed();
    if ((await this.#fault('check')) !== undefined) {
      throw new LogError('DISK_FULL', 'the disk reserve is used up');
    }
  }

  async close(): Promise<void> {
    this.#closed = true;
  }

  /**
   * Runs one write. `prepare` runs when the step is no longer held, and returns what makes it real, or
   * undefined when there is nothing to write.
   */
  async write(
    step: StoreStep,
    prepare: () => { apply: () => void; undo?: () => void } | undefined,
  ): Promise<void> {
    this.#refuseWhenFailed();
    const fault = await this.#fault(step);
    this.#refuseWhenFailed();
    if (fault === 'disk-full') throw new LogError('DISK_FULL', 'the disk reserve is used up');
    const change = prepare();
    if (change === undefined) return;
    if (fault === 'before' || fault === 'after') {
      this.#failed = true;
      if (fault === 'after') this.#onRecover.push(change.apply);
      throw new LogError('COMMIT_UNKNOWN', `the ${step} failed; its outcome is not known`);
    }
    change.apply();
    if (fault === 'lost' && change.undo !== undefined) this.#onRecover.push(change.undo);
  }

  #refuseWhenFailed(): void {
    if (this.#closed) throw new LogError('STORE_UNAVAILABLE', 'the store is closed');
    if (this.#failed) throw new LogError('STORE_UNAVAILABLE', 'the store waits for recovery');
  }
}

class MemoryLog implements LogStore {
  readonly treeID: bigint;
  readonly #leavesRepeat: boolean;
  readonly #store: MemoryStore;
  #head: Head = EMPTY_HEAD;
  readonly #leaves: StoredLeaf[] = [];
  readonly #attachments = new Map<number, Uint8Array>();
  /** #levels[L] holds the roots of the full tiles of level L-1; level 0 is in the leaves. */
  readonly #levels: Uint8Array[][] = [];
  readonly #indexes = new Map<string, number>();
  readonly #search = new Map<string, number[]>();
  readonly #notes = new Map<NoteKind, StoredNote>();
  readonly #timestamps = new Map<number, Uint8Array>();

  constructor({ treeID, leavesRepeat = false }: LogRecord, store: MemoryStore) {
    this.treeID = treeID;
    this.#leavesRepeat = leavesRepeat;
    this.#store = store;
  }

  async head(): Promise<Head> {
    return this.#head;
  }

  async commit(commit: Commit): Promise<CommitOutcome> {
    let outcome: CommitOutcome = { outcome: 'committed' };
    await this.#store.write('commit', () => {
      outcome = this.#judge(commit);
      return outcome.outcome === 'committed' ? { apply: () => this.#apply(commit) } : undefined;
    });
    return outcome;
  }

  async late(rows: LateRows): Promise<void> {
    await this.#store.write('late', () => {
      this.#checkLate(rows);
      const notes = new Map(this.#notes);
      const timestamps = [...this.#timestamps.keys()];
      return {
        apply: () => this.#applyLate(rows),
        undo: () => {
          this.#notes.clear();
          for (const [kind, note] of notes) this.#notes.set(kind, note);
          const kept = new Set(timestamps);
          for (const index of [...this.#timestamps.keys()]) {
            if (!kept.has(index)) this.#timestamps.delete(index);
          }
        },
      };
    });
  }

  async leafBytes(from: number, to: number): Promise<readonly Uint8Array[]> {
    return (await this.leaves(from, to)).map(({ bytes }) => bytes);
  }

  async leaves(from: number, to: number): Promise<readonly StoredLeaf[]> {
    checkRange(from, to, this.#head.size);
    return this.#leaves.slice(from, to);
  }

  async hashes(level: number, from: number, to: number): Promise<Uint8Array> {
    return this.#hashes(level, from, to);
  }

  async fullTile(level: number, index: number): Promise<StoredTile> {
    const start = index * TILE_WIDTH;
    return { hashes: this.#hashes(level, start, start + TILE_WIDTH) };
  }

  #hashes(level: number, from: number, to: number): Uint8Array {
    checkRange(from, to, hashCount(level, this.#head.size));
    const row =
      level === 0
        ? this.#leaves.slice(from, to).map((leaf) => leaf.hash)
        : (this.#levels[level] ?? []).slice(from, to);
    return new Uint8Array(Buffer.concat(row, (to - from) * HASH_SIZE));
  }

  async indexesOf(leafHashes: readonly Uint8Array[]): Promise<readonly (number | undefined)[]> {
    if (this.#leavesRepeat) throw notIndexed();
    return leafHashes.map((hash) => this.#indexes.get(hashName(hash)));
  }

  async find(key: string, range: FindRange): Promise<readonly number[]> {
    const after = range.after ?? -1;
    const found = (this.#search.get(key) ?? []).filter(
      (index) => index > after && index < range.below,
    );
    if (range.order === 'newest') found.reverse();
    return found.slice(0, range.limit);
  }

  async entry(index: number): Promise<StoredEntry> {
    checkRange(index, index + 1, this.#head.size);
    const leaf = this.#leaves[index] as StoredLeaf;
    return { ...leaf, attachment: this.#attachments.get(index) };
  }

  async newestNote(kind: NoteKind): Promise<StoredNote | undefined> {
    return this.#notes.get(kind);
  }

  async timestamp(index: number): Promise<Uint8Array | undefined> {
    return this.#timestamps.get(index);
  }

  #judge(commit: Commit): CommitOutcome {
    const { expect } = commit;
    const head = this.#head;
    if (expect.size !== head.size || Buffer.compare(expect.root, head.root) !== 0) {
      return { outcome: 'conflict', head };
    }
    checkCommitShape(commit, head, this.#leavesRepeat);
    if (this.#leavesRepeat) return { outcome: 'committed' };
    const duplicates = commit.leaves.flatMap(({ hash }) => {
      const index = this.#indexes.get(hashName(hash));
      return index === undefined ? [] : [{ hash, index }];
    });
    return duplicates.length > 0 ? { outcome: 'duplicates', duplicates } : { outcome: 'committed' };
  }

  #apply(commit: Commit): void {
    for (const leaf of commit.leaves) {
      const index = this.#leaves.length;
      const { hash, bytes } = leaf;
      const integratedTimeSeconds = commit.head.integratedTimeSeconds;
      this.#leaves.push({ index, hash, bytes, integratedTimeSeconds });
      this.#indexes.set(hashName(hash), index);
      if (leaf.attachment !== undefined) this.#attachments.set(index, leaf.attachment);
      for (const key of leaf.indexKeys) {
        const found = this.#search.get(key);
        if (found === undefined) this.#search.set(key, [index]);
        else found.push(index);
      }
    }
    for (const tile of commit.fullTiles) {
      const parents = this.#levels[tile.level + 1] ?? [];
      parents[tile.index] = perfectSubtreeRoot(tile.hashes);
      this.#levels[tile.level + 1] = parents;
    }
    this.#head = commit.head;
  }

  #checkLate({ notes, timestamps }: LateRows): void {
    const { size } = this.#head;
    for (const { kind, ...offered } of notes ?? []) {
      if (offered.size > size) throw new RangeError(`a note of size ${offered.size} above ${size}`);
      uniteNotes(this.#notes.get(kind), offered);
    }
    if (timestamps !== undefined) {
      checkRange(timestamps.from, timestamps.from + timestamps.signatures.length, size);
    }
  }

  #applyLate(rows: LateRows): void {
    for (const { kind, ...offered } of rows.notes ?? []) {
      const kept = uniteNotes(this.#notes.get(kind), offered);
      if (kept !== undefined) this.#notes.set(kind, kept);
    }
    rows.timestamps?.signatures.forEach((signature, i) => {
      this.#timestamps.set((rows.timestamps?.from ?? 0) + i, signature);
    });
  }
}
