/**
 * The reads that are measured, as requests to one log.
 *
 * In scope: which answers are asked for. Out of scope: how often, and of whom. No state.
 */

import { TILE_WIDTH, tilePath } from '../../src/merkle/tile.js';
import { etagOf, type LogSample } from './log-sample.js';
import type { ReadRequest } from './read-request.js';

/** One kind of read. */
export interface ReadQuestion {
  readonly name: string;
  readonly requests: readonly ReadRequest[];
  readonly status: number;
  /** Asked once each, and of the log alone. */
  readonly cold?: boolean;
}

const HOT_REQUESTS = 2000;
const COLD_REQUESTS = 20_000;
const RETRIEVED_AT_ONCE = 10;

/** Returns the questions that the log of `sample`, at `url`, can answer; cold ones where it is a big one. */
export async function readQuestions(
  url: string,
  sample: LogSample,
  big: boolean,
): Promise<ReadQuestion[]> {
  const { treeID, size } = sample;
  const tiles = await tileQuestions(url, `/logs/${treeID}`, size);
  const all = [...entryQuestions(sample), ...tiles];
  return big ? [...all, ...coldQuestions(sample)] : all;
}

/** Returns the questions about entries: those that any server of the v1 API answers. */
export function entryQuestions({ size, entries }: LogSample): ReadQuestion[] {
  const some = (): number => Math.floor(Math.random() * size);
  const sampled = (n: number) => entries[n % entries.length] ?? { id: '', digest: '' };
  return [
    hot('log info', () => ({ path: '/api/v1/log' })),
    hot('entry by index', () => ({ path: `/api/v1/log/entries?logIndex=${some()}` })),
    hot('entry by UUID', (n) => ({ path: `/api/v1/log/entries/${sampled(n).id}` })),
    hot('consistency proof', () => ({
      path: `/api/v1/log/proof?firstSize=${some() + 1}&lastSize=${size}`,
    })),
    hot('search by hash', (n) => ({
      path: '/api/v1/index/retrieve',
      body: JSON.stringify({ hash: `sha256:${sampled(n).digest}` }),
    })),
    hot(`retrieve of ${RETRIEVED_AT_ONCE}`, () => ({
      path: '/api/v1/log/entries/retrieve',
      body: JSON.stringify({ logIndexes: Array.from({ length: RETRIEVED_AT_ONCE }, some) }),
    })),
  ];
}

/** Returns the questions about the tiles below `prefix`, of a log with `size` entries. */
export async function tileQuestions(
  url: string,
  prefix: string,
  size: number,
): Promise<ReadQuestion[]> {
  const full = Math.floor(size / TILE_WIDTH);
  const path = (level: 0 | 'entries', n: number): string =>
    `${prefix}/${tilePath({ level, index: n % full, width: TILE_WIDTH })}`;
  const edge = tilePath({ level: 0, index: full, width: size % TILE_WIDTH || 1 });
  const changing = [
    hot('checkpoint', () => ({ path: `${prefix}/checkpoint` })),
    hot('partial tile', () => ({ path: `${prefix}/${edge}` })),
  ];
  if (full === 0) return changing;
  const known = await etagOf(url, { path: path(0, 0) });
  return [
    ...changing,
    hot('full tile', (n) => ({ path: path(0, n) })),
    { ...hot('full tile that is known', () => ({ path: path(0, 0), known })), status: 304 },
    hot('bundle', (n) => ({ path: path('entries', n) })),
    hot('bundle, packed', (n) => ({ path: path('entries', n), gzip: true })),
  ];
}

function coldQuestions({ size }: LogSample): ReadQuestion[] {
  const requests = Array.from({ length: COLD_REQUESTS }, () => ({
    path: `/api/v1/log/entries?logIndex=${Math.floor(Math.random() * size)}`,
  }));
  return [{ name: `entry by index, cold of ${size}`, requests, status: 200, cold: true }];
}

/** A question that has as many answers as `HOT_REQUESTS`, or fewer where they repeat. */
function hot(name: string, request: (n: number) => ReadRequest): ReadQuestion {
  const all = Array.from({ length: HOT_REQUESTS }, (_, n) => JSON.stringify(request(n)));
  const distinct = [...new Set(all)].map((text) => JSON.parse(text) as ReadRequest);
  return { name, requests: distinct, status: 200 };
}
