/**
 * When a server that failed is asked again: later each time.
 *
 * In scope: lengths of pauses. Out of scope: waiting (timing/), what is asked. Pure.
 */

/** The longest pause after failures, in milliseconds; a server's own interval may be longer. */
export const LONGEST_PAUSE_MS = 3_600_000;

/** Returns the pause after so many failures in a row, in milliseconds: doubled with each, up to an hour. */
export function pauseAfter(intervalMs: number, failures: number): number {
  const longest = Math.max(intervalMs, LONGEST_PAUSE_MS);
  return Math.min(intervalMs * 2 ** Math.min(failures, 30), longest);
}
