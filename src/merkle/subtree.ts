/**
 * Subtrees of a growing tree: an interval of leaves that hashes by itself, and the proof that a tree holds it.
 * https://www.ietf.org/archive/id/draft-ietf-plants-merkle-tree-certs-02.html#name-subtrees
 *
 * [start, end) is a subtree when `start` is a multiple of the smallest power of two that is no less than its length. All
 * that begins at 0 is one, so RFC 6962's consistency proof is a subtree proof. In scope: plans, checks and covers. Out of
 * scope: looking hashes up. Pure. What comes over the wire is BigInt, up to 2^63 - 1; what is planned is a tree of ours, of
 * safe integers. The check shares nothing with the plan: what one gets wrong, the other must not.
 */

import { equalBytes } from '../encoding/bytes.js';
import { LogError } from '../errors.js';
import { HASH_SIZE, nodeHash } from './hash.js';
import { climbFromSubtree, type ProofPlan } from './proof.js';

/** A claim that the leaves [start, end) of the tree of `size` leaves hash to this. */
export interface SubtreeClaim {
  readonly start: bigint;
  readonly end: bigint;
  readonly size: bigint;
  readonly hash: Uint8Array;
  readonly proof: readonly Uint8Array[];
  readonly root: Uint8Array;
}

/** The leaves from the first number on, up to but without the second. */
export type Interval = readonly [start: bigint, end: bigint];

const SIZE_BOUND = 2n ** 63n;

/** Returns whether [start, end) is a subtree: of every tree that has these leaves, or of none. */
export function isSubtree(start: bigint, end: bigint): boolean {
  return start >= 0n && start < end && start % widthOf(end - start) === 0n;
}

/**
 * Returns when the proof holds; that of consistency has `start` 0 and the old size as `end`. Throws PROOF_INVALID
 * otherwise, whatever the reason; the empty tree is no subtree.
 */
export function verifySubtree(claim: SubtreeClaim): void {
  const { start, end, size, hash, proof, root } = claim;
  if (size >= SIZE_BOUND || end > size || !isSubtree(start, end)) {
    throw invalid(`leaves [${start}, ${end}) are no subtree of ${size}`);
  }
  for (const { length } of [hash, root, ...proof]) {
    if (length !== HASH_SIZE) throw invalid(`a hash of ${length} bytes, not ${HASH_SIZE}`);
  }
  const [subtree, tree] = climb(claim);
  if (!equalBytes(subtree, hash)) throw invalid('the proof gives the subtree another hash');
  if (!equalBytes(tree, root)) throw invalid('the proof gives another root');
}

/**
 * Returns the plan for the proof that the tree of `size` leaves holds the subtree [start, end). Throws PROOF_RANGE when it
 * is no subtree, and unless `end` <= `size`, a safe integer.
 */
export function planSubtreeProof(start: number, end: number, size: number): ProofPlan {
  const areNumbers = [start, end, size].every(Number.isSafeInteger);
  if (!areNumbers || end > size || !isSubtree(BigInt(start), BigInt(end))) {
    throw outOfRange(`no subtree [${start}, ${end}) in a tree of ${size} leaves`);
  }
  return climbFromSubtree(start, end, size);
}

/**
 * Returns the one or two subtrees that hold the leaves [start, end), from the left: the interval itself where it is one,
 * otherwise two that meet, of which the left one may begin earlier. Throws PROOF_RANGE unless 0 <= start < end < 2^63.
 */
export function coverInterval(start: bigint, end: bigint): readonly Interval[] {
  if (start < 0n || start >= end || end >= SIZE_BOUND) {
    throw outOfRange(`no leaves [${start}, ${end}) to be covered`);
  }
  if (isSubtree(start, end)) return [[start, end]];
  // They meet where the ways from the first and the last leaf to the root do: below, each is at an edge.
  let half = 1n;
  while (start / (2n * half) !== (end - 1n) / (2n * half)) half *= 2n;
  const middle = (start / half + 1n) * half;
  const width = widthOf(middle - start);
  return [
    [middle - width, middle],
    [middle, end],
  ];
}

/**
 * Returns what the subtree and the tree hash to by the proof. On each level stand the nodes over the first leaf of the
 * subtree, its last leaf, and the last leaf of the tree. Throws PROOF_INVALID for a proof of another length.
 */
function climb({ start, end, size, hash, proof }: SubtreeClaim): [Uint8Array, Uint8Array] {
  let first = start;
  let last = end - 1n;
  let edge = size - 1n;
  // Up to the largest node that ends the subtree and that the proof therefore begins with.
  const endsTree = last === edge;
  while (first !== last && (endsTree || last % 2n === 1n)) {
    first /= 2n;
    last /= 2n;
    edge /= 2n;
  }
  // When that is all of the subtree, its hash is known and not in the proof.
  const [bottom, ...siblings] = first === last ? [hash, ...proof] : proof;
  if (bottom === undefined) throw invalid('the proof is empty');
  let subtree = bottom;
  let tree = bottom;
  for (const sibling of siblings) {
    if (edge === 0n) throw invalid('the proof is too long');
    if (last % 2n === 1n || last === edge) {
      if (first < last) subtree = nodeHash(sibling, subtree);
      tree = nodeHash(sibling, tree);
      // A node at the tree's edge has no sibling on levels where it is alone: they are passed over.
      while (last % 2n === 0n && last !== 0n) {
        first /= 2n;
        last /= 2n;
        edge /= 2n;
      }
    } else {
      tree = nodeHash(tree, sibling);
    }
    first /= 2n;
    last /= 2n;
    edge /= 2n;
  }
  if (edge !== 0n) throw invalid('the proof is too short');
  return [subtree, tree];
}

/** Returns the smallest power of two that is no less than a length. */
function widthOf(length: bigint): bigint {
  let width = 1n;
  while (width < length) width *= 2n;
  return width;
}

function invalid(message: string): LogError {
  return new LogError('PROOF_INVALID', message);
}

function outOfRange(message: string): LogError {
  return new LogError('PROOF_RANGE', message);
}
