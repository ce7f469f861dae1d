/**
 * The folded right edge of the newest tree. Every proof at one size ends with the same few edges, at most one for each
 * 1 in the binary form of the size, and folding one takes up to a hash for each.
 *
 * State: the size and the edges that were asked for at it.
 */

import { type FoldEdge, foldAnew } from '../merkle/proof.js';

/** Remembers the edges of the largest tree that it was asked about. */
export class EdgeFolds {
  #size = 0;
  #fold = foldAnew;

  /** Returns how the edges of the tree of `size` leaves are folded; those of an older tree are not remembered. */
  at(size: number): FoldEdge {
    if (size < this.#size) return foldAnew;
    if (size > this.#size) {
      this.#size = size;
      this.#fold = remembering();
    }
    return this.#fold;
  }
}

function remembering(): FoldEdge {
  const folded = new Map<number, Uint8Array>();
  return (hashes, from) => {
    const known = folded.get(from);
    if (known !== undefined) return known;
    const hash = foldAnew(hashes, from);
    folded.set(from, hash);
    return hash;
  };
}
