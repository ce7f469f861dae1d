/**
 * When a server that failed is asked again: later each time.
 *
 * In scope: lengths of pauses, waiting. Out of scope: what is asked. Pure but for the clock that is passed in.
 */

/** Time, as an argument. */
export interface PauseClock {
  /** Calls `action` once after `delayMs`; the returned function calls it off. */
  after(delayMs: number, action: () => void): () => void;
}

/** The longest pause after failures, in milliseconds; a server's own interval may be longer. */
export const LONGEST_PAUSE_MS = 3_600_000;

/** Returns the pause after so many failures in a row, in milliseconds: doubled with each, up to an hour. */
export function pauseAfter(intervalMs: number, failures: number): number {
  const longest = Math.max(intervalMs, LONGEST_PAUSE_MS);
  return Math.min(intervalMs * 2 ** Math.min(failures, 30), longest);
}

/** Resolves after a time, or when `signal` is aborted. */
export function pause(ms: number, clock: PauseClock, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const end = (): void => {
      callOff();
      signal.removeEventListener('abort', end);
      resolve();
    };
    const callOff = clock.after(ms, end);
    signal.addEventListener('abort', end);
  });
}
