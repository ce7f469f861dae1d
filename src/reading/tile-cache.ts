/**
 * Tiles in memory with the perfect subtrees inside them, so that a proof costs look-ups.
 *
 * Spec: ARCHITECTURE.md, "Rooms", reading. A committed hash never changes, so a cached tile is never wrong, only
 * narrow: the tile at the right edge grows in place as the tree does.
 *
 * In scope: reading, evicting. Out of scope: which nodes a proof needs (merkle/proof.ts), what is inside a tile
 * (expanded-tile.ts). The cache owns its tiles; the hashes it hands out are views that nobody may write to.
 */

import { BoundedCache } from '../caching/bounded-cache.js';
import { LogError } from '../errors.js';
import { HASH_SIZE } from '../merkle/hash.js';
import type { FullTile, TreeEdge } from '../merkle/integrate.js';
import type { NodeID } from '../merkle/proof.js';
import { TILE_HEIGHT, TILE_WIDTH } from '../merkle/tile.js';
import type { LogStore } from '../storage/log-store.js';
import { EdgeFolds } from './edge-folds.js';
import { EXPANDED_BYTES, ExpandedTile } from './expanded-tile.js';

/** Memory that one cached tile counts for, in bytes, the bookkeeping included. */
export const TILE_COST = EXPANDED_BYTES + 256;

/** Bound of a cache that is not told otherwise: the tiles of half a million leaves. */
export const DEFAULT_TILE_CACHE_BYTES = 32 * 1024 * 1024;

/** Where tiles are read. */
type ReadTree = Pick<LogStore, 'hashes' | 'fullTile'>;

/** The tiles of one log in memory, the least recently used dropped first. */
export class TileCache {
  /** The folded edges of the tree, which its nodes make up. */
  readonly edges: EdgeFolds = new EdgeFolds();
  readonly #log: ReadTree;
  readonly #tiles: BoundedCache<number, ExpandedTile>;
  readonly #loading = new Map<number, Promise<void>>();

  /** `maxBytes` bounds what is kept; one tile at least is. */
  constructor(log: ReadTree, maxBytes: number = DEFAULT_TILE_CACHE_BYTES) {
    this.#log = log;
    this.#tiles = new BoundedCache(Math.max(maxBytes, TILE_COST), () => TILE_COST);
  }

  /** Number of tiles held. */
  get tiles(): number {
    return this.#tiles.cost / TILE_COST;
  }

  /** Takes in what an integration brought, so that proofs at the new size need no read. */
  grow(edge: TreeEdge, fullTiles: readonly FullTile[]): void {
    for (const { level, index, hashes } of fullTiles) this.#keep(keyOf(level, index), hashes);
    for (const [level, hashes] of edge.tiles.entries()) {
      if (hashes.length === 0) continue;
      this.#keep(keyOf(level, Math.floor(edge.size / TILE_WIDTH ** (level + 1))), hashes);
    }
  }

  /** Returns the hashes of `nodes` if all are in memory; no node may lie outside the committed tree. */
  cached(nodes: readonly NodeID[]): Uint8Array[] | undefined {
    const hashes: Uint8Array[] = [];
    for (const node of nodes) {
      const { key, height, offset } = placeOf(node);
      const tile = this.#tiles.get(key);
      if (tile === undefined || tile.width < (offset + 1) << height) return undefined;
      hashes.push(tile.node(height, offset));
    }
    return hashes;
  }

  /** Returns the first `width` hashes of a tile, concatenated, if they are in memory. */
  row(level: number, index: number, width: number): Uint8Array | undefined {
    const tile = this.#tiles.get(keyOf(level, index));
    return tile === undefined || tile.width < width ? undefined : tile.row(width);
  }

  /**
   * Returns the hashes of `nodes`, all of which must be complete in the tree of `size` leaves, a committed size.
   * Reads each missing tile once, all of them together. Throws STORE_CORRUPT.
   */
  async nodes(nodes: readonly NodeID[], size: number): Promise<Uint8Array[]> {
    const atHand = this.cached(nodes);
    if (atHand !== undefined) return atHand;
    // The tiles of one answer are held here, whatever is evicted meanwhile.
    const tiles = new Map<number, ExpandedTile>();
    const places = nodes.map(placeOf);
    await Promise.all(
      [...new Map(places.map((place) => [place.key, place])).values()].map(async (place) => {
        const needed = Math.min(
          TILE_WIDTH,
          hashesAtLevel(size, place.level) - place.index * TILE_WIDTH,
        );
        tiles.set(place.key, await this.#load(place, needed));
      }),
    );
    return places.map(({ key, height, offset }) => {
      const tile = tiles.get(key);
      if (tile === undefined || tile.width < (offset + 1) << height) {
        throw new LogError(
          'STORE_CORRUPT',
          `a node of the tree at size ${size} is not in its tile`,
        );
      }
      return tile.node(height, offset);
    });
  }

  async #load(place: Place, needed: number): Promise<ExpandedTile> {
    for (;;) {
      const known = this.#tiles.get(place.key);
      if (known !== undefined && known.width >= needed) return known;
      const underWay = this.#loading.get(place.key);
      if (underWay === undefined) {
        const reading = this.#read(place, known, needed);
        const settled = reading.then(ignore, ignore);
        this.#loading.set(place.key, settled);
        // Not by `finally` on `reading`: that would leave a second promise to reject unseen.
        settled.then(() => this.#loading.delete(place.key));
        return reading;
      }
      // Somebody reads this tile already; if that fails, our own read finds out for ourselves.
      await underWay;
    }
  }

  async #read(
    { level, index, key }: Place,
    known: ExpandedTile | undefined,
    to: number,
  ): Promise<ExpandedTile> {
    if (known === undefined && to === TILE_WIDTH) {
      return this.#keepWider(key, new ExpandedTile(await this.#log.fullTile(level, index)));
    }
    const tile = known ?? new ExpandedTile();
    const base = index * TILE_WIDTH;
    const from = tile.width;
    const hashes = await this.#log.hashes(level, base + from, base + to);
    if (hashes.length !== (to - from) * HASH_SIZE) {
      const reason = `tile ${level}/${index} has ${hashes.length} bytes from ${from} to ${to}`;
      throw new LogError('STORE_CORRUPT', reason);
    }
    // `tile` may have been evicted or widened meanwhile; it only ever grows, so the part still fits.
    tile.append(from, hashes);
    return this.#keepWider(key, tile);
  }

  #keepWider(key: number, tile: ExpandedTile): ExpandedTile {
    const kept = this.#tiles.get(key);
    if (kept === undefined || kept.width < tile.width) this.#tiles.set(key, tile);
    return tile;
  }

  #keep(key: number, hashes: Uint8Array): void {
    const tile = this.#tiles.get(key) ?? new ExpandedTile();
    tile.append(0, hashes);
    this.#tiles.set(key, tile);
  }
}

interface Place {
  readonly key: number;
  /** Tile coordinates. */
  readonly level: number;
  readonly index: number;
  /** Position inside the tile. */
  readonly height: number;
  readonly offset: number;
}

function placeOf(node: NodeID): Place {
  const height = node.level % TILE_HEIGHT;
  const level = (node.level - height) / TILE_HEIGHT;
  const perTile = TILE_WIDTH >> height;
  const offset = node.index % perTile;
  const index = (node.index - offset) / perTile;
  return { key: keyOf(level, index), level, index, height, offset };
}

/** Levels are below 7, as sizes are below 2^53: one number names a tile. */
function keyOf(level: number, index: number): number {
  return index * TILE_HEIGHT + level;
}

function hashesAtLevel(size: number, level: number): number {
  return Math.floor(size / TILE_WIDTH ** level);
}

function ignore(): void {}
