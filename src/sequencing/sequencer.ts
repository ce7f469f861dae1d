/**
 * The single writer of one log: entries in, committed heads out.
 *
 * Spec: ARCHITECTURE.md, "The commit". Group commit without a timer: entries collect in the pool while the
 * previous batch is being written; at rest an entry is committed at once. Order of every batch: commit, guard,
 * release, answers; the answers go out while the next batch is being written.
 *
 * In scope: when and what is committed, who is told, when to stop for good. Out of scope: what a failed commit
 * leads to (store-writer.ts), signatures and proofs (log/ makes them from what `released` brings), Merkle maths
 * (merkle/), bytes on disk (storage/). One `Sequencer` per log owns its head, its tree edge and its pool; nothing
 * else writes commits.
 */

import { setImmediate as nextTurn } from 'node:timers/promises';
import { isLogError, LogError } from '../errors.js';
import { hashName } from '../merkle/hash.js';
import { edgeFromRanges, edgeRanges, type FullTile, type TreeEdge } from '../merkle/integrate.js';
import {
  checkLeaf,
  type Head,
  type LogStore,
  type NewLeaf,
  type Store,
} from '../storage/log-store.js';
import { type Clock, type ClockRule, openClockRule } from './clock.js';
import {
  DEFAULT_POOL_LIMITS,
  Pool,
  type PoolLimits,
  type Sequenced,
  unitsOf,
  type Waiter,
} from './pool.js';
import { assertRoot, type PreparedBatch, prepareBatch } from './prepared-batch.js';
import type { Pause } from './recovery.js';
import { messageOf, shuttingDown, unknownError } from './refusals.js';
import {
  type Duplicates,
  type HeadGuard,
  StoreWriter,
  type Verdict,
  type WriterTrouble,
} from './store-writer.js';

/** A batch that is committed and guarded: what may be signed, proved and shown from now on. */
export interface ReleasedBatch {
  /** Log index of the first leaf. */
  readonly from: number;
  readonly leaves: readonly NewLeaf[];
  readonly head: Head;
  readonly edge: TreeEdge;
  readonly fullTiles: readonly FullTile[];
  /** Time from the call of `commit` until the guard had moved, in milliseconds. */
  readonly durationMs: number;
}

/** What the writer works on, and its limits. */
export interface SequencerOptions {
  readonly store: Store;
  readonly treeID: bigint;
  readonly guard: HeadGuard;
  readonly clock: Clock;
  readonly pause: Pause;
  readonly limits?: Partial<PoolLimits>;
  /**
   * How long the waiters of a batch with unknown outcome are kept waiting for the store, in milliseconds;
   * after that they get a retryable error that says so.
   */
  readonly patienceMs?: number;
  /** Called in the same turn in which the head moves, before anybody gets an answer. Must not throw. */
  readonly released?: (batch: ReleasedBatch) => void;
  /** Called when the writer met trouble, and when it is over. */
  readonly trouble?: (event: WriterTrouble) => void;
}

/** Waiters answered in one turn of the event loop: about 2 ms of signing and proving each. */
const ANSWERS_PER_TURN = 16;
const DEFAULT_PATIENCE_MS = 5_000;

/**
 * Returns the writer of a log, with the stored head read, checked and guarded. Throws STORE_CORRUPT when the
 * stored tree does not have the root of its head, and whatever the guard throws.
 */
export async function openSequencer(options: SequencerOptions): Promise<Sequencer> {
  const log = options.store.log(options.treeID);
  const head = await log.head();
  const ranges = edgeRanges(head.size);
  const hashes = await Promise.all(
    ranges.map(({ level, from, to }) => log.hashes(level, from, to)),
  );
  const edge = edgeFromRanges(head.size, hashes);
  assertRoot(head, edge);
  // A crash between commit and guard leaves the guard behind; it must not stay so while answers go out.
  await options.guard.move(head);
  return new Sequencer(options, log, head, edge);
}

/** The writer of one log; openSequencer makes it. */
export class Sequencer {
  readonly #options: SequencerOptions;
  readonly #writer: StoreWriter;
  readonly #clock: ClockRule;
  readonly #pool: Pool;
  readonly #closing = new AbortController();
  /** Committed and guarded: all that anybody may see. */
  #head: Head;
  #edge: TreeEdge;
  #writing: Promise<void> | undefined;
  #answering: Promise<void> = Promise.resolve();
  /** Why the writer will never write again. */
  #halted: string | undefined;

  /** Use openSequencer. */
  constructor(options: SequencerOptions, log: LogStore, head: Head, edge: TreeEdge) {
    this.#options = options;
    this.#writer = new StoreWriter({
      ...options,
      log,
      signal: this.#closing.signal,
      patienceMs: options.patienceMs ?? DEFAULT_PATIENCE_MS,
      trouble: (event) => options.trouble?.(event),
      stalled: (error) => this.#pool.refuseWaiting(error),
    });
    this.#head = head;
    this.#edge = edge;
    this.#clock = openClockRule(options.clock);
    this.#pool = new Pool({ ...DEFAULT_POOL_LIMITS, ...options.limits });
  }

  /** The newest head that is committed and guarded. */
  get head(): Head {
    return this.#head;
  }

  /** The right edge of the tree at `head`. */
  get edge(): TreeEdge {
    return this.#edge;
  }

  /** Submissions without an answer yet, and their bytes. */
  get held(): { readonly entries: number; readonly bytes: number } {
    return this.#pool.held;
  }

  /** Returns why nothing can be appended now, or undefined. */
  trouble(): string | undefined {
    if (this.#halted !== undefined) return `the writer has halted: ${this.#halted}`;
    if (this.#closing.signal.aborted) return 'the log is shutting down';
    return this.#writer.trouble() ?? this.#clock.trouble(this.#head.integratedTimeSeconds);
  }

  /**
   * Throws SHUTTING_DOWN or OVERLOADED if `count` entries would be refused so now, ENTRY_TOO_LARGE if so many always
   * are: to be asked before they are verified, so that a log with too much to do does not do more.
   */
  assertAdmits(count = 1): void {
    if (this.#closing.signal.aborted) throw shuttingDown();
    this.#pool.assertAdmits(count);
  }

  /**
   * Returns when `leaf` is committed and guarded, or found to be in the log. Throws OVERLOADED, SHUTTING_DOWN,
   * CLOCK_UNTRUSTED, DISK_FULL, STORE_UNAVAILABLE, STORE_CORRUPT (nothing was written) and COMMIT_UNKNOWN; a
   * retry after any of them is safe, because an entry is stored once. RangeError: no store takes such a leaf.
   */
  async add(leaf: NewLeaf): Promise<Sequenced> {
    checkLeaf(leaf);
    this.#assertOpen();
    if (!this.#pool.has(leaf)) this.#assertAppends();
    const answer = this.#pool.add(leaf);
    this.#startWriting();
    return answer;
  }

  /**
   * Returns when all of `leaves` are in the log, those that were not by one commit: when it throws, none of them was
   * added, or (COMMIT_UNKNOWN) all or none. Throws as `add` does, and ENTRY_TOO_LARGE for more than the pool holds.
   */
  async addAll(leaves: readonly NewLeaf[]): Promise<readonly Sequenced[]> {
    leaves.forEach(checkLeaf);
    this.#assertOpen();
    if (leaves.length === 0) return [];
    this.#assertAppends();
    const answers = this.#pool.addGroup(leaves);
    this.#startWriting();
    return answers;
  }

  /** Begins to reopen the store if a write of it failed, whoever made it; returns at once. */
  recover(): void {
    if (this.#options.store.failed && !this.#closing.signal.aborted) this.#startWriting();
  }

  /** Refuses new entries, commits what waits, answers everybody, and returns. */
  async close(): Promise<void> {
    this.#closing.abort();
    await this.#writing;
    await this.#writer.idle();
    await this.#answering;
  }

  #assertOpen(): void {
    if (this.#closing.signal.aborted) throw shuttingDown();
    if (this.#halted !== undefined) throw this.#haltError();
  }

  #assertAppends(): void {
    if (this.#writer.outage !== undefined) throw this.#writer.outage;
    const reason = this.#clock.trouble(this.#head.integratedTimeSeconds);
    if (reason !== undefined) throw new LogError('CLOCK_UNTRUSTED', reason);
  }

  #startWriting(): void {
    // One microtask later: what the same turn brings goes into the same batch, and no timer is needed.
    this.#writing ??= Promise.resolve().then(() => this.#write());
  }

  async #write(): Promise<void> {
    const { store } = this.#options;
    try {
      while (this.#pool.waiting > 0 || (store.failed && this.#halted === undefined)) {
        if (this.#halted !== undefined) {
          this.#pool.refuseWaiting(this.#haltError());
          return;
        }
        const batch = store.failed ? [] : this.#pool.takeBatch();
        try {
          if (batch.length > 0) await this.#writeBatch(batch);
          else await this.#reopen();
        } catch (error) {
          // Every expected failure is handled where it happens; what arrives here is a state nobody thought of.
          this.#halt(batch, unknownError(error), messageOf(error), error);
        }
      }
    } finally {
      this.#writing = undefined;
    }
  }

  /** The store failed outside a commit; whoever waits is refused if it does not reopen at once. */
  async #reopen(): Promise<void> {
    const halt = await this.#writer.reopen(this.#head, () => undefined);
    if (halt !== undefined) this.#halt([], halt.refusal, halt.reason, halt.error);
  }

  async #writeBatch(batch: readonly Waiter[]): Promise<void> {
    let waiters = batch;
    while (waiters.length > 0) {
      if (this.#halted !== undefined) return this.#refuse(waiters, this.#haltError());
      const prepared = this.#prepare(waiters);
      if (prepared === undefined) return;
      const startedMs = this.#options.clock.monotonicMs();
      const giveUp = (error: LogError): void => this.#refuse(batch, error);
      const verdict = await this.#writer.commit(prepared.commit, this.#head, giveUp);
      if (verdict.verdict === 'committed') return this.#release(prepared, waiters, startedMs);
      if (verdict.verdict === 'halt') {
        return this.#halt(waiters, verdict.refusal, verdict.reason, verdict.error);
      }
      if (verdict.verdict === 'refused') return this.#refuseOrHalve(waiters, verdict);
      const left = this.#answerDuplicates(waiters, verdict.duplicates);
      if (left.length === waiters.length)
        throw new Error('the store names duplicates that were not sent');
      waiters = left;
    }
  }

  /**
   * One leaf that the store does not take must not decide about its neighbours: the batch is halved to find it. A
   * group stands or falls as a whole.
   */
  async #refuseOrHalve(
    waiters: readonly Waiter[],
    { error, byContent }: Extract<Verdict, { verdict: 'refused' }>,
  ): Promise<void> {
    const units = [...unitsOf(waiters)];
    if (!byContent || units.length === 1) return this.#refuse(waiters, error);
    const half = Math.ceil(units.length / 2);
    await this.#writeBatch(units.slice(0, half).flat());
    await this.#writeBatch(units.slice(half).flat());
  }

  /** Returns the commit for a batch, or undefined when its waiters were refused. */
  #prepare(waiters: readonly Waiter[]): PreparedBatch | undefined {
    const before = this.#head;
    try {
      const integratedTimeSeconds = this.#clock.integratedTimeSeconds(before.integratedTimeSeconds);
      const leaves = waiters.map((waiter) => waiter.leaf);
      return prepareBatch(before, this.#edge, leaves, integratedTimeSeconds);
    } catch (error) {
      if (isLogError(error, 'CLOCK_UNTRUSTED')) {
        this.#refuse(waiters, error);
      } else {
        this.#halt(waiters, undefined, messageOf(error), error);
      }
      return undefined;
    }
  }

  /** The guard moves, then the head, then the answers go out. */
  async #release(
    prepared: PreparedBatch,
    waiters: readonly Waiter[],
    startedMs: number,
  ): Promise<void> {
    const { edge, commit } = prepared;
    const { head, leaves, fullTiles, expect } = commit;
    const giveUp = (error: LogError): void => this.#refuse(waiters, error);
    const halt = await this.#writer.moveGuard(head, giveUp);
    if (halt !== undefined) return this.#halt(waiters, halt.refusal, halt.reason, halt.error);
    this.#head = head;
    this.#edge = edge;
    const durationMs = this.#options.clock.monotonicMs() - startedMs;
    this.#options.released?.({ from: expect.size, leaves, head, edge, fullTiles, durationMs });
    const earlier = this.#answering;
    this.#answering = earlier.then(() => this.#answer(waiters, expect.size, head));
  }

  async #answer(waiters: readonly Waiter[], from: number, head: Head): Promise<void> {
    const { integratedTimeSeconds } = head;
    for (const [i, waiter] of waiters.entries()) {
      // In slices: the commit that is being written needs the event loop too.
      if (i > 0 && i % ANSWERS_PER_TURN === 0) await nextTurn();
      this.#pool.answer(waiter, { outcome: 'added', index: from + i, integratedTimeSeconds, head });
    }
  }

  /** Answers the waiters whose leaves are in the log, and returns the others. */
  #answerDuplicates(waiters: readonly Waiter[], duplicates: Duplicates): readonly Waiter[] {
    const indexes = new Map(duplicates.map(({ hash, index }) => [hashName(hash), index]));
    return waiters.filter((waiter) => {
      const index = indexes.get(hashName(waiter.leaf.hash));
      if (index === undefined) return true;
      this.#pool.answer(waiter, { outcome: 'duplicate', index, head: this.#head });
      return false;
    });
  }

  #refuse(waiters: readonly Waiter[], error: Error): void {
    for (const waiter of waiters) this.#pool.refuse(waiter, error);
  }

  #halt(
    waiters: readonly Waiter[],
    refusal: LogError | undefined,
    reason: string,
    error?: unknown,
  ): void {
    this.#halted ??= reason;
    this.#options.trouble?.({ event: 'halted', reason, error });
    this.#refuse(waiters, refusal ?? this.#haltError());
    this.#pool.refuseWaiting(this.#haltError());
  }

  #haltError(): LogError {
    return new LogError('STORE_UNAVAILABLE', `the writer has halted: ${this.#halted}`);
  }
}
