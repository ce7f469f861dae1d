/**
 * Search: the entries that carry all, or any, of some keys.
 *
 * Spec: openapi.yaml, searchIndex. In scope: combining the ascending streams of the keys, page by page, complete and
 * without repeats, and a bound on how many are found. Out of scope: what the keys are and how they are spelt
 * (entries/, api/). Memory is one page for each key, whatever the number of entries behind it. No state.
 */

import { LogError } from '../errors.js';
import type { LogStore } from '../storage/log-store.js';

/** How the keys of a search are combined. */
export type SearchOperator = 'and' | 'or';

/** Log indexes that are read at once for one key. */
export const SEARCH_PAGE = 1_000;

/**
 * Yields the log indexes below `size`, ascending, whose entries carry all (`and`) or any (`or`) of the keys, in
 * pages of at most SEARCH_PAGE. No keys find nothing.
 */
export async function* searchIndexes(
  log: Pick<LogStore, 'find'>,
  keys: readonly string[],
  operator: SearchOperator,
  size: number,
): AsyncGenerator<readonly number[]> {
  const cursors = [...new Set(keys)].map((key) => new KeyCursor(log, key, size));
  if (cursors.length === 0) return;
  const next = operator === 'and' ? nextCommon : nextOfAny;
  let page: number[] = [];
  for (
    let found = await next(cursors, -1);
    found !== undefined;
    found = await next(cursors, found)
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
  log: Pick<LogStore, 'find'>,
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

/** Returns the smallest index after `after` that every cursor has. */
async function nextCommon(
  cursors: readonly KeyCursor[],
  after: number,
): Promise<number | undefined> {
  let candidate = after + 1;
  for (let agreeing = 0, i = 0; agreeing < cursors.length; i = (i + 1) % cursors.length) {
    const found = await (cursors[i] as KeyCursor).firstFrom(candidate);
    if (found === undefined) return undefined;
    agreeing = found === candidate ? agreeing + 1 : 1;
    candidate = found;
  }
  return candidate;
}

/** Returns the smallest index after `after` that some cursor has. */
async function nextOfAny(
  cursors: readonly KeyCursor[],
  after: number,
): Promise<number | undefined> {
  let smallest: number | undefined;
  for (const cursor of cursors) {
    const found = await cursor.firstFrom(after + 1);
    if (found !== undefined && (smallest === undefined || found < smallest)) smallest = found;
  }
  return smallest;
}

/** The ascending indexes of one key, a page of them in memory. */
class KeyCursor {
  readonly #log: Pick<LogStore, 'find'>;
  readonly #key: string;
  readonly #below: number;
  #page: readonly number[] = [];
  #position = 0;
  /** Everything up to here has been in a page. */
  #readTo = -1;
  #finished = false;

  constructor(log: Pick<LogStore, 'find'>, key: string, below: number) {
    this.#log = log;
    this.#key = key;
    this.#below = below;
  }

  /** Returns the smallest index that is at least `from`; `from` never goes back. */
  firstFrom(from: number): number | undefined | Promise<number | undefined> {
    for (; this.#position < this.#page.length; this.#position++) {
      const index = this.#page[this.#position] as number;
      if (index >= from) return index;
    }
    return this.#finished ? undefined : this.#readFrom(from);
  }

  async #readFrom(from: number): Promise<number | undefined> {
    const after = Math.max(this.#readTo, from - 1);
    this.#page = await this.#log.find(this.#key, { below: this.#below, after, limit: SEARCH_PAGE });
    this.#position = 0;
    this.#readTo = this.#page.at(-1) ?? after;
    this.#finished = this.#page.length < SEARCH_PAGE;
    return this.#page[0];
  }
}
