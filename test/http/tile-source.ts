/** The golden trees as sources of tiles: bundles and tiles of any width, from entries that may be empty or equal. */

import type { TileSource } from '../../src/http/tile-routes.js';
import { EMPTY_EDGE, integrate } from '../../src/merkle/integrate.js';
import { printCheckpoint } from '../../src/note/checkpoint.js';
import { hasTile, readTile } from '../../src/reading/tiles.js';
import { entries, leafHashes } from '../merkle/golden-trees.js';

const HASH_SIZE = 32;
const WIDTH = 256;

/** Returns a source over the first `size` golden entries; its checkpoint is unsigned. */
export function goldenSource(name: string, size: number): TileSource {
  const { root, edge, fullTiles } = integrate(EMPTY_EDGE, leafHashes.slice(0, size));
  const rows = new Map(fullTiles.map(({ level, index, hashes }) => [`${level}/${index}`, hashes]));
  const log = {
    leafBytes: async (from: number, to: number) => entries.slice(from, to),
    async hashes(level: number, from: number, to: number): Promise<Uint8Array> {
      const tile = Math.floor(from / WIDTH);
      const row = rows.get(`${level}/${tile}`) ?? edge.tiles[level];
      const start = tile * WIDTH;
      return (row as Uint8Array).slice((from - start) * HASH_SIZE, (to - start) * HASH_SIZE);
    },
  };
  const text = printCheckpoint({ origin: name, size: BigInt(size), root, extensions: [] });
  return {
    name,
    checkpoint: async () => text,
    has: (tile) => hasTile(tile, size),
    tile: (tile) => readTile(log, tile, size),
  };
}
