/** The clocks of this machine, as the clock rule wants them. */

import { uptime } from 'node:os';
import type { Clock } from '../sequencing/clock.js';

/** What is read; tests pass their own. */
export interface ClockSources {
  readonly wallMs: () => number;
  /** Fine, but may stand still while the machine is suspended. */
  readonly processMs: () => number;
  /** Coarse, and counts the time for which the machine was suspended. */
  readonly uptimeMs: () => number;
}

/** Coarse clocks step by up to a second; what is more was a suspension. */
const UPTIME_STEP_MS = 1_000;

/** How far the wall clock may move against the process's before the uptime is asked for, and how old it may be. */
const WALL_STEP_MS = 100;
const MAX_AGE_MS = 100;

/**
 * Returns the wall clock, and a monotonic clock as fine as the process's that counts suspended time too: a laptop
 * that was closed comes back with both clocks in step.
 */
export function systemClock(sources: ClockSources = systemSources()): Clock {
  const { wallMs, processMs, uptimeMs } = sources;
  let suspendedMs = uptimeMs() - processMs();
  let readAtMs = processMs();
  let wallAheadMs = wallMs() - readAtMs;
  return {
    wallMs,
    monotonicMs() {
      const ranMs = processMs();
      // Asking for the uptime costs as much as all else that a submission asks its clocks for. A machine that wakes up
      // sets its wall clock, which costs nothing to see.
      const steppedMs = Math.abs(wallMs() - ranMs - wallAheadMs);
      if (steppedMs > WALL_STEP_MS || ranMs - readAtMs > MAX_AGE_MS) {
        const aheadMs = uptimeMs() - ranMs;
        if (aheadMs - suspendedMs > UPTIME_STEP_MS) suspendedMs = aheadMs;
        readAtMs = ranMs;
        wallAheadMs = wallMs() - ranMs;
      }
      return ranMs + suspendedMs;
    },
  };
}

function systemSources(): ClockSources {
  return {
    wallMs: () => Date.now(),
    processMs: () => performance.now(),
    uptimeMs: () => uptime() * 1000,
  };
}
