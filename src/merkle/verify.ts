/**
 * Checks inclusion and consistency proofs of RFC 6962 trees, inclusion by the walk of RFC 9162 section 2.1.3.2,
 * consistency as that of the subtree of the first leaves (subtree.ts):
 * https://www.rfc-editor.org/rfc/rfc9162#section-2.1.3.2
 *
 * Deliberately no kin of proof.ts: what one gets wrong, the other must not. Sizes are safe integers up to
 * 2^53 - 1; halving is arithmetic, never a 32-bit shift.
 */

import { equalBytes } from '../encoding/bytes.js';
import { LogError } from '../errors.js';
import { EMPTY_ROOT, HASH_SIZE, nodeHash } from './hash.js';
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
  checkLengths([leafHash, root, ...proof]);
  let node = index;
  let last = size - 1;
  let hash = leafHash;
  for (const sibling of proof) {
    if (last === 0) throw new LogError('PROOF_INVALID', 'the inclusion proof is too long');
    if (isOdd(node) || node === last) {
      hash = nodeHash(sibling, hash);
      // The right edge has no sibling on levels where it is alone: they are passed over.
      while (!isOdd(node) && node !== 0) {
        node = half(node);
        last = half(last);
      }
    } else {
      hash = nodeHash(hash, sibling);
    }
    node = half(node);
    last = half(last);
  }
  if (last !== 0) throw new LogError('PROOF_INVALID', 'the inclusion proof is too short');
  if (!equalBytes(hash, root)) {
    throw new LogError('PROOF_INVALID', `the inclusion proof of leaf ${index} gives another root`);
  }
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
  checkLengths([firstRoot, lastRoot, ...proof]);
  if (first === 0 || first === last) {
    if (proof.length > 0) throw new LogError('PROOF_INVALID', 'the consistency proof is too long');
    if (first === 0) requireEqual(firstRoot, EMPTY_ROOT, 'first');
    if (first === last) requireEqual(firstRoot, lastRoot, 'last');
    return;
  }
  verifySubtree({
    start: 0n,
    end: BigInt(first),
    size: BigInt(last),
    hash: firstRoot,
    proof,
    root: lastRoot,
  });
}

function requireEqual(found: Uint8Array, root: Uint8Array, which: 'first' | 'last'): void {
  if (equalBytes(found, root)) return;
  throw new LogError('PROOF_INVALID', `the consistency proof gives another ${which} root`);
}

function checkLengths(hashes: readonly Uint8Array[]): void {
  for (const hash of hashes) {
    if (hash.length === HASH_SIZE) continue;
    throw new LogError('PROOF_INVALID', `a hash of ${hash.length} bytes, not ${HASH_SIZE}`);
  }
}

function isOdd(n: number): boolean {
  return n % 2 === 1;
}

function half(n: number): number {
  return Math.floor(n / 2);
}
