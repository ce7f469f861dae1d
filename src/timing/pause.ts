/** Waiting by a clock that is passed in, so that tests need not wait. Pure but for that clock. */

/** What waits. */
export interface Timers {
  /** Calls `action` once after `delayMs`; the returned function calls it off. */
  after(delayMs: number, action: () => void): () => void;
}

/** Resolves after `delayMs` milliseconds, or as soon as `signal` is aborted. Never rejects. */
export function pause(delayMs: number, timers: Timers, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const end = (): void => {
      callOff();
      signal.removeEventListener('abort', end);
      resolve();
    };
    const callOff = timers.after(delayMs, end);
    signal.addEventListener('abort', end);
  });
}
