/**
 * How many tiles and checkpoints a second, and what does it cost to read a log whole?
 *
 * The log is made without HTTP (fill.ts), or given. The whole read is our own client's: every bundle and every hash tile,
 * all of it checked. The limit beside it is a network of 1 Gbit/s: how long the same bytes would take there.
 */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readWholeLog } from '../src/client/whole-log.js';
import { TILE_WIDTH, tilePath } from '../src/merkle/tile.js';
import { parseCheckpoint } from '../src/note/checkpoint.js';
import { parseSignedNote } from '../src/note/signed-note.js';
import { fillLog } from './fill.js';
import { Connection, requestBytes } from './harness/connection.js';
import { measureLoad } from './harness/measure.js';
import { cpuSeconds, memoryBytes } from './harness/process-figures.js';
import { type ResultRow, report } from './harness/result.js';
import {
  QUIET_FLAGS,
  type ServerProcess,
  startServer,
  waitUntilReady,
} from './harness/server-process.js';

export interface TilesOptions {
  /** Entries in the log that is read; ignored with `dataDir`. */
  readonly entries: number;
  /** An existing log, for example of `load`. */
  readonly dataDir: string | undefined;
  readonly requests: number;
  readonly connections: number;
  readonly flags: readonly string[];
}

const GIGABIT_BYTES_PER_SECOND = 1e9 / 8;

/** Measures, prints and keeps the figures. */
export async function tiles(options: TilesOptions): Promise<void> {
  const folder = options.dataDir ?? mkdtempSync(join(tmpdir(), 'stele-tiles-'));
  if (options.dataDir === undefined) await fillLog(folder, options.entries);
  const server = await startServer({
    dataDir: folder,
    flags: [...QUIET_FLAGS, ...options.flags],
  });
  try {
    // The check of the store that runs after a start would be measured as well.
    await waitUntilReady(server);
    const prefix = `/logs/${server.treeID}`;
    const { size } = await checkpointOf(server, prefix);
    const rows = [
      ...(await requestRows(server, prefix, size, options)),
      ...(await wholeLogRows(server, prefix, options.connections)),
    ];
    report('tiles', rows, new Date());
  } finally {
    await server.stop();
    if (options.dataDir === undefined) rmSync(folder, { recursive: true });
  }
}

async function requestRows(
  server: ServerProcess,
  prefix: string,
  size: number,
  { requests, connections }: TilesOptions,
): Promise<readonly ResultRow[]> {
  const full = Math.floor(size / TILE_WIDTH);
  const some = (): number => Math.floor(Math.random() * full);
  const edge = tilePath({ level: 0, index: full, width: size % TILE_WIDTH || 1 });
  const tile = (level: 0 | 'entries') => () => {
    return `${prefix}/${tilePath({ level, index: some(), width: TILE_WIDTH })}`;
  };
  const cases: [string, number, () => string][] = [
    ['full tile', requests, tile(0)],
    ['partial tile', requests, () => `${prefix}/${edge}`],
    ['checkpoint', requests, () => `${prefix}/checkpoint`],
    ['entry bundle', Math.ceil(requests / 10), tile('entries')],
  ];
  const rows: ResultRow[] = [];
  for (const [name, count, path] of cases) {
    const sent = Array.from({ length: count }, () => requestBytes('GET', path()));
    const figures = await measureLoad(server, sent, connections, [200]);
    rows.push({
      case: `${name}, ${size} entries`,
      figures: {
        'requests/s': figures.perSecond,
        'p50 ms': figures.p50Ms,
        'p99 ms': figures.p99Ms,
        'CPU us/request': figures.cpuMicroseconds,
        'peak MiB': figures.peakMiB,
      },
    });
  }
  return rows;
}

async function wholeLogRows(
  server: ServerProcess,
  prefix: string,
  connections: number,
): Promise<readonly ResultRow[]> {
  const free = await Promise.all(
    Array.from({ length: connections }, () => Connection.open(server.url)),
  );
  const all = [...free];
  const waiting: ((connection: Connection) => void)[] = [];
  let bytes = 0;
  const fetchTile = async (path: string): Promise<Uint8Array> => {
    const connection =
      free.pop() ?? (await new Promise<Connection>((resolve) => waiting.push(resolve)));
    const { status, body } = await connection.send(requestBytes('GET', `${prefix}/${path}`));
    const next = waiting.shift();
    if (next === undefined) free.push(connection);
    else next(connection);
    if (status !== 200) throw new Error(`${path}: ${status}`);
    bytes += body.length;
    return body;
  };
  const { size, root } = await checkpointOf(server, prefix);
  const before = cpuSeconds(server.pid);
  const started = performance.now();
  let leaves = 0;
  for await (const bundle of readWholeLog({ fetchTile, size, root, atOnce: connections })) {
    leaves += bundle.length;
  }
  const seconds = (performance.now() - started) / 1000;
  const cpu = cpuSeconds(server.pid) - before;
  for (const connection of all) connection.close();
  if (leaves !== size) throw new Error(`${leaves} leaves of ${size}`);
  const overNetwork = bytes / GIGABIT_BYTES_PER_SECOND;
  return [
    {
      case: `whole log, ${size} entries`,
      figures: {
        MiB: bytes / 2 ** 20,
        'seconds (with the client checking all)': seconds,
        'CPU seconds of the server': cpu,
        'seconds at 1 Gbit/s': overNetwork,
        'peak MiB': Math.round(memoryBytes(server.pid).peak / 2 ** 20),
      },
    },
    { case: 'CPU / 1 Gbit/s', figures: { 'CPU seconds of the server': cpu / overNetwork } },
  ];
}

async function checkpointOf(
  server: ServerProcess,
  prefix: string,
): Promise<{ size: number; root: Uint8Array }> {
  const connection = await Connection.open(server.url);
  const { body } = await connection.send(requestBytes('GET', `${prefix}/checkpoint`));
  connection.close();
  const { size, root } = parseCheckpoint(parseSignedNote(new Uint8Array(body)).text);
  return { size: Number(size), root };
}
