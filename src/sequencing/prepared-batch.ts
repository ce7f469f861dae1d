/**
 * Batches made ready for the store: indexes, times and the grown tree.
 *
 * Spec: ARCHITECTURE.md, "The commit", steps 2 and 3. Pure: the time is an argument, inputs stay untouched.
 */

import { equalBytes } from '../encoding/bytes.js';
import { LogError } from '../errors.js';
import { frontierRoot } from '../merkle/frontier.js';
import { frontierOfEdge, integrate, type TreeEdge } from '../merkle/integrate.js';
import type { Commit, Head, NewLeaf } from '../storage/log-store.js';

/** A commit, and the tree edge that goes with its head. */
export interface PreparedBatch {
  readonly commit: Commit;
  readonly edge: TreeEdge;
}

/**
 * Returns the commit that appends `leaves` to the tree of `before`, all of them with one integrated time.
 * Throws STORE_CORRUPT when the tree does not have the root of its head: nothing is built on such a tree.
 */
export function prepareBatch(
  before: Head,
  edge: TreeEdge,
  leaves: readonly NewLeaf[],
  integratedTimeSeconds: number,
): PreparedBatch {
  assertRoot(before, edge);
  const hashes = leaves.map((leaf) => leaf.hash);
  const { edge: grown, frontier, root, fullTiles } = integrate(edge, hashes);
  const head: Head = {
    size: frontier.size,
    root,
    frontier: frontier.hashes,
    integratedTimeSeconds,
    batch: before.batch + 1,
  };
  const expect = { size: before.size, root: before.root };
  return { commit: { expect, leaves, head, fullTiles }, edge: grown };
}

/** Throws STORE_CORRUPT unless the stored frontier and the tree edge both fold to the root of the head. */
export function assertRoot(head: Head, edge: TreeEdge): void {
  const stored = frontierRoot({ size: head.size, hashes: head.frontier });
  const rebuilt = frontierRoot(frontierOfEdge(edge));
  if (edge.size === head.size && equalBytes(stored, head.root) && equalBytes(rebuilt, head.root))
    return;
  throw new LogError(
    'STORE_CORRUPT',
    `the stored tree does not have the root of its head at size ${head.size}`,
  );
}
