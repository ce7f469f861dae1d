/**
 * After a commit whose outcome is UNKNOWN: reopen the store, with back-off, and let the stored head decide.
 *
 * Spec: ARCHITECTURE.md, "A commit has three outcomes"; the reasons are in docs/design/embedded-store.md: a disk
 * that refused one batch acknowledges later ones and loses them, and a batch that failed to sync may be there after
 * a reopen. So no error of a write says anything; only the head read from a reopened store does.
 *
 * In scope: when to try again, which errors end the writer, comparing heads. Out of scope: what the waiters are
 * told (sequencer.ts). State: the reopening under way of each store, because several logs share one.
 */

import { equalBytes } from '../encoding/bytes.js';
import { type ErrorCode, isLogError } from '../errors.js';
import type { Head, LogStore, Store } from '../storage/log-store.js';

/** Resolves after `ms` milliseconds, or as soon as `signal` is aborted. Never rejects. */
export type Pause = (ms: number, signal: AbortSignal) => Promise<void>;

/** First wait between two attempts to reopen, in milliseconds. */
export const FIRST_PAUSE_MS = 100;
/** Longest wait. */
export const LONGEST_PAUSE_MS = 15_000;

/** How something is tried again. */
export interface RetryOptions {
  readonly pause: Pause;
  /** Once aborted there is one more attempt and no more waiting. */
  readonly signal: AbortSignal;
  /** Told of each failed attempt, with the time waited so far in milliseconds. */
  failedAttempt(error: unknown, waitedMs: number): void;
}

/** The store to be reopened, and the log whose head is the verdict. */
export interface RecoveryOptions extends RetryOptions {
  readonly store: Store;
  readonly log: LogStore;
}

/** Returns the wait that follows one of `pauseMs`. */
export function nextPauseMs(pauseMs: number): number {
  return Math.min(2 * pauseMs, LONGEST_PAUSE_MS);
}

/**
 * Returns what `attempt` returns, trying again with back-off for as long as its error is one that can pass (no
 * space, not reachable); throws any other, and throws the last one when `signal` is aborted.
 */
export async function retried<T>(attempt: () => Promise<T>, options: RetryOptions): Promise<T> {
  const { pause, signal } = options;
  let waitedMs = 0;
  for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = nextPauseMs(pauseMs)) {
    const lastAttempt = signal.aborted;
    try {
      return await attempt();
    } catch (error) {
      if (lastAttempt || !canPass(error)) throw error;
      options.failedAttempt(error, waitedMs);
    }
    await pause(pauseMs, signal);
    waitedMs += pauseMs;
  }
}

/** Returns the head that the store holds, reopening the store first if a write of it failed. Throws as `retried`. */
export function readHeadAgain(options: RecoveryOptions): Promise<Head> {
  const { store, log } = options;
  return retried(async () => {
    if (store.failed) await reopen(store);
    return log.head();
  }, options);
}

/** Returns what a stored head says of an attempted commit: it is there, it is not, or neither is the truth. */
export function judgeStoredHead(
  stored: Head,
  before: Head,
  attempted: Head,
): 'committed' | 'not committed' | 'foreign' {
  if (sameHead(stored, attempted)) return 'committed';
  return sameHead(stored, before) ? 'not committed' : 'foreign';
}

/** Returns whether two heads are of the same commit. */
export function sameHead(a: Head, b: Head): boolean {
  return a.size === b.size && a.batch === b.batch && equalBytes(a.root, b.root);
}

const FATAL_CODES: readonly ErrorCode[] = [
  'STORE_CORRUPT',
  'STORE_FORMAT',
  'STORE_IDENTITY',
  'STORE_MISSING',
  'GUARD_AHEAD',
  'GUARD_CORRUPT',
];

function canPass(error: unknown): boolean {
  // A RangeError is a contradiction of ours: the next attempt would be the same one.
  if (error instanceof RangeError) return false;
  return !isLogError(error) || !FATAL_CODES.includes(error.code);
}

const reopenings = new WeakMap<Store, Promise<void>>();

/** Two logs of one store may find it failed at the same time; it is reopened once. */
function reopen(store: Store): Promise<void> {
  const underWay = reopenings.get(store);
  if (underWay !== undefined) return underWay;
  const reopening = store.recover().finally(() => reopenings.delete(store));
  reopenings.set(store, reopening);
  return reopening;
}
