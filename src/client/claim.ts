/** What an entry is held against, and the steps that come of it. */

import { LogError } from '../errors.js';
import type { SigstoreBundle } from './sigstore-bundle.js';
import type { VerificationStep } from './verify-entry.js';

/** What the caller has. */
export interface Claim {
  readonly bundle?: SigstoreBundle | undefined;
  /** The bytes that were signed, or that the log saw; for an envelope entry without a bundle, its envelope. */
  readonly artifact?: Uint8Array | undefined;
  /** The public key or certificate that must have signed, in the format of the entry's kind. */
  readonly signerKey?: Uint8Array | undefined;
  /** The type that the predicate of an in-toto statement must have. */
  readonly predicateType?: string | undefined;
}

/** Returns a step that passed. */
export function passed(step: string, detail: string): VerificationStep {
  return { step, outcome: 'passed', detail };
}

/** Returns a step that could not be taken. */
export function notChecked(step: string, detail: string): VerificationStep {
  return { step, outcome: 'not checked', detail };
}

/** Returns the error of a valid entry that speaks of something else. */
export function unrelated(message: string, cause?: unknown): LogError {
  return new LogError('PROOF_INVALID', message, { cause });
}
