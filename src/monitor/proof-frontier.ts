/**
 * The frontier of an older tree, taken out of its consistency proof with a newer one.
 *
 * RFC 6962 section 2.1.2: what the proof holds to make the old root again is exactly the old tree's perfect subtrees. In
 * scope: which hashes these are. Out of scope: whether the proof holds (merkle/verify.ts). Pure.
 */

import { LogError } from '../errors.js';
import type { Frontier } from '../merkle/frontier.js';

/**
 * Returns the frontier of the tree of `first` leaves, 0 < first < last. `firstRoot` is needed when `first` is a power of
 * two, because then the proof leaves it out. Throws PROOF_INVALID for a proof without the hashes.
 */
export function frontierOfProof(
  first: number,
  last: number,
  proof: readonly Uint8Array[],
  firstRoot: Uint8Array | undefined,
): Frontier {
  let node = first - 1;
  let end = last - 1;
  const up = () => {
    node = Math.floor(node / 2);
    end = Math.floor(end / 2);
  };
  while (node % 2 === 1) up();
  const [start, ...siblings] =
    node === 0 && firstRoot !== undefined ? [firstRoot, ...proof] : proof;
  if (start === undefined) throw new LogError('PROOF_INVALID', 'the consistency proof is empty');
  const hashes = [start];
  for (const sibling of siblings) {
    if (node % 2 === 1 || node === end) {
      hashes.unshift(sibling);
      while (node % 2 === 0 && node !== 0) up();
    }
    up();
  }
  return { size: first, hashes };
}

/** True when a proof from this size leaves out the root. */
export function isPowerOfTwo(size: number): boolean {
  return size > 0 && Number.isInteger(Math.log2(size)) && 2 ** Math.log2(size) === size;
}
