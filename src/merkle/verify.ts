/**
 * Checks inclusion and consistency proofs of RFC 6962 trees, in the words of RFC 9162 section 2.1:
 * https://www.rfc-editor.org/rfc/rfc9162#section-2.1.3
 *
 * Both are proofs of a subtree, of one leaf or of all the first ones: subtree.ts has the walk. Sizes are safe integers, up
 * to 2^53 - 1; what came over the wire and may be larger is asked for there.
 */

import { equalBytes } from '../encoding/bytes.js';
import { LogError } from '../errors.js';
import { EMPTY_ROOT, HASH_SIZE } from './hash.js';
import { verifySubtree } from './subtree.js';

/** A claim that leaf `index` of the tree of `size` leaves has this leaf hash. */
export interface InclusionClaim {
  readonly index: number;
  readonly size: number;
  readonly leafHash: Uint8Array;
  /** Leaf to root. */
  readonly proof: readonly Uint8Array[];
  readonly root: Uint8Array;
}

/** A claim that the tree of `last` leaves begins with all the leaves of the tree of `first`. */
export interface ConsistencyClaim {
  readonly first: number;
  readonly last: number;
  readonly firstRoot: Uint8Array;
  readonly lastRoot: Uint8Array;
  readonly proof: readonly Uint8Array[];
}

/** Returns when the proof holds. Throws PROOF_INVALID otherwise, whatever the reason. */
export function verifyInclusion(claim: InclusionClaim): void {
  const { index, size, leafHash, proof, root } = claim;
  if (!Number.isSafeInteger(size) || !Number.isSafeInteger(index) || index < 0 || index >= size) {
    throw new LogError('PROOF_INVALID', `leaf ${index} cannot be in a tree of ${size} leaves`);
  }
  verifySubtree({
    start: BigInt(index),
    end: BigInt(index + 1),
    size: BigInt(size),
    hash: leafHash,
    proof,
    root,
  });
}

/**
 * Returns when the proof holds. Throws PROOF_INVALID otherwise. The empty tree is consistent with every
 * tree, by an empty proof: such a claim says nothing about `lastRoot`.
 */
export function verifyConsistency(claim: ConsistencyClaim): void {
  const { first, last, firstRoot, lastRoot, proof } = claim;
  if (!Number.isSafeInteger(first) || !Number.isSafeInteger(last) || first < 0 || first > last) {
    throw new LogError('PROOF_INVALID', `no tree of ${last} leaves begins with ${first}`);
  }
  if (first > 0) {
    verifySubtree({
      start: 0n,
      end: BigInt(first),
      size: BigInt(last),
      hash: firstRoot,
      proof,
      root: lastRoot,
    });
    return;
  }
  const roots = last === 0 ? [firstRoot, lastRoot] : [firstRoot];
  if (proof.length > 0 || !roots.every((root) => equalBytes(root, EMPTY_ROOT))) {
    throw new LogError('PROOF_INVALID', 'the empty tree has another root, and needs no proof');
  }
  if (lastRoot.length !== HASH_SIZE) {
    throw new LogError('PROOF_INVALID', `a root of ${lastRoot.length} bytes, not ${HASH_SIZE}`);
  }
}
