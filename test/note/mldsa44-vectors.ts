/** Recorded statements of ML-DSA-44 cosigners. */

import { readFileSync } from 'node:fs';
import { vectorPath } from '../vectors.js';

/** A statement, and what was signed of it. */
export interface Mldsa44Vector {
  readonly seed: string;
  readonly vkey: string;
  readonly cosigner: string;
  readonly timestamp: string;
  readonly origin: string;
  readonly start: string;
  readonly end: string;
  readonly hash: string;
  readonly message_hex: string;
  readonly deterministic_signature: string;
  readonly hedged_signature: string;
  readonly usable_as_cosignature: boolean;
}

/** Returns all of them. */
export function mldsa44Vectors(): readonly Mldsa44Vector[] {
  const text = readFileSync(vectorPath('witness/mldsa44.json'), 'utf8');
  return (JSON.parse(text) as { readonly vectors: readonly Mldsa44Vector[] }).vectors;
}
