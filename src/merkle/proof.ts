/**
 * Which hashes make up a proof: inclusion (RFC 6962 section 2.1.1), consistency (section 2.1.2) and, more general than that,
 * of a subtree.
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

/**
 * Returns the root hash over neighbouring perfect subtrees that end where the tree ends, from the leaf `from` on. All
 * proofs at one size have few of them in common, so who makes many may remember.
 */
export type FoldEdge = (hashes: readonly Uint8Array[], from: number) => Uint8Array;

/** Folds without remembering anything. */
export const foldAnew: FoldEdge = (hashes) => foldSubtrees(hashes) as Uint8Array;

/** How to make one proof. */
export interface ProofPlan {
  /** The subtrees whose root hashes `assemble` needs; all are complete at the size of the proof. */
  readonly nodes: readonly NodeID[];
  /** Returns the proof, 32 bytes an element, from the hashes of `nodes` in their order. */
  assemble(hashes: readonly Uint8Array[], foldEdge?: FoldEdge): Uint8Array[];
}

/**
 * Returns the plan for the inclusion proof of leaf `index` in the tree of `size` leaves, leaf to root.
 * Throws PROOF_RANGE unless 0 <= index < size.
 */
export function planInclusionProof(index: number, size: number): ProofPlan {
  if (!Number.isSafeInteger(size) || !Number.isSafeInteger(index) || index < 0 || index >= size) {
    throw new LogError('PROOF_RANGE', `no leaf ${index} in a tree of ${size} leaves`);
  }
  return climb([], { level: 0, index }, size);
}

/**
 * Returns the plan for the consistency proof between the trees of `first` and `last` leaves; it is empty when
 * they are equal and when `first` is 0. Throws PROOF_RANGE unless 0 <= first <= last.
 */
export function planConsistencyProof(first: number, last: number): ProofPlan {
  if (!Number.isSafeInteger(first) || !Number.isSafeInteger(last) || first < 0 || first > last) {
    throw new LogError('PROOF_RANGE', `no consistency proof from ${first} to ${last} leaves`);
  }
  return first === 0 ? new Plan([], undefined) : climbFromSubtree(0, first, last);
}

/**
 * Returns the plan for the proof that a tree holds the leaves [start, end). They must be a subtree of it, which nothing here
 * checks: see subtree.ts.
 */
export function climbFromSubtree(start: number, end: number, size: number): ProofPlan {
  // At the edge of the tree as on the left of it, a subtree that is one node is where the way begins: its hash is known.
  const length = end - start;
  let level = 0;
  let width = 1;
  for (; width < length && (end === size || end % (2 * width) === 0); width *= 2) level++;
  const from = { level, index: Math.ceil(end / width) - 1 };
  return climb(from.index * width === start ? [] : [from], from, size);
}

/** The subtrees of a plan that are folded into one element. */
interface Edge {
  /** Their first leaf; the last one is the tree's. */
  readonly from: number;
  /** Their places in `nodes`: [start, end). */
  readonly start: number;
  readonly end: number;
}

/** Adds to `nodes` the siblings on the way from a subtree to the root of the tree of `size` leaves. */
function climb(nodes: NodeID[], from: NodeID, size: number): ProofPlan {
  let edge: Edge | undefined;
  let { level, index } = from;
  let width = 2 ** level;
  let complete = Math.floor(size / width);
  while (width < size) {
    const isRight = index % 2 === 1;
    const sibling = isRight ? index - 1 : index + 1;
    if (sibling < complete) {
      nodes.push({ level, index: sibling });
    } else if (sibling * width < size) {
      // Not complete, so it ends where the tree does. Further up there are siblings on the left only: at most one edge.
      const start = nodes.length;
      pushSubtrees(nodes, sibling * width, size, level);
      edge = { from: sibling * width, start, end: nodes.length };
    }
    level++;
    width *= 2;
    index = (isRight ? sibling : index) / 2;
    complete = Math.floor(complete / 2);
  }
  return new Plan(nodes, edge);
}

/** Adds the perfect subtrees of [from, size), largest first, all of them below `level`. */
function pushSubtrees(nodes: NodeID[], from: number, size: number, below: number): void {
  let level = below;
  for (let at = from, width = 2 ** below; at < size; ) {
    level--;
    width /= 2;
    if (at + width > size) continue;
    nodes.push({ level, index: at / width });
    at += width;
  }
}

class Plan implements ProofPlan {
  readonly nodes: readonly NodeID[];
  readonly #edge: Edge | undefined;

  constructor(nodes: readonly NodeID[], edge: Edge | undefined) {
    this.nodes = nodes;
    this.#edge = edge;
  }

  assemble(hashes: readonly Uint8Array[], foldEdge: FoldEdge = foldAnew): Uint8Array[] {
    if (hashes.length !== this.nodes.length) {
      const reason = `${hashes.length} hashes for a plan of ${this.nodes.length}`;
      throw new LogError('PROOF_RANGE', reason);
    }
    const proof = [...hashes];
    if (this.#edge === undefined) return proof;
    const { from, start, end } = this.#edge;
    proof.splice(start, end - start, foldEdge(hashes.slice(start, end), from));
    return proof;
  }
}
