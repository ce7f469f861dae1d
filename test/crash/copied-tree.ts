/** A reader's own copy of a tree, made of nothing but the leaves: every root and tile that it ever had. */

import { EMPTY_FRONTIER, foldSubtrees, growFrontier } from '../../src/merkle/frontier.js';
import { EMPTY_ROOT } from '../../src/merkle/hash.js';
import { TILE_WIDTH } from './tile-log.js';

/** Levels of the tree in one tile. */
const TILE_HEIGHT = Math.log2(TILE_WIDTH);

export class CopiedTree {
  #frontier = EMPTY_FRONTIER;
  /** The roots of the complete subtrees of each height, from the left. */
  readonly #rows: Buffer[][] = [];

  /** Leaves so far. */
  get size(): number {
    return this.#frontier.size;
  }

  /** Appends leaves by their hashes. */
  append(leafHashes: readonly Uint8Array[]): void {
    this.#frontier = growFrontier(this.#frontier, leafHashes, (height, hash) => {
      this.#rows[height] ??= [];
      this.#rows[height].push(Buffer.from(hash));
    });
  }

  /** Returns the hash of a leaf. */
  leafHash(index: number): Buffer | undefined {
    return this.#rows[0]?.[index];
  }

  /** Returns the root that the tree had at a size up to the present one. */
  rootAt(size: number): Buffer {
    if (size > this.size) throw new Error(`the copy has ${this.size} leaves, not ${size}`);
    const subtrees: Buffer[] = [];
    let from = 0;
    for (let height = this.#rows.length - 1; height >= 0; height--) {
      const width = 2 ** height;
      if (from + width > size) continue;
      subtrees.push(this.#rows[height]?.[from / width] as Buffer);
      from += width;
    }
    return Buffer.from(foldSubtrees(subtrees) ?? EMPTY_ROOT);
  }

  /** Returns the bytes of a hash tile, fewer than asked for when the tree does not reach so far. */
  tile(level: number, index: number, width: number): Buffer {
    const row = this.#rows[level * TILE_HEIGHT] ?? [];
    return Buffer.concat(row.slice(index * TILE_WIDTH, index * TILE_WIDTH + width));
  }
}
