/**
 * Search: the entries that carry certain keys, from the oldest or from the newest on.
 *
 * Spec: openapi.yaml, searchIndex and searchEntries. In scope: joining the streams of the keys (search-streams.ts),
 * complete, in order and without repeats; a bound on how many are found; one page of many. Out of scope: what the keys
 * are and how they are spelt (entries/, api/). Memory is one page for each key, whatever the number of entries behind
 * it. No state.
 */

import { LogError } from '../errors.js';
import type { LogStore } from '../storage/log-store.js';
import {
  allOf,
  anyOf,
  KeyStream,
  type KeyStreamOptions,
  type RankStream,
  SEARCH_PAGE,
  type SearchOrder,
} from './search-streams.js';

/** How the keys of a search are combined. */
export type SearchOperator = 'and' | 'or';

type SearchableLog = Pick<LogStore, 'find'>;

/**
 * Yields the log indexes below `size`, ascending, whose entries carry all (`and`) or any (`or`) of the keys, in
 * pages of at most SEARCH_PAGE. No keys find nothing.
 */
export async function* searchIndexes(
  log: SearchableLog,
  keys: readonly string[],
  operator: SearchOperator,
  size: number,
): AsyncGenerator<readonly number[]> {
  const options = { size, order: 'oldest', firstRead: SEARCH_PAGE } as const;
  const streams = [...new Set(keys)].map((key) => new KeyStream(log, key, options));
  if (streams.length === 0) return;
  const stream = operator === 'and' ? allOf(streams) : anyOf(streams);
  let page: number[] = [];
  for (
    let found = await stream.firstFrom(0);
    found !== undefined;
    found = await stream.firstFrom(found + 1)
  ) {
    page.push(found);
    if (page.length < SEARCH_PAGE) continue;
    yield page;
    page = [];
  }
  if (page.length > 0) yield page;
}

/**
 * Returns all that `searchIndexes` yields. Throws SEARCH_TOO_WIDE as soon as there are more than `most`: nothing
 * but the search rows was read by then.
 */
export async function findIndexesAtMost(
  log: SearchableLog,
  keys: readonly string[],
  operator: SearchOperator,
  size: number,
  most: number,
): Promise<readonly number[]> {
  const found: number[] = [];
  for await (const page of searchIndexes(log, keys, operator, size)) {
    if (found.length + page.length > most) {
      throw new LogError('SEARCH_TOO_WIDE', `more than ${most} entries match: narrow the search`);
    }
    found.push(...page);
  }
  return found;
}

/** A search for entries that carry at least one key of each group. */
export interface GroupSearch {
  readonly groups: readonly (readonly string[])[];
  readonly order: SearchOrder;
  /** Tree size that is searched: what came later is not found, so that all pages see the same tree. */
  readonly size: number;
  /** The log index at which the page before ended; default: the first page. */
  readonly after?: number;
  readonly limit: number;
}

/** One page of a search. */
export interface IndexPage {
  /** Log indexes in the order asked for. */
  readonly indexes: readonly number[];
  /** True when there is nothing behind them. */
  readonly isLast: boolean;
}

/** Rows that one search may read, for its page and for its count each; a read costs a few rows itself. */
export const MAX_SCANNED_ROWS = 200_000;

/**
 * Returns one page of a search. Throws SEARCH_TOO_WIDE when MAX_SCANNED_ROWS rows were read and the page is not
 * full: frequent keys that rarely meet.
 */
export async function findPage(
  log: SearchableLog,
  search: GroupSearch,
  mostRows: number = MAX_SCANNED_ROWS,
): Promise<IndexPage> {
  const { size, order, after, limit } = search;
  const spend = rowBudget(mostRows);
  const stream = streamOf(log, search.groups, { size, order, firstRead: limit + 1, spend });
  const indexes: number[] = [];
  let next = after === undefined ? 0 : rankOf(after, search) + 1;
  for (;;) {
    const found = await stream.firstFrom(next);
    if (found === undefined) return { indexes, isLast: true };
    // One more than the page holds tells whether another page follows.
    if (indexes.length === limit) return { indexes, isLast: false };
    indexes.push(rankOf(found, search));
    next = found + 1;
  }
}

/** How many entries a search matches. */
export interface MatchCount {
  readonly count: number;
  /** False: there are more, or perhaps more. */
  readonly isExact: boolean;
}

/** Returns how many entries match, counted up to `most` or until `mostRows` rows were read. */
export async function countMatches(
  log: SearchableLog,
  { groups, size }: Pick<GroupSearch, 'groups' | 'size'>,
  most: number,
  mostRows: number = MAX_SCANNED_ROWS,
): Promise<MatchCount> {
  const spend = rowBudget(mostRows);
  const stream = streamOf(log, groups, { size, order: 'oldest', firstRead: SEARCH_PAGE, spend });
  let count = 0;
  try {
    for (let next = 0; ; count++) {
      const found = await stream.firstFrom(next);
      if (found === undefined) return { count, isExact: true };
      if (count === most) return { count, isExact: false };
      next = found + 1;
    }
  } catch (error) {
    // Only the counting was cut short: what has been counted is there.
    if (error instanceof LogError && error.code === 'SEARCH_TOO_WIDE') {
      return { count, isExact: false };
    }
    throw error;
  }
}

function streamOf(
  log: SearchableLog,
  groups: readonly (readonly string[])[],
  options: KeyStreamOptions,
): RankStream {
  const streams = groups.map((keys) =>
    anyOf([...new Set(keys)].map((key) => new KeyStream(log, key, options))),
  );
  return allOf(streams);
}

/** Ranks count from the end at which the search begins, so the same number leads there and back. */
function rankOf(index: number, { order, size }: Pick<GroupSearch, 'order' | 'size'>): number {
  return order === 'oldest' ? index : size - 1 - index;
}

function rowBudget(most: number): (rows: number) => void {
  let left = most;
  return (rows) => {
    left -= rows;
    if (left >= 0) return;
    throw new LogError(
      'SEARCH_TOO_WIDE',
      `${most} index rows were read without filling a page: ask for something rarer, or for fewer terms`,
    );
  };
}
