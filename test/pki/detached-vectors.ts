import assert from 'node:assert/strict';
import { vectorLines } from '../vectors.js';

/** A detached signature, and what a Rekor server made of it. */
export interface DetachedVector {
  readonly name: string;
  readonly key: string;
  readonly signature: string;
  readonly content: string;
  readonly expect: DetachedOutcome;
}

/** The forms that are stored, or the reason against it. */
export type DetachedOutcome =
  | { readonly key: string; readonly signature: string }
  | { readonly error: string };

/** Returns the vectors of a format, of which `stored` and `refused` say how many there must be. */
export function detachedVectors(
  format: string,
  counts: { readonly stored: number; readonly refused: number },
): readonly DetachedVector[] {
  const vectors = vectorLines<DetachedVector>(`pki/${format}/rekor.jsonl`);
  const refused = vectors.filter(({ expect }) => 'error' in expect).length;
  assert.deepEqual({ stored: vectors.length - refused, refused }, counts);
  return vectors;
}
