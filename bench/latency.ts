/**
 * How soon is a single submission answered when nobody else is there: over the v1 API, and over the v2 API?
 *
 * One connection, one submission after the other, rounds of the two APIs in turn, so that a neighbour's load hits both.
 * Beside them stands the limit: Rekor v2's own answers take 1.0 s at the least and 11 s by default.
 */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { median } from './harness/latencies.js';
import { type LoadFigures, measureLoad } from './harness/measure.js';
import { requestOf } from './harness/payloads.js';
import { preparedSubmissions } from './harness/prepared.js';
import { type ResultRow, report } from './harness/result.js';
import { startServer } from './harness/server-process.js';

export interface LatencyOptions {
  /** Submissions a round and API. */
  readonly entries: number;
  readonly rounds: number;
  readonly flags: readonly string[];
}

/** The quickest answer of Rekor v2, measured at its shortest checkpoint interval, in milliseconds. */
const REKOR_V2_FLOOR_MS = 990;

/** Measures, prints and keeps the figures. */
export async function latency({ entries, rounds, flags }: LatencyOptions): Promise<void> {
  const bodies = preparedSubmissions('hashedrekord', 2 * entries * rounds);
  const folder = mkdtempSync(join(tmpdir(), 'stele-latency-'));
  const server = await startServer({ dataDir: folder, flags });
  try {
    const figures: { v1: LoadFigures[]; v2: LoadFigures[] } = { v1: [], v2: [] };
    for (let round = 0; round < rounds; round++) {
      const own = bodies.slice(2 * entries * round, 2 * entries * (round + 1));
      const v1 = own.slice(0, entries).map((each) => requestOf('v1', each));
      const v2 = own.slice(entries).map((each) => requestOf('v2', each));
      figures.v1.push(await measureLoad(server, v1, 1, [201]));
      figures.v2.push(await measureLoad(server, v2, 1, [201]));
    }
    const [v1, v2] = [row('v1', figures.v1), row('v2', figures.v2)];
    const times = REKOR_V2_FLOOR_MS / (v2.figures['p50 ms'] ?? Number.NaN);
    const ratio = { case: 'Rekor v2, quickest / v2', figures: { 'p50 ms': times } };
    report('latency', [v1, v2, ratio], new Date());
  } finally {
    await server.stop();
    rmSync(folder, { recursive: true });
  }
}

function row(name: string, rounds: readonly LoadFigures[]): ResultRow {
  const middle = (of: (figures: LoadFigures) => number): number => median(rounds.map(of));
  return {
    case: name,
    figures: {
      'p50 ms': middle((each) => each.p50Ms),
      'p99 ms': middle((each) => each.p99Ms),
      'entries/s': middle((each) => each.perSecond),
      'CPU us/entry': middle((each) => each.cpuMicroseconds),
    },
  };
}
