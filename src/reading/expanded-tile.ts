/**
 * The hashes of one tile and the perfect subtrees in it, the whole tile's own root excepted, each computed when it is
 * first asked for: a proof takes eight of them.
 *
 * In scope: one tile, which may grow. Out of scope: which tiles there are (tile-cache.ts). A tile owns its bytes; the
 * hashes that it hands out are views that nobody may write to.
 */

import { HASH_SIZE, nodeHash } from '../merkle/hash.js';
import { TILE_WIDTH } from '../merkle/tile.js';
import type { StoredTile } from '../storage/log-store.js';

/** Subtrees of heights 1 to 7. */
const SUBTREES = TILE_WIDTH - 2;

/** Most bytes of a tile's hashes at all heights, and what is noted of them. */
export const EXPANDED_BYTES: number = (TILE_WIDTH + SUBTREES) * HASH_SIZE + SUBTREES;

/** The height at which a tile has 16 subtrees, whose roots are stored with it. */
const SIXTEENTH_HEIGHT = 4;

/** One tile; its `width` never shrinks. */
export class ExpandedTile {
  /** Height 0. */
  #hashes: Uint8Array;
  #width: number;
  readonly #sixteenths: Uint8Array | undefined;
  /** Heights 1 to 7: 128 hashes, 64, to 2; behind them for each whether it is computed. */
  #subtrees: Uint8Array | undefined;

  /** Takes over a full tile as it is stored; nobody may write to it any more. Default: a tile without hashes. */
  constructor(full?: StoredTile) {
    this.#hashes = full?.hashes ?? new Uint8Array(TILE_WIDTH * HASH_SIZE);
    this.#width = full === undefined ? 0 : TILE_WIDTH;
    this.#sixteenths = full?.sixteenths;
  }

  /** Number of hashes known at height 0. */
  get width(): number {
    return this.#width;
  }

  /** Adds the hashes from position `from` on, which must not lie beyond `width`; known ones are skipped. */
  append(from: number, hashes: Uint8Array): void {
    const known = (this.#width - from) * HASH_SIZE;
    if (known >= hashes.length) return;
    this.#hashes.set(hashes.subarray(known), this.#width * HASH_SIZE);
    this.#width = from + hashes.length / HASH_SIZE;
  }

  /** Returns a view of the first `width` hashes of height 0, which must be known. */
  row(width: number): Uint8Array {
    return this.#hashes.subarray(0, width * HASH_SIZE);
  }

  /** Returns a view of the subtree hash of 2^`height` leaves at `offset`, all of which must be known. */
  node(height: number, offset: number): Uint8Array {
    if (height === 0) return hashAt(this.#hashes, offset);
    if (height === SIXTEENTH_HEIGHT && this.#sixteenths !== undefined) {
      return hashAt(this.#sixteenths, offset);
    }
    this.#subtrees ??= new Uint8Array(SUBTREES * (HASH_SIZE + 1));
    const place = TILE_WIDTH - ((2 * TILE_WIDTH) >> height) + offset;
    const hash = hashAt(this.#subtrees, place);
    const isComputed = SUBTREES * HASH_SIZE + place;
    if (this.#subtrees[isComputed] === 0) {
      hash.set(nodeHash(this.node(height - 1, 2 * offset), this.node(height - 1, 2 * offset + 1)));
      this.#subtrees[isComputed] = 1;
    }
    return hash;
  }
}

function hashAt(hashes: Uint8Array, place: number): Uint8Array {
  return hashes.subarray(place * HASH_SIZE, (place + 1) * HASH_SIZE);
}
