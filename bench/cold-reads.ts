/**
 * Reads all over a log, in this process: entries with proof, duplicates looked for and not found, search by hash.
 * Each asks for something that was not asked for before, so that neither the log's caches nor LevelDB's have it.
 */

import { randomBytes } from 'node:crypto';
import { openUnverifiedLog, type UnverifiedLog } from './harness/open-log.js';
import { threadSeconds } from './harness/own-figures.js';
import { memoryBytes } from './harness/process-figures.js';
import type { ResultRow } from './harness/result.js';

const UNDER_WAY = 64;
const MIB = 2 ** 20;

/** Returns the figures of `count` reads of each kind in the log of `dataDir`, whose entries fill.ts made. */
export async function coldReads(dataDir: string, count: number): Promise<ResultRow[]> {
  const log = await openUnverifiedLog(dataDir);
  try {
    const size = await log.size();
    const some = (): number => Math.floor(Math.random() * size);
    const values = await someValues(log, count, some);
    const cases: [string, (i: number) => Promise<unknown>][] = [
      ['entry with proof, cold', () => log.desk.entriesByIndex([some()])],
      ['leaf hash that is not there', () => log.stored.indexesOf([randomBytes(32)])],
      ['search by hash, cold', (i) => found(log, `sha256:${values[i]}`)],
    ];
    const rows: ResultRow[] = [];
    for (const [name, read] of cases) rows.push(await measured(name, count, read));
    return rows;
  } finally {
    await log.close();
  }
}

/** Digests of entries all over the log. Their leaf rows are read for it, the rows of the index are not. */
async function someValues(
  log: UnverifiedLog,
  count: number,
  some: () => number,
): Promise<string[]> {
  const values: string[] = [];
  while (values.length < count) {
    const index = some();
    const [bytes] = await log.stored.leafBytes(index, index + 1);
    const { spec } = JSON.parse(Buffer.from(bytes as Uint8Array).toString()) as {
      spec: { data: { hash: { value: string } } };
    };
    values.push(spec.data.hash.value);
  }
  return values;
}

async function found(log: UnverifiedLog, key: string): Promise<void> {
  const ids = await log.desk.search([key], 'or', 10);
  if (ids.length === 0) throw new Error(`search does not find ${key}`);
}

async function measured(
  name: string,
  count: number,
  read: (i: number) => Promise<unknown>,
): Promise<ResultRow> {
  const started = performance.now();
  const before = threadSeconds();
  let next = 0;
  const ask = async (): Promise<void> => {
    while (next < count) await read(next++);
  };
  await Promise.all(Array.from({ length: UNDER_WAY }, ask));
  const after = threadSeconds();
  const seconds = (performance.now() - started) / 1000;
  const { own, now } = memoryBytes(process.pid);
  return {
    case: name,
    figures: {
      'reads/s': Math.round(count / seconds),
      'CPU us/read': Math.round((1e6 * (after.all - before.all)) / count),
      'own MiB': Math.round(own / MIB),
      'resident MiB': Math.round(now / MIB),
    },
  };
}
