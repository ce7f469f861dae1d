/**
 * When the logs are looked at: each in a loop of its own, as often as it is told, less often while something is wrong with it.
 *
 * In scope: pauses, what is told. Out of scope: a look (follower.ts). State: the loops.
 */

import { LONGEST_PAUSE_MS, type PauseClock, pause, pauseAfter } from '../client/back-off.js';
import { RequestFailed } from '../client/bounded-fetch.js';
import { isLogError } from '../errors.js';
import { type FollowOutcome, LogForked } from './follower.js';

/** A log that is followed. */
export interface FollowedLog {
  readonly origin: string;
  readonly intervalMs: number;
  /** Looks once. */
  look(signal: AbortSignal): Promise<FollowOutcome>;
}

/** What is told of the logs. */
export interface FollowEvents {
  looked(origin: string, outcome: FollowOutcome): void;
  /** The next look waits for it. */
  failed(origin: string, error: unknown, isContradiction: boolean): Promise<void>;
}

/** Logs that are being followed. */
export interface Following {
  /** Ends the loops and what they wait for; resolves when none is at work. */
  stop(): Promise<void>;
}

/** Starts to follow the logs, each at once. */
export function startFollowing(
  logs: readonly FollowedLog[],
  clock: PauseClock,
  events: FollowEvents,
): Following {
  const ending = new AbortController();
  const loops = logs.map((log) => follow(log, clock, events, ending.signal));
  return {
    async stop() {
      ending.abort();
      await Promise.all(loops);
    },
  };
}

/**
 * True for what an honest log never answers: a history that contradicts what it signed, leaves, tiles or signatures that are not
 * its own. A log that cannot be reached, or a disk that is full, is something else.
 */
export function isContradiction(error: unknown): boolean {
  if (error instanceof LogForked) return true;
  return isLogError(error) && CONTRADICTIONS.has(error.code);
}

const CONTRADICTIONS: ReadonlySet<string> = new Set([
  'PROOF_INVALID',
  'NOTE_UNVERIFIED',
  'NOTE_MALFORMED',
  'TILE_MALFORMED',
]);

async function follow(
  log: FollowedLog,
  clock: PauseClock,
  events: FollowEvents,
  signal: AbortSignal,
): Promise<void> {
  const { origin, intervalMs } = log;
  for (let failures = 0; !signal.aborted; ) {
    let askedPauseMs = 0;
    try {
      events.looked(origin, await log.look(signal));
      failures = 0;
    } catch (error) {
      if (signal.aborted) return;
      failures += 1;
      await events.failed(origin, error, isContradiction(error));
      const asked = error instanceof RequestFailed ? (error.retryAfterSeconds ?? 0) : 0;
      askedPauseMs = Math.min(asked * 1000, LONGEST_PAUSE_MS);
    }
    await pause(Math.max(pauseAfter(intervalMs, failures), askedPauseMs), clock, signal);
  }
}
