/** `GET /api/v1/log`: size, root and checkpoint of the active log and of the inactive ones. */

import type { ByteText } from '../../encoding/byte-text.js';
import { toHex } from '../../encoding/hex.js';
import { JSON_TYPE, jsonTextReply } from '../../http/reply.js';
import type { Route } from '../../http/route.js';
import type { Log, Shards } from '../../log/log.js';
import { noteJson } from '../checkpoint-json.js';
import { endpointRoute } from './endpoint.js';

/** Returns the route; `published` is called for each checkpoint of the active log that goes out. */
export function logInfoRoute(
  shards: Shards,
  enabled: ReadonlySet<string>,
  published: () => void,
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
      published();
      // Null, not an empty list, when there is no inactive shard.
      const shardList = inactive.map((each) => `{${each}}`).join(',');
      const inactiveShards = inactive.length === 0 ? 'null' : `[${shardList}]`;
      const json = `{"inactiveShards":${inactiveShards},${active}}`;
      return jsonTextReply(request.format, 200, json as ByteText);
    },
  });
}

/** Returns the members that are about one log. */
async function treeInfo(log: Log): Promise<string> {
  const checkpoint = await log.checkpoint();
  return (
    `"rootHash":"${toHex(checkpoint.root)}","signedTreeHead":${noteJson(checkpoint)},` +
    `"treeID":"${log.identity.treeID}","treeSize":${checkpoint.size}`
  );
}
