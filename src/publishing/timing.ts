/** Time as an argument of what asks witnesses: tests pass a fast one. */

/** The clock and the timers of publishing. */
export interface Timing {
  /** Milliseconds since 1970: what cosignatures are dated by. */
  wallMs(): number;
  /** Calls `action` once after `delayMs`; the returned function calls it off. */
  after(delayMs: number, action: () => void): () => void;
}

/** Resolves after `delayMs` milliseconds, or as soon as `signal` is aborted. Never rejects. */
export function pauseOf(timing: Timing, delayMs: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const end = (): void => {
      cancel();
      signal.removeEventListener('abort', end);
      resolve();
    };
    const cancel = timing.after(delayMs, end);
    signal.addEventListener('abort', end);
  });
}
