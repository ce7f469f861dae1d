/**
 * `POST /api/v1/log/entries/batch`: appending several entries with one request. Ours, not Rekor's; openapi.yaml.
 *
 * Each result is what the entry alone would have been answered: `status`, then the members of that body; an entry
 * that is in the log comes with `entryID` and `entry`.
 */

import { type ByteText, byteText } from '../../encoding/byte-text.js';
import type { ProposedEntry } from '../../entries/entry-kind.js';
import { isLogError } from '../../errors.js';
import {
  JSON_TYPE,
  jsonTextReply,
  RefusedRequest,
  type Reply,
  refusalReply,
} from '../../http/reply.js';
import type { Route, RouteRequest } from '../../http/route.js';
import type { BatchItem, BatchMode, Log, PublishedEntry, Shards } from '../../log/log.js';
import { clientMistake, mistakeOf, PROBLEMS, problemOf } from '../problem.js';
import { endpointRoute } from './endpoint.js';
import { entryJson } from './entry-json.js';
import { missing, notOneOf, tooFewItems, tooManyItems } from './field-error.js';
import { ANY, cannotUnmarshal, type GoStruct, jsonKind, readStruct, TEXT } from './go-fields.js';
import { firstItemsOf, type JsonNode, readJsonBody } from './json-body.js';
import {
  type AppendOptions,
  conflictMessage,
  type KnownEntry,
  storedEntries,
} from './known-entry.js';
import { readEnvelope, requireMembers } from './proposed-entry.js';
import { type DuplicateAnswer, MAX_BATCH_ENTRIES } from './submission-rules.js';

/** Returns the route. */
export function createBatchRoute(
  shards: Shards,
  enabled: ReadonlySet<string>,
  options: AppendOptions,
): Route {
  return endpointRoute<Batch>('createLogEntry', enabled, {
    method: 'POST',
    path: '/api/v1/log/entries/batch',
    hot: false,
    produces: [JSON_TYPE],
    noCache: false,
    read: readBatch,
    handle: (batch, request) => submitBatch(shards.active, batch, request, options),
  });
}

interface Batch {
  /** An Error stands for an entry that cannot be read. */
  readonly entries: readonly (ProposedEntry | Error)[];
  readonly mode: BatchMode;
}

const MODES = ['all-or-nothing', 'per-item'] as const;

const BATCH: GoStruct<{ entries: JsonNode; mode: string }> = {
  valueType: 'Batch',
  fieldOwner: 'Batch',
  fields: { entries: ANY, mode: TEXT },
};

function readBatch(request: RouteRequest): Batch {
  try {
    const json = readJsonBody(request.body);
    if (json === undefined) throw missing('batch', 'body');
    const { entries, mode } = readStruct(json, BATCH);
    return { entries: readEntries(entries), mode: readMode(mode) };
  } catch (error) {
    if (isLogError(error, 'ENCODING_MALFORMED')) throw new RefusedRequest(400, error.message);
    throw error;
  }
}

function readEntries(entries: JsonNode | undefined): (ProposedEntry | Error)[] {
  if (entries === undefined) throw missing('entries', 'body');
  if (!Array.isArray(entries.value)) {
    const target = 'Go struct field Batch.entries of type []ProposedEntry';
    throw cannotUnmarshal(jsonKind(entries.value), target);
  }
  if (entries.value.length === 0) throw tooFewItems('entries', 1);
  if (entries.value.length > MAX_BATCH_ENTRIES) throw tooManyItems('entries', MAX_BATCH_ENTRIES);
  return [...firstItemsOf(entries)].map(readEntry);
}

function readEntry(entry: JsonNode): ProposedEntry | Error {
  try {
    return requireMembers(readEnvelope(entry));
  } catch (error) {
    if (error instanceof RefusedRequest) return error;
    if (!isLogError(error)) throw error;
    return isLogError(error, 'ENCODING_MALFORMED') ? new RefusedRequest(400, error.message) : error;
  }
}

function readMode(mode: string | undefined): BatchMode {
  if (mode === undefined || mode === '') return 'all-or-nothing';
  const known = MODES.find((each) => each === mode);
  if (known === undefined) throw notOneOf('mode', MODES);
  return known;
}

async function submitBatch(
  log: Log,
  { entries, mode }: Batch,
  request: RouteRequest,
  options: AppendOptions,
): Promise<Reply> {
  const { format, requestID } = request;
  let items: readonly BatchItem[];
  try {
    items = await log.submitBatch(entries, mode);
  } catch (error) {
    return mistakeOf(error, format);
  }
  throwOutage(items, mode);
  for (const item of items) if (isAdded(item)) options.entryAdded();
  const results = await resultTexts(log, items, requestID, options);
  const list = `"results":[${results.join(',')}]`;
  if (mode === 'per-item') return jsonTextReply(format, 200, `{${list}}` as ByteText);
  const refused = items.filter(({ outcome }) => outcome === 'refused').length;
  if (refused === 0) return jsonTextReply(format, 201, `{${list}}` as ByteText);
  const message = `nothing was added: ${refused} of ${items.length} entries cannot be stored`;
  const json = `{"code":400,"message":"${message}",${list}}`;
  return jsonTextReply(format, 400, json as ByteText);
}

/** An outage is the answer of the request, with its Retry-After, when nothing at all was judged or added. */
function throwOutage(items: readonly BatchItem[], mode: BatchMode): void {
  const outages = items.flatMap((item) =>
    item.outcome === 'refused' && isOutage(item.error) ? [item.error] : [],
  );
  if (outages.length > 0 && (mode === 'all-or-nothing' || outages.length === items.length)) {
    throw outages[0];
  }
}

function isAdded({ outcome }: BatchItem): boolean {
  return outcome === 'added' || outcome === 'unanswered';
}

function isOutage(error: Error): boolean {
  if (error instanceof RefusedRequest) return false;
  return !isLogError(error) || PROBLEMS[error.code].status >= 500;
}

async function resultTexts(
  log: Log,
  items: readonly BatchItem[],
  requestID: string,
  { duplicates, unread }: AppendOptions,
): Promise<readonly ByteText[]> {
  const known = items.filter((item): item is KnownEntry => 'logIndex' in item);
  const hasAdded = items.some(isAdded);
  const stored = await storedEntries(log, known, { duplicates, hasAdded, unread });
  const entryOf = new Map(known.map((item, i) => [item, stored[i]]));
  return items.map((item) => {
    switch (item.outcome) {
      case 'added':
        return createdText(log, item.entry);
      case 'refused':
        return bodyText(refusal(item.error, requestID));
      case 'withheld':
        return bodyText(clientMistake(JSON_TYPE, 424, 'another entry of the batch was refused'));
      default:
        return knownText(log, item, entryOf.get(item), duplicates);
    }
  });
}

function createdText(log: Log, entry: PublishedEntry): ByteText {
  const whole = entryJson({ log, entry }, false);
  return `{"status":201,"entryID":"${entry.entryID}","entry":${whole}}` as ByteText;
}

/** A batch has no answer of Rekor's to keep to: the stored entry is always there. */
function knownText(
  log: Log,
  { entryID }: KnownEntry,
  entry: PublishedEntry | undefined,
  duplicates: DuplicateAnswer,
): ByteText {
  if (entry !== undefined && duplicates === 'return-existing') return createdText(log, entry);
  const message = conflictMessage(entryID);
  const whole = entry === undefined ? '' : `,"entry":${entryJson({ log, entry }, false)}`;
  const problem = `"status":409,"code":409,"message":"${message}"`;
  return `{${problem},"entryID":"${entryID}"${whole}}` as ByteText;
}

function refusal(error: Error, requestID: string): Reply {
  if (error instanceof RefusedRequest) return refusalReply(error);
  if (isOutage(error)) return problemOf(error, requestID);
  return mistakeOf(error, JSON_TYPE, 'error processing entry: ');
}

/** The status, then the members of a JSON body. */
function bodyText({ status, body }: Reply): ByteText {
  return byteText(`{"status":${status},${String(body).trimEnd().slice(1)}`);
}
