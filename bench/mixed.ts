/**
 * How do readers and writers get along: nine reads of entries with their proofs to one new entry, as fast as it goes?
 *
 * In scope: both kinds' times, and what the mixture costs. The log is that of `reads`, and grows meanwhile.
 */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { contestRow } from './harness/contest.js';
import { median } from './harness/latencies.js';
import { type LoadFigures, measureLoad, type Target } from './harness/measure.js';
import { SubmissionSource } from './harness/prepared.js';
import { bytesOfRead } from './harness/read-request.js';
import type { ResultRow } from './harness/result.js';
import { QUIET_FLAGS, startServer, waitUntilReady } from './harness/server-process.js';

export interface MixedOptions {
  /** Entries in the log at first. */
  readonly entries: number;
  /** Reads and writes a round. */
  readonly requests: number;
  readonly connections: number;
  readonly rounds: number;
  readonly flags: readonly string[];
}

const READS_PER_WRITE = 9;
const FILL_CONNECTIONS = 64;
const PAYLOAD = 'hashedrekord, certificate';
const [OK, CREATED] = [200, 201];

/** Measures. */
export async function mixed(options: MixedOptions): Promise<ResultRow[]> {
  const folder = mkdtempSync(join(tmpdir(), 'stele-mixed-'));
  const flags = [...QUIET_FLAGS, ...options.flags];
  const server = await startServer({ dataDir: folder, flags, probed: true });
  try {
    const source = new SubmissionSource({ fresh: false });
    const first = source.take('v1', PAYLOAD, options.entries);
    await measureLoad(server, first, FILL_CONNECTIONS, [CREATED]);
    await waitUntilReady(server);
    const rounds: LoadFigures[] = [];
    for (let n = 0; n < options.rounds; n++) rounds.push(await round(server, source, options));
    return rowsOf(rounds, options.connections);
  } finally {
    await server.stop();
    rmSync(folder, { recursive: true });
  }
}

function round(
  server: Target,
  source: SubmissionSource,
  { entries, requests, connections }: MixedOptions,
): Promise<LoadFigures> {
  const writes = source.take('v1', PAYLOAD, Math.ceil(requests / (READS_PER_WRITE + 1)));
  const mixture = writes.flatMap((write) => [
    write,
    ...Array.from({ length: READS_PER_WRITE }, () =>
      bytesOfRead({ path: `/api/v1/log/entries?logIndex=${Math.floor(Math.random() * entries)}` }),
    ),
  ]);
  return measureLoad(server, mixture, connections, [OK, CREATED]);
}

function rowsOf(rounds: readonly LoadFigures[], connections: number): ResultRow[] {
  const name = `9 reads to 1 write, ${connections} connections`;
  const timesOf = (status: number): Record<string, number> => {
    const spreads = rounds.flatMap(({ byStatus }) => byStatus[String(status)] ?? []);
    return {
      'p50 ms': median(spreads.map(({ p50Ms }) => p50Ms)),
      'p99 ms': median(spreads.map(({ p99Ms }) => p99Ms)),
      'p99.9 ms': median(spreads.map(({ p999Ms }) => p999Ms)),
    };
  };
  return [
    contestRow(name, rounds, undefined),
    { case: `${name}: the reads`, figures: timesOf(OK) },
    { case: `${name}: the writes`, figures: timesOf(CREATED) },
  ];
}
