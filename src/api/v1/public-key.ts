/** `GET /api/v1/log/publicKey`: PEM, or the PEM as a JSON string for who asks for JSON. */

import { JSON_TYPE, PEM_TYPE, payloadReply, type Reply } from '../../http/reply.js';
import type { Route } from '../../http/route.js';
import type { Shards } from '../../log/log.js';
import { clientMistake } from '../problem.js';
import { endpointRoute } from './endpoint.js';
import { optionalTreeID, parseInt64 } from './query-parameter.js';
import { logOfTree } from './shards.js';

/** Returns the route. */
export function publicKeyRoute(shards: Shards, enabled: ReadonlySet<string>): Route {
  return endpointRoute<string | undefined>('getPublicKey', enabled, {
    method: 'GET',
    path: '/api/v1/log/publicKey',
    hot: true,
    produces: [PEM_TYPE, JSON_TYPE],
    noCache: true,
    read: (request) => optionalTreeID(request.query()),
    handle: async (treeID, request) => getKey(shards, treeID, request.format),
  });
}

function getKey(shards: Shards, text: string | undefined, format: string): Reply {
  const treeID = text === undefined ? undefined : parseInt64(text);
  const isOutOfRange = text !== undefined && treeID === undefined;
  const log = isOutOfRange ? undefined : logOfTree(shards, treeID);
  if (log === undefined) return clientMistake(format, 400, 'Bad Request');
  return payloadReply(format, 200, log.identity.publicKeyPem);
}
