/**
 * One commit from the attempt to its verdict, and all that can go wrong on the way.
 *
 * Spec: ARCHITECTURE.md, "A commit has three outcomes". What is refused before writing concerns that batch alone;
 * an unknown outcome is settled by the head of the reopened store; a guard that does not move is tried again,
 * and nothing is shown until it has. Whatever can pass is waited for with back-off, also while nobody submits.
 *
 * In scope: committing, reopening, the guard, why nothing can be written now. Out of scope: what is in a batch and
 * who waits for it (sequencer.ts). State: the outage under way, or the refusal that has not been lifted yet.
 */

import { isLogError, LogError } from '../errors.js';
import type { Commit, Head, LogStore, Store } from '../storage/log-store.js';
import {
  FIRST_PAUSE_MS,
  judgeStoredHead,
  nextPauseMs,
  type Pause,
  readHeadAgain,
  retried,
  sameHead,
} from './recovery.js';
import { messageOf, outageError, unknownError } from './refusals.js';

/**
 * A small file outside the store that remembers the newest head: a store that is behind it was rolled back.
 * `move` returns when `head` is durable there. It is called after each commit and before anything of that
 * commit is released, so the guard is never ahead of the store. A RangeError of it is a contradiction; any other
 * error may pass, and the same move is tried again.
 */
export interface HeadGuard {
  move(head: Head): Promise<void>;
}

/**
 * What the writer met. `commit-unknown` and its end `settled`; `refused`: the store takes no writes, told once
 * until it does again; `reopen-failed` and `guard-failed`: one more attempt failed; `resumed`: an outage or a
 * refusal is over; `halted`: the writer has stopped for good.
 */
export interface WriterTrouble {
  readonly event:
    | 'commit-unknown'
    | 'settled'
    | 'refused'
    | 'reopen-failed'
    | 'guard-failed'
    | 'resumed'
    | 'halted';
  readonly reason: string;
  readonly error?: unknown;
}

/** Why nothing may be written any more. */
export interface Halt {
  readonly verdict: 'halt';
  readonly reason: string;
  /** What the waiters of the batch are told, if it is not that the writer has halted. */
  readonly refusal?: LogError | undefined;
  readonly error?: unknown;
}

/** Leaves of a batch that the log has, each with its index. */
export type Duplicates = readonly { readonly hash: Uint8Array; readonly index: number }[];

/** What became of a commit. */
export type Verdict =
  | { readonly verdict: 'committed' }
  /** Nothing was written: these leaves are in the log. */
  | { readonly verdict: 'duplicates'; readonly duplicates: Duplicates }
  /** Nothing was written. `byContent`: for what is in the batch, so that a part of it may be taken. */
  | { readonly verdict: 'refused'; readonly error: Error; readonly byContent: boolean }
  | Halt;

/** What a writer writes to, and how long it tries. */
export interface StoreWriterOptions {
  readonly store: Store;
  readonly log: LogStore;
  readonly guard: HeadGuard;
  readonly pause: Pause;
  /** Once aborted there is one more attempt and no more waiting. */
  readonly signal: AbortSignal;
  /** How long a batch is kept waiting before `giveUp` is called, in milliseconds. */
  readonly patienceMs: number;
  trouble(event: WriterTrouble): void;
  /** Called after each failed attempt to end an outage: what waits for a batch is to be refused with `error`. */
  stalled(error: LogError): void;
}

/** Called when the waiters of a batch are to be refused, though its outcome is still being found out. */
export type GiveUp = (error: LogError) => void;

/** Carries out the commits of one log, one at a time. */
export class StoreWriter {
  readonly #options: StoreWriterOptions;
  /** While it lasts nothing is tried for a submission. */
  #outage: LogError | undefined;
  /** The last commit was refused before writing; the next one may be taken. */
  #refused: LogError | undefined;
  #probing: Promise<void> | undefined;

  constructor(options: StoreWriterOptions) {
    this.#options = options;
  }

  /** Why submissions are to be refused at once, if they are. */
  get outage(): LogError | undefined {
    return this.#outage;
  }

  /** Returns why nothing can be written now, or undefined. */
  trouble(): string | undefined {
    const known = this.#outage ?? this.#refused;
    if (known !== undefined) return known.message;
    return this.#options.store.failed ? 'a write failed; the store is being reopened' : undefined;
  }

  /** Returns what became of `commit`, which follows the head `before`. */
  async commit(commit: Commit, before: Head, giveUp: GiveUp): Promise<Verdict> {
    const { store } = this.#options;
    for (let attempt = 1; ; attempt += 1) {
      if (store.failed) {
        const halt = await this.reopen(before, giveUp);
        if (halt !== undefined) return halt;
      }
      try {
        return await this.#commit(commit);
      } catch (error) {
        if (isWrittenPerhaps(error)) return this.#settle(commit, before, error, giveUp);
        // Another write failed while this one waited its turn: it is made once the store is reopened.
        if (store.failed && attempt === 1) continue;
        return this.#refusal(error);
      }
    }
  }

  /** Reopens a store that failed outside a commit of ours; its head must be `expected`. */
  async reopen(expected: Head, giveUp: GiveUp): Promise<Halt | undefined> {
    const stored = await this.#readHeadAgain(undefined, giveUp);
    if ('verdict' in stored) return stored;
    if (sameHead(stored, expected)) return undefined;
    const reason = `the reopened store has size ${stored.size} where ${expected.size} was expected`;
    return { verdict: 'halt', reason };
  }

  /** Moves the guard to a committed head, however long it takes. */
  async moveGuard(head: Head, giveUp: GiveUp): Promise<Halt | undefined> {
    const { guard, pause, signal, patienceMs } = this.#options;
    try {
      await retried(() => guard.move(head), {
        pause,
        signal,
        failedAttempt: (error, waitedMs) => {
          this.#stall('guard-failed', guardError(error), error);
          if (waitedMs >= patienceMs) giveUp(unknownError(error));
        },
      });
      this.#resume('the guard was written');
      return undefined;
    } catch (error) {
      // The batch is in the log, but what is not guarded is not shown: a restart moves the guard first.
      const refusal = unknownError(error);
      return { verdict: 'halt', reason: guardError(error).message, refusal, error };
    }
  }

  /** Returns when nothing is under way any more; to be called after the signal was aborted. */
  async idle(): Promise<void> {
    await this.#probing;
  }

  async #commit(commit: Commit): Promise<Verdict> {
    // THE COMMIT POINT. A crash before this line has returned: nothing of the batch is in the log, or all of
    // it is; nobody was told, so a client retries and gets a new index or a duplicate. A crash after it: the
    // batch is in the log for ever, and the next start moves the guard and makes what was not signed yet.
    const outcome = await this.#options.log.commit(commit);
    if (outcome.outcome === 'committed') {
      if (this.#refused !== undefined) this.#resume('the store takes writes again');
      return { verdict: 'committed' };
    }
    if (outcome.outcome === 'duplicates') {
      return { verdict: 'duplicates', duplicates: outcome.duplicates };
    }
    const stored = `the store has size ${outcome.head.size} where ${commit.expect.size} was expected`;
    return { verdict: 'halt', reason: `head conflict: ${stored}` };
  }

  /** After an error that says nothing: only the head that is read again says whether the batch is real. */
  async #settle(commit: Commit, before: Head, cause: unknown, giveUp: GiveUp): Promise<Verdict> {
    const { trouble } = this.#options;
    trouble({ event: 'commit-unknown', reason: messageOf(cause), error: cause });
    const stored = await this.#readHeadAgain(cause, giveUp);
    if ('verdict' in stored) return stored;
    const judged = judgeStoredHead(stored, before, commit.head);
    trouble({ event: 'settled', reason: `the batch is ${judged}` });
    if (judged === 'committed') return { verdict: 'committed' };
    if (judged === 'foreign') {
      const sizes = `neither ${before.size} nor ${commit.head.size}`;
      const reason = `after a failed commit the store has size ${stored.size}, ${sizes}`;
      return { verdict: 'halt', reason, refusal: unknownError(cause), error: cause };
    }
    const reason = 'the entry was not stored because a write failed';
    const error = new LogError('COMMIT_UNKNOWN', reason, { cause });
    return { verdict: 'refused', error, byContent: false };
  }

  /** Nothing was written. A damaged row or a leaf of a wrong shape is no outage: the neighbours may be stored. */
  #refusal(error: unknown): Verdict {
    if (error instanceof RangeError || isLogError(error, 'STORE_CORRUPT')) {
      return { verdict: 'refused', error, byContent: true };
    }
    const refusal = outageError(error);
    const known = this.#refused;
    this.#refused = refusal;
    if (known?.code !== refusal.code) {
      this.#options.trouble({ event: 'refused', reason: refusal.message, error });
    }
    this.#probing ??= this.#probe();
    return { verdict: 'refused', error: refusal, byContent: false };
  }

  /** Asks the store from time to time whether it takes writes again: perhaps nobody else will. */
  async #probe(): Promise<void> {
    const { store, pause, signal } = this.#options;
    for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = nextPauseMs(pauseMs)) {
      await pause(pauseMs, signal);
      if (this.#refused === undefined || signal.aborted) break;
      try {
        await store.checkWritable();
        this.#resume('the store takes writes again');
        break;
      } catch (error) {
        this.#refused = outageError(error);
      }
    }
    this.#probing = undefined;
  }

  /** Returns the stored head, or why the store cannot be used any more. */
  async #readHeadAgain(cause: unknown, giveUp: GiveUp): Promise<Head | Halt> {
    const { store, log, pause, signal, patienceMs } = this.#options;
    const refusalOf = (error: unknown): LogError => {
      const outage = outageError(error);
      return cause === undefined || outage.code === 'DISK_FULL' ? outage : unknownError(error);
    };
    try {
      const stored = await readHeadAgain({
        store,
        log,
        pause,
        signal,
        failedAttempt: (error, waitedMs) => {
          this.#stall('reopen-failed', outageError(error), error);
          if (cause === undefined || waitedMs >= patienceMs) giveUp(refusalOf(error));
        },
      });
      this.#resume('the store was reopened');
      return stored;
    } catch (error) {
      const reason = `the store did not reopen: ${messageOf(error)}`;
      return { verdict: 'halt', reason, refusal: refusalOf(error), error };
    }
  }

  #stall(event: WriterTrouble['event'], outage: LogError, error: unknown): void {
    this.#outage = outage;
    this.#options.trouble({ event, reason: outage.message, error });
    this.#options.stalled(outage);
  }

  #resume(reason: string): void {
    if (this.#outage === undefined && this.#refused === undefined) return;
    this.#outage = undefined;
    this.#refused = undefined;
    this.#options.trouble({ event: 'resumed', reason });
  }
}

/** Returns whether a batch may be durable in spite of the error: the contract names those with which it is not. */
function isWrittenPerhaps(error: unknown): boolean {
  if (error instanceof RangeError) return false;
  if (!isLogError(error)) return true;
  return !['DISK_FULL', 'STORE_UNAVAILABLE', 'STORE_CORRUPT'].includes(error.code);
}

function guardError(error: unknown): LogError {
  const reason = `the guard cannot be written: ${messageOf(error)}`;
  return new LogError('STORE_UNAVAILABLE', reason, { cause: error });
}
