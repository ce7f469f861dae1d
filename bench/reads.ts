/** What does a read cost: an entry by index and by ID (with proof, timestamp and checkpoint), a consistency proof? */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Connection, requestBytes } from './harness/connection.js';
import { type LoadFigures, measureLoad } from './harness/measure.js';
import { requestOf } from './harness/payloads.js';
import { preparedSubmissions } from './harness/prepared.js';
import { type ResultRow, report } from './harness/result.js';
import { type ServerProcess, startServer } from './harness/server-process.js';

export interface ReadsOptions {
  /** Entries in the log that is read; ignored with `dataDir`. */
  readonly entries: number;
  /** An existing log, for example of `load`. */
  readonly dataDir: string | undefined;
  /** Requests for each case. */
  readonly requests: number;
  readonly connections: number;
  readonly flags: readonly string[];
}

/** Measures, prints and keeps the figures. */
export async function reads(options: ReadsOptions): Promise<void> {
  const folder = options.dataDir ?? mkdtempSync(join(tmpdir(), 'stele-reads-'));
  const server = await startServer({ dataDir: folder, flags: options.flags });
  try {
    if (options.dataDir === undefined) {
      const submissions = preparedSubmissions('hashedrekord', options.entries);
      const requests = submissions.map((each) => requestOf('v1', each));
      await measureLoad(server, requests, 64, [201]);
    }
    report('reads', await measure(server, options), new Date());
  } finally {
    await server.stop();
    if (options.dataDir === undefined) rmSync(folder, { recursive: true });
  }
}

async function measure(server: ServerProcess, options: ReadsOptions): Promise<ResultRow[]> {
  const size = await treeSize(server);
  const some = (): number => Math.floor(Math.random() * size);
  const ids = await entryIDs(server, Array.from({ length: 200 }, some));
  const cases: [string, (n: number) => string][] = [
    ['log info', () => '/api/v1/log'],
    ['entry by index', () => `/api/v1/log/entries?logIndex=${some()}`],
    ['entry by ID', (n) => `/api/v1/log/entries/${ids[n % ids.length]}`],
    ['consistency proof', () => `/api/v1/log/proof?firstSize=${some() + 1}&lastSize=${size}`],
    ['ping', () => '/ping'],
  ];
  const rows: ResultRow[] = [];
  for (const [name, path] of cases) {
    const requests = Array.from({ length: options.requests }, (_, n) =>
      requestBytes('GET', path(n)),
    );
    rows.push(
      row(
        `${name}, ${size} entries`,
        await measureLoad(server, requests, options.connections, [200]),
      ),
    );
  }
  return rows;
}

async function treeSize(server: ServerProcess): Promise<number> {
  const connection = await Connection.open(server.url);
  const { body } = await connection.send(requestBytes('GET', '/api/v1/log'));
  connection.close();
  return (JSON.parse(body.toString()) as { treeSize: number }).treeSize;
}

async function entryIDs(server: ServerProcess, indexes: readonly number[]): Promise<string[]> {
  const connection = await Connection.open(server.url);
  const ids: string[] = [];
  for (const index of indexes) {
    const path = `/api/v1/log/entries?logIndex=${index}`;
    const { body } = await connection.send(requestBytes('GET', path));
    ids.push(...Object.keys(JSON.parse(body.toString()) as object));
  }
  connection.close();
  return ids;
}

function row(name: string, figures: LoadFigures): ResultRow {
  return {
    case: name,
    figures: {
      'requests/s': figures.perSecond,
      'p50 ms': figures.p50Ms,
      'p99 ms': figures.p99Ms,
      'CPU us/request': figures.cpuMicroseconds,
      'peak MiB': figures.peakMiB,
    },
  };
}
