/**
 * `GET /api/v1/search`: entries by typed terms, a page at a time, in the order of the log.
 *
 * Spec: openapi.yaml, searchEntries; our own, not Rekor's. In scope: one row of results over all logs, its pages,
 * counts and hints. Out of scope: parameters (search-query.ts). The switch of index/retrieve governs it too; it is not
 * counted among Rekor's routes.
 */

import { JSON_TYPE, jsonTextReply } from '../../http/reply.js';
import type { Route } from '../../http/route.js';
import type { EntryLeaf, Log, Shards, TermGroups } from '../../log/log.js';
import { mistakeOf } from '../problem.js';
import { endpointRoute } from './endpoint.js';
import { entryJson } from './entry-json.js';
import { cursorAt, foreignCursor } from './search-cursor.js';
import { hintFor } from './search-hint.js';
import { type EntrySearchQuery, readEntrySearch } from './search-query.js';

/** Returns the route. */
export function searchEntriesRoute(shards: Shards, enabled: ReadonlySet<string>): Route {
  const route = endpointRoute<EntrySearchQuery>('searchIndex', enabled, {
    method: 'GET',
    path: '/api/v1/search',
    hot: false,
    produces: [JSON_TYPE],
    noCache: true,
    read: readEntrySearch,
    handle: async (query, request) => {
      try {
        return jsonTextReply(request.format, 200, await searchJson(shards, query));
      } catch (error) {
        return mistakeOf(error, request.format);
      }
    },
  });
  return { ...route, measured: false };
}

/** Matches are counted up to here. */
const MAX_COUNT = 10_000;

/** A log in the one row of all of them: its entries have the indexes from `first` on. */
interface SearchedLog {
  readonly log: Log;
  readonly first: number;
  /** Its tree size, as far as the search sees it. */
  readonly size: number;
}

interface FoundLeaf {
  readonly log: Log;
  /** In its log. */
  readonly index: number;
  /** Over all logs. */
  readonly logIndex: number;
}

async function searchJson(shards: Shards, query: EntrySearchQuery): Promise<string> {
  const logs = searchedLogs(shards, query);
  const treeSize = sizeOf(logs);
  const groups = groupsOf(query);
  const { found, isLast } = await findPage(logs, query, groups);
  const results = await resultsJson(found, query.withEntries);
  const last = found.at(-1);
  const members: [string, string][] = [];
  if (found.length === 0 && query.place === undefined) {
    const hint = await hintFor(query, (terms) => isThere(logs, [terms]));
    members.push(['hint', JSON.stringify(hint)]);
  }
  members.push(['isProvenComplete', 'false']);
  if (!isLast && last !== undefined) {
    const cursor = cursorAt({ size: treeSize, after: last.logIndex }, query);
    members.push(['next', JSON.stringify(cursor)]);
  }
  members.push(['results', `[${results.join(',')}]`]);
  if (query.withCount) members.push(['total', JSON.stringify(await countAll(logs, groups))]);
  members.push(['treeSize', String(treeSize)]);
  return `{${members.map(([name, json]) => `"${name}":${json}`).join(',')}}`;
}

/** `and`: each condition is met by one of its terms; `or`: any term of any condition will do. */
function groupsOf({ conditions, operator }: EntrySearchQuery): TermGroups {
  const groups = conditions.map(({ terms }) => terms);
  return operator === 'and' ? groups : [groups.flat()];
}

/** Returns the logs from the oldest on, cut off at the tree size of the first page. */
function searchedLogs(shards: Shards, { place }: EntrySearchQuery): readonly SearchedLog[] {
  let first = 0;
  const logs = [...shards.inactive, shards.active].map((log) => {
    const searched = { log, first, size: log.statistics().treeSize };
    first += searched.size;
    return searched;
  });
  if (place === undefined) return logs;
  if (place.size > first) throw foreignCursor();
  return logs.map((each) => ({
    ...each,
    size: Math.max(0, Math.min(each.size, place.size - each.first)),
  }));
}

function sizeOf(logs: readonly SearchedLog[]): number {
  return logs.reduce((sum, { size }) => sum + size, 0);
}

async function findPage(
  logs: readonly SearchedLog[],
  { order, limit, place }: EntrySearchQuery,
  groups: TermGroups,
): Promise<{ found: readonly FoundLeaf[]; isLast: boolean }> {
  const found: FoundLeaf[] = [];
  const ordered = order === 'oldest' ? logs : [...logs].reverse();
  for (const { log, first, size } of ordered) {
    const after = place === undefined ? undefined : place.after - first;
    const isPast = after !== undefined && (order === 'oldest' ? after >= size - 1 : after <= 0);
    if (isPast || size === 0) continue;
    const page = await log.searchByTerms({
      groups,
      order,
      size,
      limit: limit - found.length,
      // Beyond this log's ends: the page before ended in another one, and this one begins afresh.
      ...(after !== undefined && after >= 0 && after < size && { after }),
    });
    for (const index of page.indexes) found.push({ log, index, logIndex: first + index });
    if (!page.isLast) return { found, isLast: false };
  }
  return { found, isLast: true };
}

async function countAll(
  logs: readonly SearchedLog[],
  groups: TermGroups,
): Promise<{ count: number; isExact: boolean }> {
  let count = 0;
  let isExact = true;
  for (const { log, size } of logs) {
    const counted = await log.countByTerms(groups, size, MAX_COUNT - count);
    count += counted.count;
    isExact &&= counted.isExact;
  }
  return { count, isExact };
}

async function isThere(logs: readonly SearchedLog[], groups: TermGroups): Promise<boolean> {
  for (const { log, size } of logs) {
    const { indexes } = await log.searchByTerms({ groups, order: 'newest', size, limit: 1 });
    if (indexes.length > 0) return true;
  }
  return false;
}

/** Returns the results in the order of `found`, each as JSON text. */
async function resultsJson(
  found: readonly FoundLeaf[],
  withEntries: boolean,
): Promise<readonly string[]> {
  const texts = new Map<FoundLeaf, string>();
  for (const log of new Set(found.map((each) => each.log))) {
    const here = found.filter((each) => each.log === log);
    const indexes = here.map(({ index }) => index);
    const entries = withEntries ? await log.entriesByIndex(indexes) : [];
    const leaves = withEntries ? entries : await log.leavesByIndex(indexes);
    here.forEach((each, i) => {
      const leaf = leaves[i] as EntryLeaf;
      const entry = entries[i];
      const { logIndex } = each;
      const whole = entry && entryJson({ log, entry, virtualIndex: logIndex }, true);
      texts.set(each, resultJson(leaf, logIndex, whole === undefined ? '' : `"entry":${whole},`));
    });
  }
  return found.map((each) => texts.get(each) as string);
}

function resultJson(leaf: EntryLeaf, logIndex: number, full: string): string {
  const { entryID, integratedTimeSeconds } = leaf;
  return (
    `{${full}"entryID":"${entryID}","integratedTime":${integratedTimeSeconds},` +
    `"kind":"${kindOf(leaf.leaf)}","logIndex":${logIndex}}`
  );
}

/** The canonical entry begins with its version and its kind (RFC 8785 sorts the members). */
const START_OF_ENTRY = /^\{"apiVersion":"[^"\\]*","kind":"([^"\\]*)"/;
const LONGEST_START = 256;

function kindOf(leaf: Uint8Array): string {
  const start = Buffer.from(leaf.subarray(0, LONGEST_START)).toString('latin1');
  return START_OF_ENTRY.exec(start)?.[1] ?? '';
}
