/**
 * A clock that jumped ahead is not believed: a cosignature of a time to come keeps its origin there, for times never run
 * back, and lets a log pass an old tree for the newest when that time has come.
 *
 * A clock that was set back needs no rule: the last time of each log is kept. In scope: seeing the jump. Out of scope:
 * reading the machine's clocks (passed in). Holds one number: how far the wall clock stood before the other at the start.
 */

/** The two clocks of a machine, in milliseconds. */
export interface WitnessClocks {
  /** Milliseconds since 1970; may be set by anybody at any time. */
  wallMs(): number;
  /** Milliseconds since an arbitrary moment, at the speed of time; those of a suspended machine count. */
  monotonicMs(): number;
}

/** How far the wall clock may run ahead of the other one. */
export const CLOCK_TOLERANCE_MS = 10_000;

/** Returns what says why the clock cannot be believed, and undefined while it can. */
export function openClockTrouble(clocks: WitnessClocks): () => string | undefined {
  const startedAheadMs = clocks.wallMs() - clocks.monotonicMs();
  return () => {
    const jumpMs = clocks.wallMs() - clocks.monotonicMs() - startedAheadMs;
    if (jumpMs <= CLOCK_TOLERANCE_MS) return undefined;
    const seconds = Math.round(jumpMs / 1000);
    return `the clock jumped ahead by ${seconds} s since the start; set it right, or restart if it is right`;
  };
}
