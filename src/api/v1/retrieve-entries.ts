/**
 * `POST /api/v1/log/entries/retrieve`: rekor-v1.md section 2. The answer lists 80-digit IDs in their order,
 * then 64-digit ones and proposed entries by leaf hash, then indexes; what is not found is left out.
 */

import { decodeGoJson } from '../../encoding/go-json.js';
import { fromHex } from '../../encoding/hex.js';
import type { ProposedEntry } from '../../entries/entry-kind.js';
import { isLogError } from '../../errors.js';
import { JSON_TYPE, jsonTextReply, RefusedRequest, type Reply } from '../../http/reply.js';
import type { Route, RouteRequest } from '../../http/route.js';
import type { Shards } from '../../log/log.js';
import { clientMistake, mistakeOf } from '../problem.js';
import { endpointRoute } from './endpoint.js';
import { entryJson, type FoundEntry } from './entry-json.js';
import { belowMinimum, missing, noMatch, tooFewItems, tooManyItems } from './field-error.js';
import {
  assignStruct,
  cannotUnmarshal,
  type GoStruct,
  type JsonBody,
  jsonKind,
  readJsonBody,
  wrongMember,
} from './json-body.js';
import { itemTexts, memberText } from './json-text.js';
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

const MAX_QUERIES = 10;

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
    hot: false,
    produces: [JSON_TYPE],
    noCache: false,
    read: readQueries,
    handle: (queries, request) => retrieve(shards, queries, request.format),
  });
}

function readQueries(request: RouteRequest): Queries {
  const queries = parseQueries(request);
  if (queries.envelopes.length > MAX_QUERIES) throw tooManyItems('entries', MAX_QUERIES);
  queries.envelopes.forEach((envelope, i) => {
    if (envelope.kind !== 'ProposedEntry') requireMembers(envelope, `entries.${i}.`);
  });
  queries.entryUUIDs.forEach((id, i) => {
    if (!isEntryID(id)) throw noMatch(`entryUUIDs.${i}`, 'body', ENTRY_ID_PATTERN);
  });
  queries.logIndexes.forEach((index, i) => {
    if (index < 0n) throw belowMinimum(`logIndexes.${i}`, 'body', 0);
  });
  return queries;
}

function parseQueries(request: RouteRequest): Queries {
  try {
    const json = readJsonBody(request.body);
    if (json === undefined) throw missing('entry', 'body');
    const { entries, entryUUIDs, logIndexes } = assignStruct(json.value, LOG_QUERY);
    const ids = (entryUUIDs as unknown[] | undefined)?.map(readID);
    const indexes = logIndexes === undefined ? undefined : readIndexes(json);
    const envelopes = readEnvelopes(entries);
    requireCount('entryUUIDs', ids);
    requireCount('logIndexes', indexes);
    return { entryUUIDs: ids ?? [], envelopes, logIndexes: indexes ?? [] };
  } catch (error) {
    if (!isLogError(error, 'ENCODING_MALFORMED')) throw error;
    throw unreadable(error.message);
  }
}

const LOG_QUERY: GoStruct<'entries' | 'entryUUIDs' | 'logIndexes'> = {
  valueType:
    'struct { Entries json.RawMessage "json:\\"entries\\""; EntryUUIDs []string "json:\\"entryUUIDs\\""; ' +
    'LogIndexes []*int64 "json:\\"logIndexes\\"" }',
  fieldOwner: '',
  members: { entries: 'any', entryUUIDs: 'array', logIndexes: 'array' },
  arrayTypes: { entryUUIDs: '[]string', logIndexes: '[]*int64' },
};

/** Throws RefusedRequest for a list that is there but empty, or too long. */
function requireCount(name: string, list: readonly unknown[] | undefined): void {
  if (list === undefined) return;
  if (list.length === 0) throw tooFewItems(name, 1);
  if (list.length > MAX_QUERIES) throw tooManyItems(name, MAX_QUERIES);
}

function readID(item: unknown): string {
  if (item === null) return '';
  if (typeof item === 'string') return item;
  throw wrongMember('', 'entryUUIDs', jsonKind(item), 'string');
}

/** Read from the text: an int64 does not fit into the number that JSON.parse makes of it. */
function readIndexes(json: JsonBody): bigint[] {
  const text = memberText(fromUtf8Lenient(json.bytes), 'logIndexes') ?? '[]';
  return itemTexts(text).map((item) => {
    if (item === 'null') return 0n;
    const value = item.startsWith('+') ? undefined : parseInt64(item);
    if (value !== undefined) return value;
    const kind = jsonKind(decodeGoJson(new TextEncoder().encode(item)));
    const found = kind === 'number' ? `number ${item}` : kind;
    throw wrongMember('', 'logIndexes', found, 'int64');
  });
}

function readEnvelopes(entries: unknown): EntryEnvelope[] {
  if (entries === undefined) return [];
  if (!Array.isArray(entries)) {
    throw cannotUnmarshal(jsonKind(entries), 'Go value of type []json.RawMessage');
  }
  return entries.map((entry) => {
    try {
      return readEnvelope(entry);
    } catch (error) {
      // A kind that nobody knows is found while the body is parsed, not when it is validated.
      if (error instanceof RefusedRequest) throw unreadable(error.message);
      throw error;
    }
  });
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
    return jsonTextReply(format, 200, `[${list}]`);
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
    const leaf = await leafHashOf(shards, requireMembers(envelope));
    if (leaf !== undefined) hashes.push(leaf);
  }
  const found: FoundEntry[] = [];
  for (const hash of hashes) found.push(...(await findInAll(shards, hash)));
  return found;
}

/** Returns undefined for an entry of a kind that no log of this server can hold. */
async function leafHashOf(
  shards: Shards,
  proposed: ProposedEntry,
): Promise<Uint8Array | undefined> {
  try {
    return await shards.active.leafHashOf(proposed);
  } catch (error) {
    if (isLogError(error, 'ENTRY_KIND_DISABLED')) return undefined;
    throw error;
  }
}

async function findByIndex(shards: Shards, indexes: readonly bigint[]): Promise<FoundEntry[]> {
  const log = shards.active;
  const exact = indexes.map(Number).filter((index) => Number.isSafeInteger(index));
  if (exact.length === 0) return [];
  const entries = await log.entriesByIndex(exact);
  return entries.flatMap((entry) => (entry === undefined ? [] : [{ log, entry }]));
}

/** The value was decoded with U+FFFD for damaged UTF-8; its text is taken apart the same way. */
function fromUtf8Lenient(bytes: Uint8Array): string {
  return new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes);
}
