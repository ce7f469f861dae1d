/**
 * What every driver refuses before it writes: a commit that contradicts itself is a bug of the caller, and
 * must not reach a disk. A RangeError, not a LogError: no client and no operator can cause it.
 */

import { equalBytes } from '../encoding/bytes.js';
import { frontierRoot } from '../merkle/frontier.js';
import { EMPTY_ROOT, HASH_SIZE } from '../merkle/hash.js';
import { FULL_TILE_SIZE, fullTilesBetween } from './full-tiles.js';
import { type Commit, checkLeaf, type Head, type NewLeaf } from './log-store.js';

/** The head of a log without entries. */
export const EMPTY_HEAD: Head = {
  size: 0,
  root: EMPTY_ROOT,
  frontier: [],
  integratedTimeSeconds: 0,
  batch: 0,
};

/**
 * Throws RangeError when `commit` is not a step from the head `from`, or its parts do not fit each other; `leavesRepeat`
 * says whether the log's leaves may.
 */
export function checkCommitShape(commit: Commit, from: Head, leavesRepeat: boolean): void {
  const { head, leaves } = commit;
  if (leaves.length === 0) throw new RangeError('a commit holds at least one leaf');
  if (head.size !== from.size + leaves.length) {
    throw new RangeError(
      `a head of size ${head.size} does not follow ${from.size} and ${leaves.length} leaves`,
    );
  }
  if (head.batch !== from.batch + 1) {
    throw new RangeError(`batch ${head.batch} does not follow batch ${from.batch}`);
  }
  if (head.root.length !== HASH_SIZE || head.frontier.some((hash) => hash.length !== HASH_SIZE)) {
    throw new RangeError('the root and the frontier of a head are hashes of 32 bytes');
  }
  // A head whose frontier does not fold to its root would pass every later check but the start's.
  if (!equalBytes(frontierRoot({ size: head.size, hashes: head.frontier }), head.root)) {
    throw new RangeError('the frontier of a head does not fold to its root');
  }
  checkTiles(commit, from.size);
  for (const leaf of leaves) checkLeaf(leaf);
  if (!leavesRepeat) checkDistinct(leaves);
}

function checkTiles(commit: Commit, sizeBefore: number): void {
  // Exactly the tiles that became full: one missing would be a hole that shows only when it is read.
  const expected = new Set(
    fullTilesBetween(sizeBefore, commit.head.size).map(({ level, index }) => `${level}/${index}`),
  );
  for (const tile of commit.fullTiles) {
    if (tile.hashes.length !== FULL_TILE_SIZE || !expected.delete(`${tile.level}/${tile.index}`)) {
      throw new RangeError(`tile ${tile.level}/${tile.index} did not become full in this commit`);
    }
  }
  if (expected.size > 0) throw new RangeError(`tile ${[...expected][0]} is missing in the commit`);
}

function checkDistinct(leaves: readonly NewLeaf[]): void {
  const seen = new Set<string>();
  for (const leaf of leaves) {
    const hash = Buffer.from(leaf.hash).toString('latin1');
    if (seen.has(hash)) throw new RangeError('a leaf hash occurs twice in one commit');
    seen.add(hash);
  }
}

/** Returns what `indexesOf` throws in a log whose leaves may repeat. */
export function notIndexed(): RangeError {
  return new RangeError('the leaves of this log may repeat, so their hashes are not indexed');
}

/** Throws RangeError unless [from, to) is a range of safe integers that ends at or below `end`. */
export function checkRange(from: number, to: number, end: number): void {
  if (!(Number.isSafeInteger(from) && Number.isSafeInteger(to)) || from < 0 || to < from) {
    throw new RangeError(`[${from}, ${to}) is not a range`);
  }
  if (to > end) throw new RangeError(`[${from}, ${to}) is not committed, only [0, ${end}) is`);
}
