/**
 * Integration: extending a tree by a batch of leaves, the heart of the log.
 *
 * From the right edge of the tree and the new leaf hashes come the new edge, the new root and every tile that
 * became full (https://c2sp.org/tlog-tiles). One node hash a leaf; hashes of a tile lie in one flat buffer.
 *
 * In scope: the arithmetic. Out of scope: where tiles and edges are kept (storage/), who integrates
 * (sequencing/). Pure: inputs are left as they are, and no state is kept.
 */

import { LogError } from '../errors.js';
import {
  EMPTY_FRONTIER,
  type Frontier,
  frontierRoot,
  growFrontier,
  perfectSubtreeRoot,
} from './frontier.js';
import { HASH_SIZE } from './hash.js';
import { type HashRange, TILE_HEIGHT, TILE_WIDTH } from './tile.js';

/** A tile with all its 256 hashes. */
export interface FullTile {
  /** Tile level, from 0. */
  readonly level: number;
  /** Position of the tile in its level, from 0. */
  readonly index: number;
  /** 256 hashes, concatenated: 8,192 bytes. */
  readonly hashes: Uint8Array;
}

/** The right edge of a tree: what must be known of it to append. Made by the functions of this file only. */
export interface TreeEdge {
  readonly size: number;
  /** For each tile level the hashes of its partial tile, concatenated: 0 to 255 of 32 bytes. */
  readonly tiles: readonly Uint8Array[];
  readonly frontier: Frontier;
}

/** The outcome of one integration. */
export interface Integration {
  readonly edge: TreeEdge;
  readonly frontier: Frontier;
  /** Root hash at the new size, 32 bytes. */
  readonly root: Uint8Array;
  /** Every tile that became full, at every level, in the order in which they became so. */
  readonly fullTiles: readonly FullTile[];
}

/** The edge of a tree without leaves. */
export const EMPTY_EDGE: TreeEdge = { size: 0, tiles: [], frontier: EMPTY_FRONTIER };

/** Returns the hashes that make up the edge of a tree of `size` leaves, in the order of tile levels. */
export function edgeRanges(size: number): HashRange[] {
  const ranges: HashRange[] = [];
  for (let level = 0, count = size; count > 0; level++, count = Math.floor(count / TILE_WIDTH)) {
    const from = count - (count % TILE_WIDTH);
    if (from < count) ranges.push({ level, from, to: count });
  }
  return ranges;
}

/**
 * Returns the edge of a tree of `size` leaves from the hashes of `edgeRanges(size)`, each range concatenated.
 * Throws ENCODING_MALFORMED when a range has another length.
 */
export function edgeFromRanges(size: number, hashes: readonly Uint8Array[]): TreeEdge {
  const ranges = edgeRanges(size);
  if (hashes.length !== ranges.length) {
    throw new LogError('ENCODING_MALFORMED', `${hashes.length} ranges, not ${ranges.length}`);
  }
  const tiles: Uint8Array[] = [];
  ranges.forEach((range, i) => {
    const tile = hashes[i] as Uint8Array;
    if (tile.length !== (range.to - range.from) * HASH_SIZE) {
      const level = range.level;
      throw new LogError('ENCODING_MALFORMED', `${tile.length} bytes of level ${level} hashes`);
    }
    while (tiles.length < range.level) tiles.push(new Uint8Array(0));
    tiles.push(tile.slice());
  });
  return { size, tiles, frontier: { size, hashes: tiles.toReversed().flatMap(subtreesOfTile) } };
}

/** Returns the frontier of the tree whose edge this is. */
export function frontierOfEdge(edge: TreeEdge): Frontier {
  return edge.frontier;
}

/** Returns the tree after these leaf hashes were appended. Throws ENCODING_MALFORMED for a hash not of 32 bytes. */
export function integrate(edge: TreeEdge, leafHashes: readonly Uint8Array[]): Integration {
  const size = edge.size + leafHashes.length;
  const growing: GrowingTile[] = [];
  const fullTiles: FullTile[] = [];
  const frontier = growFrontier(edge.frontier, leafHashes, (height, hash) => {
    // Roots of subtrees of 256^L leaves are the hashes of tile level L.
    if (height % TILE_HEIGHT !== 0) return;
    const level = height / TILE_HEIGHT;
    growing[level] ??= openTile(edge, level, size);
    const tile = growing[level];
    tile.hashes.set(hash, tile.filled);
    tile.filled += HASH_SIZE;
    if (tile.filled < TILE_WIDTH * HASH_SIZE) return;
    fullTiles.push({ level, index: tile.index, hashes: tile.hashes });
    growing[level] = newTile(level, tile.index + 1, size);
  });

  const levels = Math.max(edge.tiles.length, growing.length);
  const tiles = Array.from(
    { length: levels },
    (_, level) => growing[level]?.hashes ?? (edge.tiles[level] as Uint8Array),
  );
  const grown: TreeEdge = { size, tiles, frontier };
  return { edge: grown, frontier, root: frontierRoot(frontier), fullTiles };
}

/** A tile that hashes are being added to, in a buffer of the length that it will have in the end. */
interface GrowingTile {
  readonly index: number;
  readonly hashes: Uint8Array;
  /** Bytes of `hashes` that are in use. */
  filled: number;
}

function openTile(edge: TreeEdge, level: number, size: number): GrowingTile {
  const tile = newTile(level, Math.floor(edge.size / TILE_WIDTH ** (level + 1)), size);
  const known = edge.tiles[level];
  if (known === undefined) return tile;
  tile.hashes.set(known);
  return { ...tile, filled: known.length };
}

/** Returns the still empty tile `index` of a level, as long as it gets in a tree of `size` leaves. */
function newTile(level: number, index: number, size: number): GrowingTile {
  const width = Math.min(TILE_WIDTH, Math.floor(size / TILE_WIDTH ** level) - index * TILE_WIDTH);
  return { index, hashes: new Uint8Array(width * HASH_SIZE), filled: 0 };
}

/** Returns the roots of the perfect subtrees that the hashes of a partial tile fall into, largest first. */
function subtreesOfTile(tile: Uint8Array): Uint8Array[] {
  const roots: Uint8Array[] = [];
  let at = 0;
  for (let width = TILE_WIDTH / 2; width >= 1; width /= 2) {
    const bytes = width * HASH_SIZE;
    if (tile.length - at < bytes) continue;
    roots.push(perfectSubtreeRoot(tile.subarray(at, at + bytes)));
    at += bytes;
  }
  return roots;
}
