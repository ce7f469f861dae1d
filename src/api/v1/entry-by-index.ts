/** `GET /api/v1/log/entries?logIndex=N`: one entry, by its log index. */

import { JSON_TYPE, jsonTextReply, type Reply } from '../../http/reply.js';
import type { Route } from '../../http/route.js';
import type { Shards } from '../../log/log.js';
import { endpointRoute } from './endpoint.js';
import { NO_SUCH_ENTRY } from './entry-by-uuid.js';
import { entryJson } from './entry-json.js';
import { requiredInteger } from './query-parameter.js';

/** Returns the route. */
export function entryByIndexRoute(shards: Shards, enabled: ReadonlySet<string>): Route {
  return endpointRoute<bigint>('getLogEntryByIndex', enabled, {
    method: 'GET',
    path: '/api/v1/log/entries',
    hot: true,
    produces: [JSON_TYPE],
    noCache: true,
    read: (request) => requiredInteger(request.query(), 'logIndex', 0),
    handle: (index, request) => getEntry(shards, index, request.format),
  });
}

async function getEntry(shards: Shards, index: bigint, format: string): Promise<Reply> {
  const position = Number(index);
  // No log has an index beyond 2^53: what is not exact here is not there.
  if (!Number.isSafeInteger(position)) return NO_SUCH_ENTRY;
  const log = shards.active;
  const [entry] = await log.entriesByIndex([position]);
  if (entry === undefined) return NO_SUCH_ENTRY;
  return jsonTextReply(format, 200, entryJson({ log, entry }, true));
}
