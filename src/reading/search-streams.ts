/**
 * Ascending streams of ranks, read from the search rows and joined: what search.ts is made of.
 *
 * A rank is the position of an entry counted from the end at which the search begins: its log index from the oldest
 * on, `size - 1 - index` from the newest on. So one ascending join serves both orders. In scope: reading and joining.
 * Each stream is asked for ever larger ranks and owns its place.
 */

import type { LogStore } from '../storage/log-store.js';

/** At which end a search begins. */
export type SearchOrder = 'oldest' | 'newest';

/** Log indexes that are read at once for one key, at most. */
export const SEARCH_PAGE = 1_000;

/** Ranks in ascending order. */
export interface RankStream {
  /** Returns the smallest rank that is at least `from`, undefined when there is none; `from` never goes back. */
  firstFrom(from: number): number | undefined | Promise<number | undefined>;
}

/** Returns the ranks that every one of `streams` has; without streams, none. */
export function allOf(streams: readonly RankStream[]): RankStream {
  if (streams.length === 1) return streams[0] as RankStream;
  return new CommonStream(streams);
}

/** Returns the ranks that any of `streams` has. */
export function anyOf(streams: readonly RankStream[]): RankStream {
  if (streams.length === 1) return streams[0] as RankStream;
  return { firstFrom: (from) => firstOfAny(streams, from) };
}

/** How a key is read. */
export interface KeyStreamOptions {
  /** Tree size: entries below it are found. */
  readonly size: number;
  readonly order: SearchOrder;
  /** Rows of the first read; reads grow from there to SEARCH_PAGE. */
  readonly firstRead: number;
  /** Told how many rows were read; what it throws ends the search. */
  readonly spend?: (rows: number) => void;
}

const GROWTH = 4;
/** Rows of the first read after a leap: what comes next may be leapt over as well. */
const ROWS_AFTER_LEAP = 4;
/** What a read costs beside its rows, in rows. */
const ROWS_PER_READ = 5;

/** The ranks of the entries that carry one key, a page of them in memory. */
export class KeyStream implements RankStream {
  readonly #log: Pick<LogStore, 'find'>;
  readonly #key: string;
  readonly #options: KeyStreamOptions;
  #page: readonly number[] = [];
  #position = 0;
  /** Every rank below this one has been in a page or was leapt over. */
  #readTo = 0;
  #limit: number;
  #finished = false;

  constructor(log: Pick<LogStore, 'find'>, key: string, options: KeyStreamOptions) {
    this.#log = log;
    this.#key = key;
    this.#options = options;
    this.#limit = Math.min(options.firstRead, SEARCH_PAGE);
  }

  firstFrom(from: number): number | undefined | Promise<number | undefined> {
    for (; this.#position < this.#page.length; this.#position++) {
      const rank = this.#page[this.#position] as number;
      if (rank >= from) return rank;
    }
    return this.#finished ? undefined : this.#readFrom(from);
  }

  async #readFrom(from: number): Promise<number | undefined> {
    const start = Math.max(this.#readTo, from);
    if (start > this.#readTo && this.#readTo > 0) this.#limit = ROWS_AFTER_LEAP;
    const limit = this.#limit;
    this.#page = await this.#find(start, limit);
    this.#options.spend?.(this.#page.length + ROWS_PER_READ);
    this.#position = 0;
    this.#finished = this.#page.length < limit;
    this.#readTo = (this.#page.at(-1) ?? start) + 1;
    this.#limit = Math.min(limit * GROWTH, SEARCH_PAGE);
    return this.#page[0];
  }

  async #find(start: number, limit: number): Promise<readonly number[]> {
    const { size, order } = this.#options;
    if (order === 'oldest') {
      return this.#log.find(this.#key, { below: size, after: start - 1, limit });
    }
    const indexes = await this.#log.find(this.#key, { below: size - start, limit, order });
    return indexes.map((index) => size - 1 - index);
  }
}

/** What several streams have in common: each in turn leaps to where the one before it stands, until all agree. */
class CommonStream implements RankStream {
  readonly #streams: readonly RankStream[];
  /** Who leapt last is asked first: it is likely the rarest, and the others need read only where it stands. */
  #lead = 0;

  constructor(streams: readonly RankStream[]) {
    this.#streams = streams;
  }

  async firstFrom(from: number): Promise<number | undefined> {
    const count = this.#streams.length;
    if (count === 0) return undefined;
    let candidate = from;
    for (let agreeing = 0, i = this.#lead; agreeing < count; i = (i + 1) % count) {
      const found = await (this.#streams[i] as RankStream).firstFrom(candidate);
      if (found === undefined) return undefined;
      if (found !== candidate) this.#lead = i;
      agreeing = found === candidate ? agreeing + 1 : 1;
      candidate = found;
    }
    return candidate;
  }
}

async function firstOfAny(
  streams: readonly RankStream[],
  from: number,
): Promise<number | undefined> {
  let smallest: number | undefined;
  // Those that must read do so at the same time.
  for (const found of await Promise.all(streams.map((stream) => stream.firstFrom(from)))) {
    if (found !== undefined && (smallest === undefined || found < smallest)) smallest = found;
  }
  return smallest;
}
