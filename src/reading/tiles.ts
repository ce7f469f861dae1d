/**
 * Hash tiles and entry bundles of any width, computed from what is stored.
 *
 * Spec: https://c2sp.org/tlog-tiles. In scope: which tiles a tree of a size has, and their bytes. Out of scope: paths
 * (merkle/tile.ts), HTTP. No state.
 */

import { encodeEntryBundle } from '../merkle/entry-bundle.js';
import { TILE_WIDTH, type TileCoordinates } from '../merkle/tile.js';
import type { LogStore } from '../storage/log-store.js';

/** Returns whether the tree of `size` leaves has a tile or bundle; one whose full tile is there has every narrower one. */
export function hasTile({ level, index, width }: TileCoordinates, size: number): boolean {
  const to = index * TILE_WIDTH + width;
  if (level === 'entries') return to <= size;
  // No tree here is as high as level 7: 256^7 is beyond any safe integer.
  return level <= MAX_LEVEL && to <= Math.floor(size / TILE_WIDTH ** level);
}

/**
 * Returns the bytes of a tile or bundle of the tree of `size` leaves, a committed size: a partial one too, when its
 * full one is there. Undefined when the tree does not reach so far. Throws STORE_CORRUPT.
 */
export async function readTile(
  log: Pick<LogStore, 'hashes' | 'leafBytes'>,
  tile: TileCoordinates,
  size: number,
): Promise<Uint8Array | undefined> {
  if (!hasTile(tile, size)) return undefined;
  const { level, index, width } = tile;
  const from = index * TILE_WIDTH;
  if (level !== 'entries') return log.hashes(level, from, from + width);
  return encodeEntryBundle(await log.leafBytes(from, from + width));
}

const MAX_LEVEL = 6;
