/** Every log of the server as tiles: below /logs/<treeID>/, and that of the v2 API at the root and below /api/v2/. */

import { PackedBundles } from '../http/packed-bundles.js';
import type { Route } from '../http/route.js';
import { type TileSource, tileRoutes } from '../http/tile-routes.js';
import type { Desks, Log } from '../log/log.js';
import { refusedReadRoutes } from './v2/reads-refused.js';

/** Returns the routes; `ofV2` is the desk of the v2 API, `servesV2Reads` whether it is read below /api/v2/ too. */
export function logTileRoutes(
  logs: readonly Desks[],
  ofV2: Log,
  servesV2Reads: boolean,
): readonly Route[] {
  const sources = new Map(
    logs.map(({ tileSide }) => [String(tileSide.identity.treeID), tileSourceOf(tileSide)]),
  );
  const source = tileSourceOf(ofV2);
  const bundles = new PackedBundles();
  return [
    ...tileRoutes('', () => source, bundles),
    ...(servesV2Reads ? tileRoutes('/api/v2', () => source, bundles) : refusedReadRoutes()),
    ...tileRoutes('/logs/{treeID}', ({ treeID = '' }) => sources.get(treeID), bundles),
  ];
}

/** Returns a log as tiles; give it the tile side. */
export function tileSourceOf(log: Log): TileSource {
  return {
    name: log.identity.treeHex,
    checkpoint: async () => (await log.checkpoint()).note,
    has: (tile) => log.hasTile(tile),
    tile: (tile) => log.tile(tile),
  };
}
