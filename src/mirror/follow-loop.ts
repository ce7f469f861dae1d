/**
 * When the logs are looked at, and pushed: each in a loop of its own, as often as it is told, less often while something is wrong.
 *
 * In scope: pauses, what is told. Out of scope: a look (follower.ts), a push (upload-client.ts). State: the loops.
 */

import { LONGEST_PAUSE_MS, pauseAfter } from '../client/back-off.js';
import { RequestFailed } from '../client/bounded-fetch.js';
import { isLogError } from '../errors.js';
import { pause, type Timers } from '../timing/pause.js';
import { LogForked } from './follower.js';

/** Something that is done again and again. */
export interface Repeated {
  readonly intervalMs: number;
  /** Does it once, and tells what came of it; throws what goes wrong. */
  once(signal: AbortSignal): Promise<void>;
  /** Tells of what was thrown; the next time waits for it. */
  failed(error: unknown): Promise<void>;
}

/** Loops that are at work. */
export interface Following {
  /** Ends them and what they wait for; resolves when none is at work. */
  stop(): Promise<void>;
}

/** Starts the loops, each at once. */
export function startFollowing(all: readonly Repeated[], clock: Timers): Following {
  const ending = new AbortController();
  const loops = all.map((each) => repeat(each, clock, ending.signal));
  return {
    async stop() {
      ending.abort();
      await Promise.all(loops);
    },
  };
}

/**
 * True for what an honest log never answers: a history that contradicts what it signed, leaves or tiles that are not its own, a
 * signature that is not its own. A log that cannot be reached or read, or a disk that is full, is something else.
 */
export function isContradiction(error: unknown): boolean {
  if (error instanceof LogForked) return true;
  return isLogError(error, 'PROOF_INVALID') || isLogError(error, 'NOTE_UNVERIFIED');
}

async function repeat(each: Repeated, clock: Timers, signal: AbortSignal): Promise<void> {
  for (let failures = 0; !signal.aborted; ) {
    let askedPauseMs = 0;
    try {
      await each.once(signal);
      failures = 0;
    } catch (error) {
      if (signal.aborted) return;
      failures += 1;
      await each.failed(error);
      const asked = error instanceof RequestFailed ? (error.retryAfterSeconds ?? 0) : 0;
      askedPauseMs = Math.min(asked * 1000, LONGEST_PAUSE_MS);
    }
    await pause(Math.max(pauseAfter(each.intervalMs, failures), askedPauseMs), clock, signal);
  }
}
