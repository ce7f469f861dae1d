/**
 * The hashes of one tile and the perfect subtrees in it, the whole tile's own root excepted, each computed when it is
 * first asked for: a proof takes eight of them, in one sixteenth of the tile and above.
 *
 * In scope: one tile, which grows. Out of scope: which tiles there are (tile-cache.ts). A tile owns its bytes; the
 * hashes that it hands out are views that nobody may write to.
 */

import { HASH_SIZE, nodeHash } from '../merkle/hash.js';
import { TILE_HEIGHT, TILE_WIDTH } from '../merkle/tile.js';
import { SIXTEENTHS } from '../storage/log-store.js';

/** Bytes of a tile's hashes at all heights. */
export const EXPANDED_BYTES: number = (2 * TILE_WIDTH - 2) * HASH_SIZE;

/** The height at which a tile has 16 subtrees, and the hashes in one of them. */
const SIXTEENTH_HEIGHT = 4;
const SIXTEENTH_WIDTH = TILE_WIDTH / SIXTEENTHS;

/** One tile; its `width` never shrinks. */
export class ExpandedTile {
  /** Row after row: 256 hashes of height 0, 128 of height 1, to 2 of height 7. */
  readonly #rows = new Uint8Array(EXPANDED_BYTES);
  #width = 0;
  /** For each sixteenth over how many of its hashes the subtrees in it are computed. */
  readonly #within = new Uint8Array(SIXTEENTHS);
  /** The roots of so many sixteenths were given. */
  #given = 0;
  /** Over so many sixteenths the subtrees above them are computed. */
  #above = 0;

  /** Number of hashes known at height 0. */
  get width(): number {
    return this.#width;
  }

  /** Adds the hashes from position `from` on, which must not lie beyond `width`; known ones are skipped. */
  append(from: number, hashes: Uint8Array): void {
    const known = (this.#width - from) * HASH_SIZE;
    if (known >= hashes.length) return;
    this.#rows.set(hashes.subarray(known), this.#width * HASH_SIZE);
    this.#width = from + hashes.length / HASH_SIZE;
  }

  /** Takes the roots of all sixteenths as they were computed before. */
  giveSixteenths(roots: Uint8Array): void {
    this.#rows.set(roots, rowStart(SIXTEENTH_HEIGHT));
    this.#given = SIXTEENTHS;
  }

  /** Returns a view of the first `width` hashes of height 0, which must be known. */
  row(width: number): Uint8Array {
    return this.#rows.subarray(0, width * HASH_SIZE);
  }

  /** Returns a view of the subtree hash of 2^`height` leaves at `offset`, all of which must be known. */
  node(height: number, offset: number): Uint8Array {
    if (height > SIXTEENTH_HEIGHT) this.#computeAbove(((offset + 1) << height) / SIXTEENTH_WIDTH);
    else if (height > 0)
      this.#computeWithin(Math.floor((offset << height) / SIXTEENTH_WIDTH), height);
    return this.#view(height, offset);
  }

  /** Computes the subtrees in a sixteenth, up to its root, as far as its hashes are known. */
  #computeWithin(sixteenth: number, height: number): void {
    if (height === SIXTEENTH_HEIGHT && sixteenth < this.#given) return;
    const start = sixteenth * SIXTEENTH_WIDTH;
    const known = Math.min(SIXTEENTH_WIDTH, this.#width - start);
    let done = this.#within[sixteenth] as number;
    for (; done < known; done++) this.#complete(0, start + done, SIXTEENTH_HEIGHT);
    this.#within[sixteenth] = done;
  }

  /** Computes the subtrees above the first `count` sixteenths. */
  #computeAbove(count: number): void {
    for (; this.#above < count; this.#above++) {
      this.#computeWithin(this.#above, SIXTEENTH_HEIGHT);
      this.#complete(SIXTEENTH_HEIGHT, this.#above, TILE_HEIGHT - 1);
    }
  }

  /** Each hash at an odd place completes a subtree; that one may complete the next, up to the height `top`. */
  #complete(from: number, at: number, top: number): void {
    let offset = at;
    for (let height = from; height < top && offset % 2 === 1; height++) {
      const parent = nodeHash(this.#view(height, offset - 1), this.#view(height, offset));
      offset = (offset - 1) / 2;
      this.#rows.set(parent, rowStart(height + 1) + offset * HASH_SIZE);
    }
  }

  #view(height: number, offset: number): Uint8Array {
    const at = rowStart(height) + offset * HASH_SIZE;
    return this.#rows.subarray(at, at + HASH_SIZE);
  }
}

function rowStart(height: number): number {
  return (2 * TILE_WIDTH - ((2 * TILE_WIDTH) >> height)) * HASH_SIZE;
}
