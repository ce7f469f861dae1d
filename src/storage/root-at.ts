/**
 * Trees of earlier sizes, computed from stored hashes.
 *
 * In scope: edge and root of a log at a size that it has passed. Out of scope: proofs (reading/), how hashes are
 * stored.
 */

import { frontierRoot } from '../merkle/frontier.js';
import { edgeFromRanges, edgeRanges, frontierOfEdge, type TreeEdge } from '../merkle/integrate.js';
import type { LogStore } from './log-store.js';

/** Returns the right edge of the tree of the first `size` leaves, all of which must be committed. */
export async function edgeAt(log: Pick<LogStore, 'hashes'>, size: number): Promise<TreeEdge> {
  const hashes = await Promise.all(
    edgeRanges(size).map(({ level, from, to }) => log.hashes(level, from, to)),
  );
  return edgeFromRanges(size, hashes);
}

/** Returns the root hash of the first `size` leaves, all of which must be committed. Throws STORE_CORRUPT. */
export async function rootAt(log: Pick<LogStore, 'hashes'>, size: number): Promise<Uint8Array> {
  return frontierRoot(frontierOfEdge(await edgeAt(log, size)));
}
