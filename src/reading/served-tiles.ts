/**
 * Tiles and bundles as they are handed out, those that were asked for lately in memory.
 *
 * In scope: keeping within a bound, one read for all who ask at the same time. Out of scope: which tiles a tree has and
 * how they are read (tiles.ts), tiles for proofs (tile-cache.ts), though a hash tile that lies there is not read again.
 * State: what is kept, and the reads under way. What is named by coordinates never changes, so nothing kept is wrong.
 */

import { BoundedCache } from '../caching/bounded-cache.js';
import { type TileCoordinates, tilePath } from '../merkle/tile.js';
import type { LogStore } from '../storage/log-store.js';
import type { TileCache } from './tile-cache.js';
import { hasTile, readTile } from './tiles.js';

/** Where tiles are read, and how many bytes of them are kept. */
export interface ServedTilesOptions {
  readonly log: Pick<LogStore, 'hashes' | 'leafBytes'>;
  readonly cache: TileCache;
  /** Memory for hash tiles. */
  readonly servedTileBytes: number;
  /** Memory for entry bundles, which are some fifty times as long. */
  readonly servedBundleBytes: number;
}

/** Bounds of a log that is not told otherwise: the tiles of half a million entries, and some hundred bundles. */
export const DEFAULT_SERVED_TILE_BYTES = 16 * 1024 * 1024;
export const DEFAULT_SERVED_BUNDLE_BYTES = 48 * 1024 * 1024;

/** What a kept tile takes beside its bytes. */
const OVERHEAD = 256;

type KeptTiles = BoundedCache<string, Uint8Array>;

/** The tiles of one log. */
export class ServedTiles {
  readonly #log: ServedTilesOptions['log'];
  readonly #cache: TileCache;
  readonly #tiles: KeptTiles;
  readonly #bundles: KeptTiles;
  readonly #reading = new Map<string, Promise<Uint8Array | undefined>>();

  constructor({ log, cache, servedTileBytes, servedBundleBytes }: ServedTilesOptions) {
    this.#log = log;
    this.#cache = cache;
    this.#tiles = new BoundedCache(servedTileBytes, costOf);
    this.#bundles = new BoundedCache(servedBundleBytes, costOf);
  }

  /**
   * Returns the bytes of a tile or bundle of the tree of `size` leaves, a committed size; nobody may write to them.
   * Undefined when the tree does not reach so far. Throws STORE_CORRUPT.
   */
  async read(tile: TileCoordinates, size: number): Promise<Uint8Array | undefined> {
    if (!hasTile(tile, size)) return undefined;
    const { level, index, width } = tile;
    const atHand = level === 'entries' ? undefined : this.#cache.row(level, index, width);
    if (atHand !== undefined) return atHand;
    const path = tilePath(tile);
    const kept = level === 'entries' ? this.#bundles : this.#tiles;
    return kept.get(path) ?? this.#readOnce(path, tile, size, kept);
  }

  async #readOnce(
    path: string,
    tile: TileCoordinates,
    size: number,
    kept: KeptTiles,
  ): Promise<Uint8Array | undefined> {
    const underWay = this.#reading.get(path);
    if (underWay !== undefined) return underWay;
    const reading = readTile(this.#log, tile, size);
    this.#reading.set(path, reading);
    try {
      const bytes = await reading;
      if (bytes !== undefined) kept.set(path, bytes);
      return bytes;
    } finally {
      this.#reading.delete(path);
    }
  }
}

/** A partial tile is a part of the row in which it was found. */
function costOf({ buffer }: Uint8Array): number {
  return OVERHEAD + buffer.byteLength;
}
