/**
 * Pauses that widen the windows of a crash test: `STELE_TEST_WITNESS_PAUSE=persisted:200` holds each answer for 200 ms
 * after its checkpoint is on disk, `decided:200` each write after its decision; `STELE_TEST_MIRROR_PAUSE` those of a mirror.
 * Nothing else sets them.
 */

import { setTimeout as wait } from 'node:timers/promises';
import type { SubmissionPause } from '../witness/witness.js';

/** Returns the hooks that the environment asks for; none as a rule. */
export function testPauses(
  environment: NodeJS.ProcessEnv,
  variable = 'STELE_TEST_WITNESS_PAUSE',
): {
  readonly pause?: SubmissionPause;
} {
  const [, at, delayMs] = /^(decided|persisted):(\d{1,5})$/.exec(environment[variable] ?? '') ?? [];
  if (at === undefined) return {};
  return {
    async pause(step) {
      if (step === at) await wait(Number(delayMs));
    },
  };
}
