/**
 * Which hashes make up a proof: inclusion (RFC 6962 section 2.1.1) and consistency (section 2.1.2).
 *
 * In scope: plans. A plan names the perfect subtrees whose hashes must be looked up, and folds them into the
 * proof once they are there. Out of scope: looking them up (reading/) and checking proofs (verify.ts).
 * Pure; sizes are safe integers, so no operator here works on 32 bits.
 */

import { LogError } from '../errors.js';
import { foldSubtrees } from './frontier.js';

/** A perfect subtree: the one over the leaves [index · 2^level, (index + 1) · 2^level). */
export interface NodeID {
  readonly level: number;
  readonly index: number;
}

/** How to make one proof. */
export interface ProofPlan {
  /** The subtrees whose root hashes `assemble` needs; all are complete at the size of the proof. */
  readonly nodes: readonly NodeID[];
  /** Returns the proof, 32 bytes an element, from the hashes of `nodes` in their order. */
  assemble(hashes: readonly Uint8Array[]): Uint8Array[];
}

/** The leaves [from, to) that one element of a proof stands for. */
interface LeafRange {
  readonly from: number;
  readonly to: number;
}

/**
 * Returns the plan for the inclusion proof of leaf `index` in the tree of `size` leaves, leaf to root.
 * Throws PROOF_RANGE unless 0 <= index < size.
 */
export function planInclusionProof(index: number, size: number): ProofPlan {
  if (!Number.isSafeInteger(size) || !Number.isSafeInteger(index) || index < 0 || index >= size) {
    throw new LogError('PROOF_RANGE', `no leaf ${index} in a tree of ${size} leaves`);
  }
  const siblings: LeafRange[] = [];
  let from = 0;
  let to = size;
  while (to - from > 1) {
    const middle = from + largestPowerBelow(to - from);
    if (index < middle) {
      siblings.push({ from: middle, to });
      to = middle;
    } else {
      siblings.push({ from, to: middle });
      from = middle;
    }
  }
  return planOf(siblings.reverse());
}

/**
 * Returns the plan for the consistency proof between the trees of `first` and `last` leaves; it is empty when
 * they are equal and when `first` is 0. Throws PROOF_RANGE unless 0 <= first <= last.
 */
export function planConsistencyProof(first: number, last: number): ProofPlan {
  if (!Number.isSafeInteger(first) || !Number.isSafeInteger(last) || first < 0 || first > last) {
    throw new LogError('PROOF_RANGE', `no consistency proof from ${first} to ${last} leaves`);
  }
  const elements: LeafRange[] = [];
  if (first === 0) return planOf(elements);
  let from = 0;
  let to = last;
  while (first < to) {
    const middle = from + largestPowerBelow(to - from);
    if (first <= middle) {
      elements.push({ from: middle, to });
      to = middle;
    } else {
      elements.push({ from, to: middle });
      from = middle;
    }
  }
  // The verifier knows the hash of [0, first); any other subtree that ends at `first` it must be told.
  if (from > 0) elements.push({ from, to });
  return planOf(elements.reverse());
}

function planOf(elements: readonly LeafRange[]): ProofPlan {
  const parts = elements.map(subtreesOf);
  return {
    nodes: parts.flat(),
    assemble(hashes) {
      const expected = parts.reduce((sum, part) => sum + part.length, 0);
      if (hashes.length !== expected) {
        throw new LogError('PROOF_RANGE', `${hashes.length} hashes for a plan of ${expected}`);
      }
      let next = 0;
      return parts.map((part) => {
        const own = hashes.slice(next, next + part.length);
        next += part.length;
        return foldSubtrees(own) as Uint8Array;
      });
    },
  };
}

/** Returns the perfect subtrees of [from, to), largest first; `from` is a multiple of the largest. */
function subtreesOf(range: LeafRange): NodeID[] {
  const nodes: NodeID[] = [];
  let { from } = range;
  while (from < range.to) {
    const width = largestPowerUpTo(range.to - from);
    nodes.push({ level: Math.log2(width), index: from / width });
    from += width;
  }
  return nodes;
}

/** Returns the largest power of two that is less than `n`; n >= 2. */
function largestPowerBelow(n: number): number {
  return largestPowerUpTo(n - 1);
}

function largestPowerUpTo(n: number): number {
  let power = 1;
  while (power * 2 <= n) power *= 2;
  return power;
}
