/**
 * `GET /api/v1/search`: entries by typed terms, a page at a time, in the order of the log.
 *
 * Spec: openapi.yaml, searchEntries; our own, not Rekor's. In scope: the answer with its pages, counts and hints. Out of
 * scope: parameters (search-query.ts), several logs in one order (search-rows.ts). The switch of index/retrieve governs it too; it is not
 * counted among Rekor's routes.
 */

import { type ByteText, byteText } from '../../encoding/byte-text.js';
import { kindOfLeaf } from '../../entries/leaf-kind.js';
import { JSON_TYPE, jsonTextReply } from '../../http/reply.js';
import type { Route } from '../../http/route.js';
import type { EntryLeaf, Shards, TermGroups } from '../../log/log.js';
import { mistakeOf } from '../problem.js';
import { endpointRoute } from './endpoint.js';
import { entryJson } from './entry-json.js';
import { cursorAt } from './search-cursor.js';
import { hintFor } from './search-hint.js';
import { type EntrySearchQuery, readEntrySearch } from './search-query.js';
import {
  countAll,
  type FoundLeaf,
  findPage,
  isThere,
  searchedRows,
  sizeOf,
} from './search-rows.js';

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

async function searchJson(shards: Shards, query: EntrySearchQuery): Promise<ByteText> {
  const rows = searchedRows(shards, query.place);
  const groups = groupsOf(query);
  const { found, place, isLast } = await findPage(rows, query, groups);
  const results = await resultsJson(found, query.withEntries);
  // Each of them a ByteText.
  const members: [name: string, json: string][] = [];
  if (found.length === 0 && query.place === undefined) {
    const hint = await hintFor(query, (terms) => isThere(rows, [terms]));
    members.push(['hint', byteText(JSON.stringify(hint))]);
  }
  members.push(['isProvenComplete', 'false']);
  if (!isLast && found.length > 0) {
    members.push(['next', JSON.stringify(cursorAt(place, query))]);
  }
  members.push(['results', `[${results.join(',')}]`]);
  if (query.withCount) {
    members.push(['total', JSON.stringify(await countAll(rows, groups, MAX_COUNT))]);
  }
  members.push(['treeSize', String(sizeOf(rows))]);
  return `{${members.map(([name, json]) => `"${name}":${json}`).join(',')}}` as ByteText;
}

/** `and`: each condition is met by one of its terms; `or`: any term of any condition will do. */
function groupsOf({ conditions, operator }: EntrySearchQuery): TermGroups {
  const groups = conditions.map(({ terms }) => terms);
  return operator === 'and' ? groups : [groups.flat()];
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
    `"kind":"${kindOfLeaf(leaf.leaf).kind}","logIndex":${logIndex}}`
  );
}
