/** What stands below /api/v2/ in the place of checkpoint and tiles when they are not served there: 501, as recorded. */

import { JSON_TYPE } from '../../http/reply.js';
import { type Route, route } from '../../http/route.js';
import { problemReply } from './dialect.js';
import { GRPC_CODE } from './problem.js';

/** Returns the routes. */
export function refusedReadRoutes(): readonly Route[] {
  return [
    refusedRoute('/api/v2/checkpoint', () => 'GetCheckpoint'),
    refusedRoute('/api/v2/tile/{tile+}', (tile) =>
      tile.startsWith('entries/') ? 'GetEntryBundle' : 'GetTile',
    ),
  ];
}

function refusedRoute(path: string, method: (tile: string) => string): Route {
  return route<string>({
    method: 'GET',
    path,
    exact: true,
    hot: false,
    produces: [JSON_TYPE],
    ignoresTypes: true,
    noCache: false,
    measured: false,
    read: ({ parameters }) => method(parameters['tile'] ?? ''),
    handle: async (name) =>
      problemReply({
        code: GRPC_CODE.unimplemented,
        httpStatus: 501,
        message: `method ${name} not implemented`,
      }),
  });
}
