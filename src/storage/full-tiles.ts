/**
 * Full tiles as a store sees them: how many hashes a level has, and which tiles a commit completes.
 *
 * In scope: arithmetic over tile coordinates. Out of scope: making tiles (merkle/integrate.ts). Pure.
 */

import { HASH_SIZE } from '../merkle/hash.js';
import { TILE_WIDTH } from '../merkle/tile.js';

/** Length of a full tile, in bytes. */
export const FULL_TILE_SIZE: number = TILE_WIDTH * HASH_SIZE;

/** Returns the number of hashes of tile level `level` that a tree of `treeSize` leaves has. */
export function hashCount(level: number, treeSize: number): number {
  return Math.floor(treeSize / TILE_WIDTH ** level);
}

/** Returns the tiles that are full at `sizeAfter` and were not at `sizeBefore`, by level, then index. */
export function fullTilesBetween(
  sizeBefore: number,
  sizeAfter: number,
): readonly { readonly level: number; readonly index: number }[] {
  const tiles: { level: number; index: number }[] = [];
  for (let level = 0; ; level += 1) {
    const end = hashCount(level + 1, sizeAfter);
    if (end === 0) return tiles;
    for (let index = hashCount(level + 1, sizeBefore); index < end; index += 1) {
      tiles.push({ level, index });
    }
  }
}
