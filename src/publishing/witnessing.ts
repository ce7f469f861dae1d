/** How a log is witnessed, as its operator says. */

import type { Policy } from '../note/policy.js';
import type { Timing } from './timing.js';
import type { WitnessKey } from './witness-answer.js';

/**
 * `closed`: a head without its quorum is not published; `open`: it is, after a time; `async`: that, and answers wait for
 * nothing.
 */
export type PublishingMode = 'closed' | 'open' | 'async';

/** A witness as it is asked: one address, and the keys behind it. */
export interface AskedWitness {
  readonly url: string;
  readonly keys: readonly WitnessKey[];
}

/** How a log is witnessed: what the operator says. */
export interface Witnessing {
  readonly policy: Policy;
  readonly witnesses: readonly AskedWitness[];
  readonly mode: PublishingMode;
  /** How long a head, and who waits for it, waits for the quorum, in milliseconds. */
  readonly waitMs: number;
  /** Time of one request, in milliseconds. */
  readonly requestTimeoutMs: number;
  /** Whether a witness that merely says that it knows a larger tree is believed; else it has to show a note of ours. */
  readonly believesClaims: boolean;
  readonly timing: Timing;
}
