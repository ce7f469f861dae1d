/** `POST /api/v1/log/entries`: appending an entry. How a retry is answered: docs/operating.md. */

import type { ByteText } from '../../encoding/byte-text.js';
import { isLogError } from '../../errors.js';
import type { HeaderField } from '../../http/cors.js';
import { JSON_TYPE, jsonTextReply, RefusedRequest, type Reply } from '../../http/reply.js';
import { escapePath, printQuery } from '../../http/request-target.js';
import type { Route, RouteRequest } from '../../http/route.js';
import type { Log, PublishedEntry, Shards } from '../../log/log.js';
import { clientMistake, mistakeOf } from '../problem.js';
import { endpointRoute } from './endpoint.js';
import { entryJson } from './entry-json.js';
import { missing } from './field-error.js';
import { readJsonBody } from './json-body.js';
import {
  type AppendOptions,
  conflictMessage,
  type KnownEntry,
  storedEntries,
} from './known-entry.js';
import { type EntryEnvelope, readEnvelope, requireMembers } from './proposed-entry.js';

/** Returns the route. */
export function createEntryRoute(
  shards: Shards,
  enabled: ReadonlySet<string>,
  options: AppendOptions,
): Route {
  return endpointRoute<EntryEnvelope>('createLogEntry', enabled, {
    method: 'POST',
    path: '/api/v1/log/entries',
    hot: true,
    costly: true,
    produces: [JSON_TYPE],
    noCache: false,
    read: readSubmission,
    handle: (envelope, request) => submit(shards.active, envelope, request, options),
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
  log: Log,
  envelope: EntryEnvelope,
  request: RouteRequest,
  options: AppendOptions,
): Promise<Reply> {
  try {
    const submission = await log.submit(requireMembers(envelope));
    if (submission.outcome !== 'duplicate') options.entryAdded();
    if (submission.outcome === 'added') return created(log, submission.entry, request);
    return await known(log, submission, request, options);
  } catch (error) {
    return mistakeOf(error, request.format, 'error processing entry: ');
  }
}

function created(log: Log, entry: PublishedEntry, request: RouteRequest): Reply {
  return jsonTextReply(request.format, 201, entryJson({ log, entry }, false), [
    ['ETag', entry.entryID],
    location(entry.entryID, request),
  ]);
}

async function known(
  log: Log,
  submission: KnownEntry,
  request: RouteRequest,
  { duplicates, unread }: AppendOptions,
): Promise<Reply> {
  const { entryID } = submission;
  const { format } = request;
  const conflict = clientMistake(format, 409, conflictMessage(entryID));
  const headers = [location(entryID, request)];
  if (duplicates === 'conflict') return { ...conflict, headers };
  const hasAdded = submission.outcome === 'unanswered';
  const [entry] = await storedEntries(log, [submission], { duplicates, hasAdded, unread });
  if (entry === undefined) return { ...conflict, headers };
  if (duplicates === 'return-existing') return created(log, entry, request);
  const problem = JSON.stringify({ code: 409, message: conflictMessage(entryID) });
  const json = `${problem.slice(0, -1)},"entry":${entryJson({ log, entry }, false)}}`;
  // The problem names an entry ID and is ASCII.
  return jsonTextReply(format, 409, json as ByteText, headers);
}

/** The target as it was sent, the ID behind it, and the query without the API key. */
function location(entryID: string, request: RouteRequest): HeaderField {
  const query = printQuery(request.query().filter(([name]) => name !== 'apiKey'));
  const { target } = request;
  const path = `${target.origin}${escapePath(`${target.path}/${entryID}`)}`;
  const hasQuery = query !== '' || target.hasBareQuestionMark;
  return ['Location', hasQuery ? `${path}?${query}` : path];
}
