/**
 * Proofs at a named size, from cached tiles.
 *
 * Spec: RFC 6962 section 2.1; ARCHITECTURE.md, "One head per answer". In scope: looking up what a plan names, all
 * reads of an answer together. Out of scope: the plans (merkle/proof.ts), which size is the right one (log/). No
 * state of its own.
 */

import { foldSubtrees } from '../merkle/frontier.js';
import { EMPTY_ROOT } from '../merkle/hash.js';
import {
  type FoldEdge,
  type NodeID,
  type ProofPlan,
  planConsistencyProof,
  planInclusionProof,
} from '../merkle/proof.js';
import type { TileCache } from './tile-cache.js';

/**
 * Returns the inclusion proofs of these leaves in the tree of `size` leaves, a committed size; leaf to root.
 * What the proofs share is read once. Throws PROOF_RANGE, STORE_CORRUPT.
 */
export async function inclusionProofs(
  cache: TileCache,
  indexes: readonly number[],
  size: number,
): Promise<Uint8Array[][]> {
  const plans = indexes.map((index) => planInclusionProof(index, size));
  const hashes = await cache.nodes(
    plans.flatMap((plan) => plan.nodes),
    size,
  );
  return assembleAll(plans, hashes, cache.edges.at(size));
}

/**
 * Returns the inclusion proof of one leaf if it can be made from memory, as it can for an entry that was just
 * added: no promise, no turn of the event loop. Throws PROOF_RANGE.
 */
export function inclusionProofAtHand(
  cache: TileCache,
  index: number,
  size: number,
): Uint8Array[] | undefined {
  const plan = planInclusionProof(index, size);
  const hashes = cache.cached(plan.nodes);
  return hashes === undefined ? undefined : plan.assemble(hashes, cache.edges.at(size));
}

/** Returns the consistency proof between two committed sizes. Throws PROOF_RANGE, STORE_CORRUPT. */
export async function consistencyProof(
  cache: TileCache,
  first: number,
  last: number,
): Promise<Uint8Array[]> {
  const plan = planConsistencyProof(first, last);
  return plan.assemble(await cache.nodes(plan.nodes, last), cache.edges.at(last));
}

/** Returns the root hash of the tree at `size`, a committed size. Throws STORE_CORRUPT. */
export async function rootAtSize(cache: TileCache, size: number): Promise<Uint8Array> {
  const nodes: NodeID[] = [];
  for (let from = 0; from < size; ) {
    const level = Math.floor(Math.log2(size - from));
    // log2 of a number just below a power of two is rounded up when the number is large.
    const height = 2 ** level > size - from ? level - 1 : level;
    nodes.push({ level: height, index: from / 2 ** height });
    from += 2 ** height;
  }
  return foldSubtrees(await cache.nodes(nodes, size)) ?? EMPTY_ROOT;
}

function assembleAll(
  plans: readonly ProofPlan[],
  hashes: readonly Uint8Array[],
  foldEdge: FoldEdge,
): Uint8Array[][] {
  let next = 0;
  return plans.map((plan) => {
    const own = hashes.slice(next, next + plan.nodes.length);
    next += plan.nodes.length;
    return plan.assemble(own, foldEdge);
  });
}
