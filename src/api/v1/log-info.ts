/** `GET /api/v1/log`: size, root and checkpoint of the active log and of the inactive ones. */

import { toHex } from '../../encoding/hex.js';
import { JSON_TYPE, payloadReply } from '../../http/reply.js';
import type { Route } from '../../http/route.js';
import type { Log, Shards } from '../../log/log.js';
import { endpointRoute } from './endpoint.js';

/** Returns the route; `published` is called with the tree ID of each checkpoint that goes out. */
export function logInfoRoute(
  shards: Shards,
  enabled: ReadonlySet<string>,
  published: (treeID: bigint) => void,
): Route {
  return endpointRoute<undefined>('getLogInfo', enabled, {
    method: 'GET',
    path: '/api/v1/log',
    hot: true,
    produces: [JSON_TYPE],
    noCache: true,
    read: () => undefined,
    handle: async (_, request) => {
      const inactive = await Promise.all(shards.inactive.map(treeInfo));
      const active = await treeInfo(shards.active);
      published(shards.active.identity.treeID);
      // Null, not an empty list, when there is no inactive shard.
      const inactiveShards = inactive.length === 0 ? null : inactive;
      return payloadReply(request.format, 200, { inactiveShards, ...active });
    },
  });
}

interface TreeInfo {
  readonly rootHash: string;
  readonly signedTreeHead: string;
  readonly treeID: string;
  readonly treeSize: number;
}

async function treeInfo(log: Log): Promise<TreeInfo> {
  const checkpoint = await log.checkpoint();
  return {
    rootHash: toHex(checkpoint.root),
    signedTreeHead: checkpoint.note,
    treeID: String(log.identity.treeID),
    treeSize: checkpoint.size,
  };
}
