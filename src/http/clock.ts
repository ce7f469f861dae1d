/** Time as an argument: tests move it by hand. */

/** The time that limits and durations are measured by. */
export interface Clock {
  /** Monotonic milliseconds. */
  nowMs(): number;
  /** Calls `action` once after `delayMs`; the returned function calls it off. */
  after(delayMs: number, action: () => void): () => void;
}

/** The clock of this process. */
export const SYSTEM_CLOCK: Clock = {
  nowMs: () => performance.now(),
  after(delayMs, action) {
    const timer = setTimeout(action, delayMs);
    // A slow client must not keep a stopping process alive.
    timer.unref();
    return () => clearTimeout(timer);
  },
};
