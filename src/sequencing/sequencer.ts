/**
 * The single writer of one log: entries in, committed heads out.
 *
 * Spec: ARCHITECTURE.md, "The commit". Group commit without a timer: entries collect in the pool while the
 * previous batch is being written; at rest an entry is committed at once. Order of every batch: commit, guard,
 * release, answers; the answers go out while the next batch is being written.
 *
 * In scope: when and what is committed, who is told, when to stop for good. Out of scope: signatures and proofs
 * (log/ makes them from what `released` brings), Merkle maths (merkle/), bytes on disk (storage/). One
 * `Sequencer` per log owns its head, its tree edge and its pool; nothing else writes commits.
 */

import { setImmediate as nextTurn } from 'node:timers/promises';
import { isLogError, LogError } from '../errors.js';
import { edgeFromRanges, edgeRanges, type FullTile, type TreeEdge } from '../merkle/integrate.js';
import type { Commit, Head, LogStore, NewLeaf, Store } from '../storage/log-store.js';
import { type Clock, type ClockRule, openClockRule } from './clock.js';
import { DEFAULT_POOL_LIMITS, Pool, type PoolLimits, type Sequenced, type Waiter } from './pool.js';
import { assertRoot, type PreparedBatch, prepareBatch } from './prepared-batch.js';
import { judgeStoredHead, type Pause, readHeadAgain, sameHead } from './recovery.js';
import { messageOf, outageError, shuttingDown, unknownError } from './refusals.js';

/**
 * A small file outside the store that remembers the newest head: a store that is behind it was rolled back.
 * `move` returns when `head` is durable there. It is called after each commit and before anything of that
 * commit is released, so the guard is never ahead of the store.
 */
export interface HeadGuard {
  move(head: Head): Promise<void>;
}

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
  /** Called when a commit failed with an unknown outcome, when it was settled, and when the writer halts. */
  readonly trouble?: (event: WriterTrouble) => void;
}

export interface WriterTrouble {
  readonly event: 'commit-unknown' | 'reopen-failed' | 'settled' | 'halted';
  readonly reason: string;
  readonly error?: unknown;
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

export class Sequencer {
  readonly #options: SequencerOptions;
  readonly #log: LogStore;
  readonly #clock: ClockRule;
  readonly #pool: Pool;
  readonly #closing = new AbortController();
  /** Committed and guarded: all that anybody may see. */
  #head: Head;
  #edge: TreeEdge;
  #writing: Promise<void> | undefined;
  #answering: Promise<void> = Promise.resolve();
  /** Why submissions are refused while the store does not answer. */
  #outage: LogError | undefined;
  /** Why the writer will never write again. */
  #halted: string | undefined;

  /** Use openSequencer. */
  constructor(options: SequencerOptions, log: LogStore, head: Head, edge: TreeEdge) {
    this.#options = options;
    this.#log = log;
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
    return this.#outage?.message ?? this.#clock.trouble(this.#head.integratedTimeSeconds);
  }

  /**
   * Throws SHUTTING_DOWN or OVERLOADED if `add` would do so now: to be asked before a submission is verified, so
   * that a log with too much to do does not do more.
   */
  assertAdmits(): void {
    if (this.#closing.signal.aborted) throw shuttingDown();
    this.#pool.assertAdmits();
  }

  /**
   * Returns when `leaf` is committed and guarded, or found to be in the log. Throws OVERLOADED, SHUTTING_DOWN,
   * CLOCK_UNTRUSTED, DISK_FULL, STORE_UNAVAILABLE (nothing was written) and COMMIT_UNKNOWN; a retry after any
   * of them is safe, because an entry is stored once.
   */
  async add(leaf: NewLeaf): Promise<Sequenced> {
    if (this.#closing.signal.aborted) throw shuttingDown();
    if (this.#halted !== undefined) throw this.#haltError();
    if (!this.#pool.has(leaf)) {
      if (this.#outage !== undefined) throw this.#outage;
      const reason = this.#clock.trouble(this.#head.integratedTimeSeconds);
      if (reason !== undefined) throw new LogError('CLOCK_UNTRUSTED', reason);
    }
    const answer = this.#pool.add(leaf);
    // One microtask later: what the same turn brings goes into the same batch, and no timer is needed.
    this.#writing ??= Promise.resolve().then(() => this.#write());
    return answer;
  }

  /** Refuses new entries, commits what waits, answers everybody, and returns. */
  async close(): Promise<void> {
    this.#closing.abort();
    await this.#writing;
    await this.#answering;
  }

  async #write(): Promise<void> {
    try {
      while (this.#pool.waiting > 0) {
        if (this.#halted !== undefined) {
          this.#pool.refuseWaiting(this.#haltError());
          return;
        }
        const batch = this.#pool.takeBatch();
        try {
          await this.#writeBatch(batch);
        } catch (error) {
          // Every expected failure is handled where it happens; what arrives here is a state nobody thought of.
          this.#halt(batch, unknownError(error), messageOf(error), error);
        }
      }
    } finally {
      this.#writing = undefined;
    }
  }

  async #writeBatch(batch: readonly Waiter[]): Promise<void> {
    let waiters = batch;
    if (this.#options.store.failed && !(await this.#reopen(waiters))) return;
    for (;;) {
      const prepared = this.#prepare(waiters);
      if (prepared === undefined) return;
      const startedMs = this.#options.clock.monotonicMs();
      const outcome = await this.#commit(prepared.commit, waiters);
      if (outcome === undefined) return;
      if (outcome === 'committed') {
        await this.#release(prepared, waiters, startedMs);
        return;
      }
      const left = this.#answerDuplicates(waiters, outcome);
      if (left.length === waiters.length)
        throw new Error('the store names duplicates that were not sent');
      waiters = left;
      if (waiters.length === 0) return;
    }
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
        for (const waiter of waiters) this.#pool.refuse(waiter, error);
      } else {
        this.#halt(waiters, undefined, messageOf(error), error);
      }
      return undefined;
    }
  }

  /** Returns what the store did, or undefined when the waiters were refused. */
  async #commit(
    commit: Commit,
    waiters: readonly Waiter[],
  ): Promise<'committed' | Duplicates | undefined> {
    try {
      // THE COMMIT POINT. A crash before this line has returned: nothing of the batch is in the log, or all of
      // it is; nobody was told, so a client retries and gets a new index or a duplicate. A crash after it: the
      // batch is in the log for ever, and the next start moves the guard and makes what was not signed yet.
      const outcome = await this.#log.commit(commit);
      if (outcome.outcome === 'committed') return 'committed';
      if (outcome.outcome === 'duplicates') return outcome.duplicates;
      const stored = `the store has size ${outcome.head.size} where ${commit.expect.size} was expected`;
      this.#halt(waiters, undefined, `head conflict: ${stored}`);
      return undefined;
    } catch (error) {
      return this.#settle(commit, waiters, error);
    }
  }

  /** After a throw of `commit`: only the head that is read again says whether the batch is real. */
  async #settle(
    commit: Commit,
    waiters: readonly Waiter[],
    cause: unknown,
  ): Promise<'committed' | undefined> {
    this.#options.trouble?.({ event: 'commit-unknown', reason: messageOf(cause), error: cause });
    const stored = await this.#readHeadAgain(waiters, cause);
    if (stored === undefined) return undefined;
    const verdict = judgeStoredHead(stored, this.#head, commit.head);
    this.#options.trouble?.({ event: 'settled', reason: `the batch is ${verdict}` });
    if (verdict === 'committed') return 'committed';
    if (verdict === 'foreign') {
      const reason = `after a failed commit the store has size ${stored.size}, neither ${this.#head.size} nor ${commit.head.size}`;
      this.#halt(waiters, unknownError(cause), reason, cause);
      return undefined;
    }
    const error = isLogError(cause, 'DISK_FULL')
      ? cause
      : new LogError('COMMIT_UNKNOWN', 'the entry was not stored because a write failed', {
          cause,
        });
    for (const waiter of waiters) this.#pool.refuse(waiter, error);
    return undefined;
  }

  /** The store failed outside a commit of ours: nothing of this batch was written. */
  async #reopen(waiters: readonly Waiter[]): Promise<boolean> {
    const stored = await this.#readHeadAgain(waiters, undefined);
    if (stored === undefined) return false;
    if (sameHead(stored, this.#head)) return true;
    const reason = `the reopened store has size ${stored.size} where ${this.#head.size} was expected`;
    this.#halt(waiters, undefined, reason);
    return false;
  }

  /** Returns the stored head, or undefined when the waiters were refused. */
  async #readHeadAgain(waiters: readonly Waiter[], cause: unknown): Promise<Head | undefined> {
    const patienceMs = this.#options.patienceMs ?? DEFAULT_PATIENCE_MS;
    const giveUp = (error: unknown): void => {
      const outage = outageError(error);
      const refusal =
        cause === undefined || outage.code === 'DISK_FULL' ? outage : unknownError(error);
      for (const waiter of waiters) this.#pool.refuse(waiter, refusal);
    };
    try {
      const stored = await readHeadAgain({
        store: this.#options.store,
        log: this.#log,
        pause: this.#options.pause,
        signal: this.#closing.signal,
        failedAttempt: (error, waitedMs) => {
          this.#outage = outageError(error);
          this.#options.trouble?.({ event: 'reopen-failed', reason: this.#outage.message, error });
          this.#pool.refuseWaiting(this.#outage);
          if (cause === undefined || waitedMs >= patienceMs) giveUp(error);
        },
      });
      this.#outage = undefined;
      return stored;
    } catch (error) {
      giveUp(error);
      this.#halt(
        waiters,
        unknownError(error),
        `the store did not reopen: ${messageOf(error)}`,
        error,
      );
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
    try {
      await this.#options.guard.move(head);
    } catch (error) {
      // The batch is in the log, but what is not guarded is not shown: a restart moves the guard first.
      this.#halt(
        waiters,
        unknownError(error),
        `the guard cannot be written: ${messageOf(error)}`,
        error,
      );
      return;
    }
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
    const indexes = new Map(duplicates.map(({ hash, index }) => [hashKey(hash), index]));
    return waiters.filter((waiter) => {
      const index = indexes.get(hashKey(waiter.leaf.hash));
      if (index === undefined) return true;
      this.#pool.answer(waiter, { outcome: 'duplicate', index, head: this.#head });
      return false;
    });
  }

  #halt(
    waiters: readonly Waiter[],
    refusal: LogError | undefined,
    reason: string,
    error?: unknown,
  ): void {
    this.#halted ??= reason;
    this.#options.trouble?.({ event: 'halted', reason, error });
    for (const waiter of waiters) this.#pool.refuse(waiter, refusal ?? this.#haltError());
    this.#pool.refuseWaiting(this.#haltError());
  }

  #haltError(): LogError {
    return new LogError('STORE_UNAVAILABLE', `the writer has halted: ${this.#halted}`);
  }
}

type Duplicates = readonly { readonly hash: Uint8Array; readonly index: number }[];

function hashKey(hash: Uint8Array): string {
  return Buffer.from(hash.buffer, hash.byteOffset, hash.length).toString('latin1');
}
