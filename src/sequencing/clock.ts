/**
 * The clock rule: integrated times never go back, and a clock that jumped is not believed.
 *
 * Spec: ARCHITECTURE.md, "The commit", step 2. In scope: which second a batch gets, and when to refuse one.
 * Out of scope: reading the machine's clocks (server/ passes them in). The rule holds one number: how far the
 * wall clock stood from the monotonic one at the start.
 */

import { LogError } from '../errors.js';

/** The two clocks of a machine, in milliseconds. */
export interface Clock {
  /** Milliseconds since 1970; may be set by anybody at any time. */
  wallMs(): number;
  /** Milliseconds since an arbitrary moment; only ever runs forward, at the speed of time. */
  monotonicMs(): number;
}

/** How far the clocks may drift apart, and how far the wall clock may lie before the newest entry. */
export const CLOCK_TOLERANCE_MS = 10_000;

/** Decides on integrated times. */
export interface ClockRule {
  /**
   * Returns the integrated time for a batch that follows one of `lastSeconds`: now, and never less than
   * `lastSeconds`. Throws CLOCK_UNTRUSTED.
   */
  integratedTimeSeconds(lastSeconds: number): number;
  /** Returns why `integratedTimeSeconds` would throw, or undefined. */
  trouble(lastSeconds: number): string | undefined;
}

/**
 * Returns the rule over `clock`. The distance between the clocks is taken now and kept: small steps add up, so
 * that no series of them can carry the log into a future that it could never leave.
 */
export function openClockRule(clock: Clock): ClockRule {
  const distanceMs = clock.wallMs() - clock.monotonicMs();
  const troubleAt = (wallMs: number, lastSeconds: number): string | undefined => {
    const jumpMs = wallMs - clock.monotonicMs() - distanceMs;
    if (!(Math.abs(jumpMs) <= CLOCK_TOLERANCE_MS)) {
      return `the clock jumped by ${inSeconds(jumpMs)} s since the start; set it right, or restart if it is right`;
    }
    const behindMs = lastSeconds * 1000 - wallMs;
    if (behindMs > CLOCK_TOLERANCE_MS) {
      return `the clock is ${inSeconds(behindMs)} s before the time of the newest entry`;
    }
    return undefined;
  };
  return {
    trouble: (lastSeconds) => troubleAt(clock.wallMs(), lastSeconds),
    integratedTimeSeconds(lastSeconds) {
      // Read once: the time that is used is the time that was judged.
      const wallMs = clock.wallMs();
      const reason = troubleAt(wallMs, lastSeconds);
      if (reason !== undefined) throw new LogError('CLOCK_UNTRUSTED', reason);
      return Math.max(lastSeconds, Math.floor(wallMs / 1000));
    },
  };
}

function inSeconds(ms: number): string {
  return (ms / 1000).toFixed(1);
}
