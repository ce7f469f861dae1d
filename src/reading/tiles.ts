/**
 * Hash tiles and entry bundles of any width, computed from what is stored.
 *
 * Spec: https://c2sp.org/tlog-tiles. In scope: which tiles a tree of a size has, and their bytes. Out of scope: paths
 * (merkle/tile.ts), HTTP. No state.
 */

import { encodeEntryBundle } from '../merkle/entry-bundle.js';
import { TILE_WIDTH, type TileCoordinates } from '../merkle/tile.js';
import type { LogStore } from '../storage/log-store.js';

/**
 * Returns the bytes of a tile or bundle of the tree of `size` leaves, a committed size: a partial one too, when its
 * full one is there. Undefined when the tree does not reach so far. Throws STORE_CORRUPT.
 */
export async function readTile(
  log: Pick<LogStore, 'hashes' | 'leafBytes'>,
  { level, index, width }: TileCoordinates,
  size: number,
): Promise<Uint8Array | undefined> {
  const from = index * TILE_WIDTH;
  const to = from + width;
  if (level === 'entries') {
    if (to > size) return undefined;
    return encodeEntryBundle(await log.leafBytes(from, to));
  }
  // No tree here is as high as level 7: 256^7 is beyond any safe integer.
  if (level > MAX_LEVEL || to > Math.floor(size / TILE_WIDTH ** level)) return undefined;
  return log.hashes(level, from, to);
}

const MAX_LEVEL = 6;
