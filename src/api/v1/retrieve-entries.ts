/**
 * `POST /api/v1/log/entries/retrieve`. The answer lists 80-digit IDs in their order, then 64-digit ones and proposed
 * entries by leaf hash, then indexes; what is not found is left out.
 */

import type { ByteText } from '../../encoding/byte-text.js';
import { fromHex } from '../../encoding/hex.js';
import { isLogError } from '../../errors.js';
import { JSON_TYPE, jsonTextReply, RefusedRequest, type Reply } from '../../http/reply.js';
import type { Route, RouteRequest } from '../../http/route.js';
import type { Shards } from '../../log/log.js';
import { clientMistake, mistakeOf } from '../problem.js';
import { endpointRoute } from './endpoint.js';
import { entryJson, type FoundEntry } from './entry-json.js';
import { belowMinimum, missing, noMatch, tooFewItems, tooManyItems } from './field-error.js';
import {
  ANY,
  cannotUnmarshal,
  type GoField,
  type GoStruct,
  jsonKind,
  listOf,
  readStruct,
  TEXT,
  wrongType,
} from './go-fields.js';
import { firstItemsOf, type JsonNode, readJsonBody } from './json-body.js';
import { type EntryEnvelope, readEnvelope, requireMembers } from './proposed-entry.js';
import { parseInt64 } from './query-parameter.js';
import {
  ENTRY_ID_PATTERN,
  findIn,
  findInAll,
  isEntryID,
  logOfTree,
  splitEntryID,
  treeIDOfHex,
} from './shards.js';

/** Most entries that one request asks for. */
export const MAX_QUERIES = 10;

interface Queries {
  readonly entryUUIDs: readonly string[];
  readonly envelopes: readonly EntryEnvelope[];
  readonly logIndexes: readonly bigint[];
}

/** Returns the route. */
export function retrieveEntriesRoute(shards: Shards, enabled: ReadonlySet<string>): Route {
  return endpointRoute<Queries>('searchLogQuery', enabled, {
    method: 'POST',
    path: '/api/v1/log/entries/retrieve',
    hot: true,
    produces: [JSON_TYPE],
    noCache: false,
    read: readQueries,
    handle: (queries, request) => retrieve(shards, queries, request.format),
  });
}

/** The lists as they stand in the body; undefined: not there. */
interface QueryLists {
  readonly envelopes: readonly EntryEnvelope[];
  readonly entryUUIDs: readonly string[] | undefined;
  readonly logIndexes: readonly bigint[] | undefined;
}

/** One list after the other, of each first its length and then its items: the first error is reported. */
function readQueries(request: RouteRequest): Queries {
  const { envelopes, entryUUIDs, logIndexes } = parseQueries(request);
  if (envelopes.length > MAX_QUERIES) throw tooManyItems('entries', MAX_QUERIES);
  envelopes.forEach((envelope, i) => {
    if (envelope.kind !== 'ProposedEntry') requireMembers(envelope, `entries.${i}.`);
  });
  requireCount('entryUUIDs', entryUUIDs);
  entryUUIDs?.forEach((id, i) => {
    if (!isEntryID(id)) throw noMatch(`entryUUIDs.${i}`, 'body', ENTRY_ID_PATTERN);
  });
  requireCount('logIndexes', logIndexes);
  logIndexes?.forEach((index, i) => {
    if (index < 0n) throw belowMinimum(`logIndexes.${i}`, 'body', 0);
  });
  return { envelopes, entryUUIDs: entryUUIDs ?? [], logIndexes: logIndexes ?? [] };
}

function parseQueries(request: RouteRequest): QueryLists {
  try {
    const json = readJsonBody(request.body);
    if (json === undefined) throw missing('entry', 'body');
    const { entries, entryUUIDs, logIndexes } = readStruct(json, LOG_QUERY);
    return {
      envelopes: readEnvelopes(entries),
      entryUUIDs: entryUUIDs?.map((id) => id ?? ''),
      logIndexes: logIndexes?.map((index) => index ?? 0n),
    };
  } catch (error) {
    if (!isLogError(error, 'ENCODING_MALFORMED')) throw error;
    throw unreadable(error.message);
  }
}

/** A pointer to an int64, read from the text: it does not fit into the number that JSON.parse makes of it. */
const INDEX: GoField<bigint> = (node, before, place) => {
  if (node.value === null) return undefined;
  if (SHORT_INTEGER.test(node.text)) return BigInt(node.value as number);
  const kind = jsonKind(node.value);
  const value = kind === 'number' ? parseInt64(node.text) : undefined;
  if (value !== undefined) return value;
  const found = kind === 'number' ? `number ${node.text}` : kind;
  place.note(() => wrongType(place, found, 'int64'));
  return before;
};

/** What a double holds exactly, written as an integer: nearly every index. */
const SHORT_INTEGER = /^-?[0-9]{1,15}$/;

const LOG_QUERY: GoStruct<{
  entries: JsonNode;
  entryUUIDs: readonly (string | undefined)[];
  logIndexes: readonly (bigint | undefined)[];
}> = {
  valueType:
    'struct { Entries json.RawMessage "json:\\"entries\\""; EntryUUIDs []string "json:\\"entryUUIDs\\""; ' +
    'LogIndexes []*int64 "json:\\"logIndexes\\"" }',
  fieldOwner: '',
  fields: {
    entries: ANY,
    entryUUIDs: listOf('[]string', TEXT, MAX_QUERIES + 1),
    logIndexes: listOf('[]*int64', INDEX, MAX_QUERIES + 1),
  },
};

/** Throws RefusedRequest for a list that is there but empty, or too long. */
function requireCount(name: string, list: readonly unknown[] | undefined): void {
  if (list === undefined) return;
  if (list.length === 0) throw tooFewItems(name, 1);
  if (list.length > MAX_QUERIES) throw tooManyItems(name, MAX_QUERIES);
}

function readEnvelopes(entries: JsonNode | undefined): EntryEnvelope[] {
  if (entries === undefined) return [];
  if (!Array.isArray(entries.value)) {
    throw cannotUnmarshal(jsonKind(entries.value), 'Go value of type []json.RawMessage');
  }
  const envelopes: EntryEnvelope[] = [];
  for (const entry of firstItemsOf(entries)) {
    const envelope = readQueriedEnvelope(entry);
    // One more than are allowed is enough to refuse them.
    if (envelopes.length <= MAX_QUERIES) envelopes.push(envelope);
  }
  return envelopes;
}

function readQueriedEnvelope(entry: JsonNode): EntryEnvelope {
  try {
    return readEnvelope(entry);
  } catch (error) {
    // A kind that nobody knows is found while the body is parsed, not when it is validated.
    if (error instanceof RefusedRequest) throw unreadable(error.message);
    throw error;
  }
}

function unreadable(reason: string): RefusedRequest {
  return new RefusedRequest(400, `parsing entry body from "" failed, because ${reason}`);
}

async function retrieve(shards: Shards, queries: Queries, format: string): Promise<Reply> {
  const { entryUUIDs, envelopes, logIndexes } = queries;
  if (entryUUIDs.length + envelopes.length + logIndexes.length > MAX_QUERIES) {
    const message = `more than max allowed ${MAX_QUERIES} entries in request`;
    return clientMistake(format, 422, message);
  }
  const invalid = entryUUIDs.find((id) => hasInvalidTree(id));
  if (invalid !== undefined) return clientMistake(format, 400, `invalid entryID ${invalid}`);
  try {
    const found = [
      ...(await findByEntryID(shards, entryUUIDs)),
      ...(await findByLeaf(shards, entryUUIDs, envelopes)),
      ...(await findByIndex(shards, logIndexes)),
    ];
    const list = found.map((entry) => entryJson(entry, true)).join(',');
    return jsonTextReply(format, 200, `[${list}]` as ByteText);
  } catch (error) {
    return mistakeOf(error, format);
  }
}

function hasInvalidTree(id: string): boolean {
  const { tree } = splitEntryID(id);
  return tree !== undefined && treeIDOfHex(tree) === undefined;
}

async function findByEntryID(shards: Shards, ids: readonly string[]): Promise<FoundEntry[]> {
  const found: FoundEntry[] = [];
  for (const id of ids) {
    const { tree, leaf } = splitEntryID(id);
    if (tree === undefined) continue;
    const log = logOfTree(shards, treeIDOfHex(tree));
    const entry = log === undefined ? undefined : await findIn(log, fromHex(leaf));
    if (entry !== undefined) found.push(entry);
  }
  return found;
}

async function findByLeaf(
  shards: Shards,
  ids: readonly string[],
  envelopes: readonly EntryEnvelope[],
): Promise<FoundEntry[]> {
  const hashes = ids.filter((id) => splitEntryID(id).tree === undefined).map(fromHex);
  // One after another: of several entries that fail, the first is reported.
  for (const envelope of envelopes) {
    hashes.push(await shards.active.leafHashOf(requireMembers(envelope)));
  }
  const found: FoundEntry[] = [];
  for (const hash of hashes) found.push(...(await findInAll(shards, hash)));
  return found;
}

async function findByIndex(shards: Shards, indexes: readonly bigint[]): Promise<FoundEntry[]> {
  const log = shards.active;
  const exact = indexes.map(Number).filter((index) => Number.isSafeInteger(index));
  if (exact.length === 0) return [];
  const entries = await log.entriesByIndex(exact);
  return entries.flatMap((entry) => (entry === undefined ? [] : [{ log, entry }]));
}
