/** A clock that a test moves by hand. */

import type { Clock } from '../../src/http/clock.js';

export interface ManualClock extends Clock {
  advance(ms: number): void;
  /** Number of actions that wait. */
  readonly armed: number;
}

/** Returns a clock that stands still. */
export function manualClock(): ManualClock {
  let nowMs = 0;
  let actions: { at: number; action: () => void }[] = [];
  return {
    nowMs: () => nowMs,
    after(delayMs, action) {
      const entry = { at: nowMs + delayMs, action };
      actions.push(entry);
      return () => {
        actions = actions.filter((other) => other !== entry);
      };
    },
    advance(ms) {
      const end = nowMs + ms;
      for (;;) {
        const next = actions.filter(({ at }) => at <= end).sort((a, b) => a.at - b.at)[0];
        if (next === undefined) break;
        actions = actions.filter((other) => other !== next);
        nowMs = next.at;
        next.action();
      }
      nowMs = end;
    },
    get armed() {
      return actions.length;
    },
  };
}
