/**
 * Several logs in one search. A row is a log and its older shards, which share their indexes; there is one for each API
 * that has a log of its own, and the entries of all rows are given in the order of their times.
 *
 * In scope: pages, counts and their places over all rows. Out of scope: what is shown of an entry (search-entries.ts),
 * how one log is searched (log/).
 */

import type { Log, Shards, TermGroups } from '../../log/log.js';
import { foreignCursor, type PagePlace, type RowPlace } from './search-cursor.js';
import type { EntrySearchQuery } from './search-query.js';

/** A log in its row: its entries have the indexes from `first` on. */
export interface SearchedLog {
  readonly log: Log;
  readonly first: number;
  /** Its tree size, as far as the search sees it. */
  readonly size: number;
}

/** Logs that share their indexes, from the oldest on, and where the page before ended. */
export interface SearchedRow {
  readonly logs: readonly SearchedLog[];
  readonly after: number | undefined;
}

/** An entry that was found. */
export interface FoundLeaf {
  readonly log: Log;
  /** In its log. */
  readonly index: number;
  /** In its row. */
  readonly logIndex: number;
}

/** A page over all rows, and where it ends. */
export interface FoundPage {
  readonly found: readonly FoundLeaf[];
  readonly place: PagePlace;
  readonly isLast: boolean;
}

/** Returns the rows of a server, cut off at the sizes of the first page. Throws RefusedRequest for another's place. */
export function searchedRows(
  { inactive, active, ofV2 }: Shards,
  place: PagePlace | undefined,
): readonly SearchedRow[] {
  const rows = [[...inactive, active], ...(ofV2 === undefined ? [] : [[ofV2]])];
  if (place !== undefined && place.length !== rows.length) throw foreignCursor();
  return rows.map((logs, i) => searchedRow(logs, place?.[i]));
}

/** Returns the number of entries that are searched. */
export function sizeOf(rows: readonly SearchedRow[]): number {
  return rows.reduce((sum, row) => sum + lengthOf(row), 0);
}

/** Returns a page. Throws as Log.searchByTerms does. */
export async function findPage(
  rows: readonly SearchedRow[],
  search: Pick<EntrySearchQuery, 'order' | 'limit'>,
  groups: TermGroups,
): Promise<FoundPage> {
  const pages = await Promise.all(rows.map((row) => pageOfRow(row, search, groups)));
  const found = await firstOf(pages, search);
  const left = pages.reduce((sum, page) => sum + page.found.length, 0) - found.length;
  return {
    found,
    place: rows.map((row) => ({ size: lengthOf(row), after: lastOf(row, found) ?? row.after })),
    isLast: left === 0 && pages.every(({ isLast }) => isLast),
  };
}

/** Returns how many entries match, exactly up to `most`. */
export async function countAll(
  rows: readonly SearchedRow[],
  groups: TermGroups,
  most: number,
): Promise<{ count: number; isExact: boolean }> {
  let count = 0;
  let isExact = true;
  for (const { log, size } of rows.flatMap(({ logs }) => logs)) {
    const counted = await log.countByTerms(groups, size, most - count);
    count += counted.count;
    isExact &&= counted.isExact;
  }
  return { count, isExact };
}

/** Returns whether any entry matches. */
export async function isThere(rows: readonly SearchedRow[], groups: TermGroups): Promise<boolean> {
  for (const { log, size } of rows.flatMap(({ logs }) => logs)) {
    const { indexes } = await log.searchByTerms({ groups, order: 'newest', size, limit: 1 });
    if (indexes.length > 0) return true;
  }
  return false;
}

function searchedRow(row: readonly Log[], place: RowPlace | undefined): SearchedRow {
  let first = 0;
  const logs = row.map((log) => {
    const searched = { log, first, size: log.statistics().treeSize };
    first += searched.size;
    return searched;
  });
  if (place === undefined) return { logs, after: undefined };
  const { size, after } = place;
  if (size > first) throw foreignCursor();
  const cut = logs.map((each) => ({
    ...each,
    size: Math.max(0, Math.min(each.size, size - each.first)),
  }));
  return { logs: cut, after };
}

function lengthOf({ logs }: SearchedRow): number {
  return logs.reduce((sum, { size }) => sum + size, 0);
}

interface RowPage {
  readonly found: readonly FoundLeaf[];
  readonly isLast: boolean;
}

async function pageOfRow(
  { logs, after: afterInRow }: SearchedRow,
  { order, limit }: Pick<EntrySearchQuery, 'order' | 'limit'>,
  groups: TermGroups,
): Promise<RowPage> {
  const found: FoundLeaf[] = [];
  const ordered = order === 'oldest' ? logs : [...logs].reverse();
  for (const { log, first, size } of ordered) {
    const after = afterInRow === undefined ? undefined : afterInRow - first;
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

/** Returns the first of all that the rows found, by their times; those of one second row by row. */
async function firstOf(
  pages: readonly RowPage[],
  { order, limit }: Pick<EntrySearchQuery, 'order' | 'limit'>,
): Promise<readonly FoundLeaf[]> {
  const filled = pages.filter(({ found }) => found.length > 0);
  if (filled.length <= 1) return filled[0]?.found ?? [];
  const timed = await Promise.all(filled.map(({ found }) => withTimes(found)));
  const direction = order === 'oldest' ? 1 : -1;
  return timed
    .flat()
    .sort((a, b) => direction * (a.seconds - b.seconds))
    .slice(0, limit)
    .map(({ leaf }) => leaf);
}

async function withTimes(
  found: readonly FoundLeaf[],
): Promise<readonly { leaf: FoundLeaf; seconds: number }[]> {
  const seconds = new Map<FoundLeaf, number>();
  for (const log of new Set(found.map((each) => each.log))) {
    const here = found.filter((each) => each.log === log);
    const leaves = await log.leavesByIndex(here.map(({ index }) => index));
    here.forEach((each, i) => {
      seconds.set(each, leaves[i]?.integratedTimeSeconds ?? 0);
    });
  }
  return found.map((leaf) => ({ leaf, seconds: seconds.get(leaf) as number }));
}

function lastOf({ logs }: SearchedRow, found: readonly FoundLeaf[]): number | undefined {
  return found.findLast(({ log }) => logs.some((each) => each.log === log))?.logIndex;
}
