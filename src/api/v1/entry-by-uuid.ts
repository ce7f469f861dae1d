/** `GET /api/v1/log/entries/{entryUUID}`: one entry, by its entry ID or leaf hash. */

import { fromHex } from '../../encoding/hex.js';
import { JSON_TYPE, jsonTextReply, type Reply } from '../../http/reply.js';
import type { Route } from '../../http/route.js';
import type { Shards } from '../../log/log.js';
import { clientMistake } from '../problem.js';
import { endpointRoute } from './endpoint.js';
import { entryJson } from './entry-json.js';
import { noMatch } from './field-error.js';
import {
  ENTRY_ID_PATTERN,
  findIn,
  findInAll,
  isEntryID,
  logOfTree,
  splitEntryID,
  treeIDOfHex,
} from './shards.js';

/** Returns the route. */
export function entryByUuidRoute(shards: Shards, enabled: ReadonlySet<string>): Route {
  return endpointRoute<string>('getLogEntryByUUID', enabled, {
    method: 'GET',
    path: '/api/v1/log/entries/{entryUUID}',
    hot: true,
    produces: [JSON_TYPE],
    noCache: true,
    read: (request) => readEntryID(request.parameters['entryUUID'] ?? ''),
    handle: (entryID, request) => getEntry(shards, entryID, request.format),
  });
}

/** The answer for an entry that is not there: 404 without a body or a Content-Type. */
export const NO_SUCH_ENTRY: Reply = { status: 404 };

function readEntryID(text: string): string {
  if (!isEntryID(text)) throw noMatch('entryUUID', 'path', ENTRY_ID_PATTERN);
  return text;
}

async function getEntry(shards: Shards, entryID: string, format: string): Promise<Reply> {
  const { tree, leaf } = splitEntryID(entryID);
  const leafHash = fromHex(leaf);
  if (tree === undefined) {
    const [found] = await findInAll(shards, leafHash);
    return found === undefined ? NO_SUCH_ENTRY : jsonTextReply(format, 200, entryJson(found, true));
  }
  const treeID = treeIDOfHex(tree);
  if (treeID === undefined) {
    return clientMistake(format, 400, `validation error: ${tree} is not a valid TreeID`);
  }
  const log = logOfTree(shards, treeID);
  const found = log === undefined ? undefined : await findIn(log, leafHash);
  return found === undefined ? NO_SUCH_ENTRY : jsonTextReply(format, 200, entryJson(found, true));
}
