/** `POST /api/v1/log/entries`: appending an entry. */

import { isLogError } from '../../errors.js';
import type { HeaderField } from '../../http/cors.js';
import {
  JSON_TYPE,
  jsonTextReply,
  payloadReply,
  RefusedRequest,
  type Reply,
} from '../../http/reply.js';
import { escapePath, printQuery } from '../../http/request-target.js';
import type { Route, RouteRequest } from '../../http/route.js';
import type { Shards } from '../../log/log.js';
import { mistakeOf } from '../problem.js';
import { endpointRoute } from './endpoint.js';
import { entryJson } from './entry-json.js';
import { missing } from './field-error.js';
import { readJsonBody } from './json-body.js';
import { type EntryEnvelope, readEnvelope, requireMembers } from './proposed-entry.js';

/** Returns the route; `entryAdded` is called for each entry that is new. */
export function createEntryRoute(
  shards: Shards,
  enabled: ReadonlySet<string>,
  entryAdded: () => void,
): Route {
  return endpointRoute<EntryEnvelope>('createLogEntry', enabled, {
    method: 'POST',
    path: '/api/v1/log/entries',
    hot: true,
    produces: [JSON_TYPE],
    noCache: false,
    read: readSubmission,
    handle: (envelope, request) => submit(shards, envelope, request, entryAdded),
  });
}

function readSubmission(request: RouteRequest): EntryEnvelope {
  try {
    const json = readJsonBody(request.body);
    if (json === undefined) throw missing('proposedEntry', 'body');
    const envelope = readEnvelope(json);
    // Binding errors win over the switch; the base type is refused later, by the handler.
    if (envelope.kind !== 'ProposedEntry') requireMembers(envelope);
    return envelope;
  } catch (error) {
    // Where Rekor answers 500 to JSON that it cannot read, this is the client's mistake: same words, 400.
    if (isLogError(error, 'ENCODING_MALFORMED')) throw new RefusedRequest(400, error.message);
    throw error;
  }
}

async function submit(
  shards: Shards,
  envelope: EntryEnvelope,
  request: RouteRequest,
  entryAdded: () => void,
): Promise<Reply> {
  const { format } = request;
  try {
    const submission = await shards.active.submit(requireMembers(envelope));
    if (submission.outcome === 'duplicate') {
      return duplicateReply(submission.entryID, request);
    }
    entryAdded();
    const { entry } = submission;
    const json = entryJson({ log: shards.active, entry }, false);
    return jsonTextReply(format, 201, json, [
      ['ETag', entry.entryID],
      location(entry.entryID, request),
    ]);
  } catch (error) {
    return mistakeOf(error, format, 'error processing entry: ');
  }
}

function duplicateReply(entryID: string, request: RouteRequest): Reply {
  const message = `an equivalent entry already exists in the transparency log with UUID ${entryID}`;
  return payloadReply(request.format, 409, { code: 409, message }, [location(entryID, request)]);
}

/** The target as it was sent, the ID behind it, and the query without the API key. */
function location(entryID: string, request: RouteRequest): HeaderField {
  const query = printQuery(request.query().filter(([name]) => name !== 'apiKey'));
  const { target } = request;
  const path = `${target.origin}${escapePath(`${target.path}/${entryID}`)}`;
  const hasQuery = query !== '' || target.hasBareQuestionMark;
  return ['Location', hasQuery ? `${path}?${query}` : path];
}
