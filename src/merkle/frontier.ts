/**
 * The frontier of a tree: the roots of the perfect subtrees that its leaves fall into, from the left, one for
 * each 1 in the binary form of the tree size. It is all that appending and the root hash need (RFC 6962
 * section 2.1; the literature says compact range).
 *
 * Pure: inputs are left as they are. Sizes are safe integers, so no operator here works on 32 bits.
 */

import { LogError } from '../errors.js';
import { EMPTY_ROOT, HASH_SIZE, nodeHash } from './hash.js';

/** The frontier of a tree of `size` leaves; the hash of the largest subtree comes first. */
export interface Frontier {
  readonly size: number;
  readonly hashes: readonly Uint8Array[];
}

/** The frontier of a tree without leaves. */
export const EMPTY_FRONTIER: Frontier = { size: 0, hashes: [] };

/** Returns the root hash, 32 bytes. */
export function frontierRoot(frontier: Frontier): Uint8Array {
  return foldSubtrees(frontier.hashes) ?? EMPTY_ROOT;
}

/** Returns the frontier after these leaf hashes were appended. Throws ENCODING_MALFORMED, see `growFrontier`. */
export function appendToFrontier(frontier: Frontier, leafHashes: readonly Uint8Array[]): Frontier {
  return growFrontier(frontier, leafHashes, () => {});
}

/**
 * Returns the frontier after these leaf hashes were appended, and reports the root of every perfect subtree
 * that became complete, leaves (height 0) included, in the order of completion: less than two for each leaf.
 * Throws ENCODING_MALFORMED for a hash that is not 32 bytes long.
 */
export function growFrontier(
  frontier: Frontier,
  leafHashes: readonly Uint8Array[],
  completed: (height: number, hash: Uint8Array) => void,
): Frontier {
  const hashes = [...frontier.hashes];
  let size = frontier.size;
  for (const leaf of leafHashes) {
    if (leaf.length !== HASH_SIZE) {
      throw new LogError('ENCODING_MALFORMED', `a leaf hash of ${leaf.length} bytes`);
    }
    let hash = leaf;
    let height = 0;
    completed(height, hash);
    // Each trailing 1 of the size is a subtree that waits for this one as its right sibling.
    for (let n = size; n % 2 === 1; n = (n - 1) / 2) {
      hash = nodeHash(hashes.pop() as Uint8Array, hash);
      height++;
      completed(height, hash);
    }
    hashes.push(hash);
    size++;
  }
  return { size, hashes };
}

/**
 * Returns the root hash over neighbouring perfect subtrees of falling size, undefined for none: RFC 6962 puts
 * as many leaves as possible to the left, so the smallest ones are joined first.
 */
export function foldSubtrees(hashes: readonly Uint8Array[]): Uint8Array | undefined {
  return hashes.reduceRight<Uint8Array | undefined>(
    (right, left) => (right === undefined ? left : nodeHash(left, right)),
    undefined,
  );
}

/**
 * Returns the root hash of the perfect subtree over neighbouring hashes of one level, given concatenated:
 * 2^k times 32 bytes. Throws ENCODING_MALFORMED for another length.
 */
export function perfectSubtreeRoot(hashes: Uint8Array): Uint8Array {
  return subtreeRoots(hashes, 1);
}

/** Returns the root hashes of the `wanted` perfect subtrees that such hashes fall into, a power of two; concatenated. */
export function subtreeRoots(hashes: Uint8Array, wanted: number): Uint8Array {
  let count = hashes.length / HASH_SIZE;
  if (!Number.isInteger(Math.log2(count))) {
    throw new LogError('ENCODING_MALFORMED', `${hashes.length} bytes of hashes, no power of two`);
  }
  const row = hashes.slice();
  for (; count > wanted; count /= 2) {
    for (let i = 0; i < count; i += 2) {
      const at = i * HASH_SIZE;
      const left = row.subarray(at, at + HASH_SIZE);
      const right = row.subarray(at + HASH_SIZE, at + 2 * HASH_SIZE);
      row.set(nodeHash(left, right), at / 2);
    }
  }
  return row.slice(0, count * HASH_SIZE);
}
