/**
 * How soon does a log of a given size answer, how soon is it ready, and how much memory does it need?
 *
 * Points the server at an existing data folder (bench/load.ts makes big ones) and starts it several times.
 */

import { Connection, requestBytes } from './harness/connection.js';
import { median } from './harness/latencies.js';
import { cpuSeconds, memoryBytes } from './harness/process-figures.js';
import { type ResultRow, report } from './harness/result.js';
import { startServer, waitUntilReady } from './harness/server-process.js';

export interface StartFigures {
  readonly size: number;
  /** From spawning the process to the first answered read of an entry. */
  readonly answerMs: number;
  /** From spawning the process to `/readyz` answering 200. */
  readonly readyMs: number;
  /** Processor time of all threads until then: steady where other programs are at work, which the two above are not. */
  readonly readyCpuMs: number;
  /** When ready, without and with the pages of mapped tables, and the most that there was on the way. */
  readonly ownMiB: number;
  readonly residentMiB: number;
  readonly peakMiB: number;
}

export interface StartOptions {
  readonly dataDir: string;
  readonly rounds: number;
  readonly flags: readonly string[];
}

/** Measures, prints and keeps the figures; the medians come back. */
export async function start(options: StartOptions): Promise<StartFigures> {
  const { figures, row } = await measureStart(options);
  report('start', [row], new Date());
  return figures;
}

/** Measures; the medians come back, as they are and as a row. */
export async function measureStart(
  options: StartOptions,
): Promise<{ readonly figures: StartFigures; readonly row: ResultRow }> {
  const rounds: StartFigures[] = [];
  for (let round = 0; round < options.rounds; round++) rounds.push(await startOnce(options));
  const middle = (of: (figures: StartFigures) => number): number => median(rounds.map(of));
  const figures: StartFigures = {
    size: rounds[0]?.size ?? 0,
    answerMs: middle((each) => each.answerMs),
    readyMs: middle((each) => each.readyMs),
    readyCpuMs: middle((each) => each.readyCpuMs),
    ownMiB: Math.max(...rounds.map((each) => each.ownMiB)),
    residentMiB: Math.max(...rounds.map((each) => each.residentMiB)),
    peakMiB: Math.max(...rounds.map((each) => each.peakMiB)),
  };
  const row: ResultRow = {
    case: `start with ${figures.size} entries`,
    figures: {
      'answers after ms': Math.round(figures.answerMs),
      'ready after ms': Math.round(figures.readyMs),
      'CPU ms until ready': figures.readyCpuMs,
      'own MiB': figures.ownMiB,
      'with mapped tables MiB': figures.residentMiB,
      'peak MiB': figures.peakMiB,
    },
  };
  return { figures, row };
}

async function startOnce(options: StartOptions): Promise<StartFigures> {
  const started = performance.now();
  const server = await startServer({ dataDir: options.dataDir, flags: options.flags });
  try {
    const connection = await Connection.open(server.url);
    const info = await connection.send(requestBytes('GET', '/api/v1/log'));
    const size = (JSON.parse(info.body.toString()) as { treeSize: number }).treeSize;
    const path = `/api/v1/log/entries?logIndex=${Math.floor(size / 3)}`;
    const { status } = await connection.send(requestBytes('GET', path));
    if (status !== 200) throw new Error(`${path} answered ${status}`);
    const answerMs = performance.now() - started;
    await waitUntilReady(server, 120_000);
    const readyMs = performance.now() - started;
    const readyCpuMs = Math.round(1000 * cpuSeconds(server.pid));
    connection.close();
    const { own, now, peak } = memoryBytes(server.pid);
    const [ownMiB = 0, residentMiB = 0, peakMiB = 0] = [own, now, peak].map((bytes) =>
      Math.round(bytes / 2 ** 20),
    );
    return { size, answerMs, readyMs, readyCpuMs, ownMiB, residentMiB, peakMiB };
  } finally {
    await server.stop();
  }
}
