/**
 * `GET /api/v2/log/entries/{entryID}` and `GET /api/v2/log/entries?logIndex=N`: one entry, as it was answered when it
 * was added, with a proof of now. Ours, not Rekor v2's: whoever met a 409 or lost an answer gets it here.
 */

import { JSON_TYPE, RefusedRequest, type Reply } from '../../http/reply.js';
import { lastQueryValue } from '../../http/request-target.js';
import { type Route, type RouteRequest, route } from '../../http/route.js';
import type { Desks } from '../../log/log.js';
import {
  type EntryReference,
  findReferred,
  readEntryReference,
  trustedForm,
} from '../entry-reference.js';
import { entryReply } from './create-entry.js';
import { transparencyLogEntryJson } from './entry-json.js';

/** Returns the routes; `logs` are all of the server, that of the v2 API first. */
export function entryV2Routes(logs: readonly Desks[]): readonly Route[] {
  const shared = {
    method: 'GET',
    head: true,
    exact: true,
    hot: true,
    produces: [JSON_TYPE],
    ignoresTypes: true,
    noCache: true,
    measured: false,
    handle: (reference: EntryReference) => getEntry(logs, reference),
  } as const;
  return [
    route<EntryReference>({
      ...shared,
      path: '/api/v2/log/entries/{entryID}',
      read: (request) => readEntryReference(request.parameters['entryID'] ?? '', 'entryID'),
    }),
    route<EntryReference>({ ...shared, path: '/api/v2/log/entries', read: readIndex }),
  ];
}

function readIndex(request: RouteRequest): EntryReference {
  const index = lastQueryValue(request.query(), 'logIndex');
  // As recorded for a path that is there to write to.
  if (index === undefined) throw new RefusedRequest(405, 'method GET is not allowed');
  return readEntryReference(index, 'logIndex');
}

async function getEntry(logs: readonly Desks[], reference: EntryReference): Promise<Reply> {
  const found = await findReferred(logs, reference);
  if (found === undefined) throw new RefusedRequest(404, 'no such entry');
  const { entry, desk } = await trustedForm(found);
  return entryReply(200, transparencyLogEntryJson(entry, desk.identity.logID));
}
