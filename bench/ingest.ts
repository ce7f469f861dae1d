/**
 * How many entries a second, at what latency and what processor cost, does the log take over HTTP?
 *
 * Pre-signed P-256 hashedrekords with a key each, at several numbers of connections, beside a bare server that
 * only verifies them (peer-server.ts). Rounds of the two alternate, so that a neighbour's load hits both.
 */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { preparedSubmissions, submissionRequest } from './harness/entries.js';
import { type LoadFigures, measureLoad } from './harness/generator-client.js';
import { median } from './harness/latencies.js';
import { type ResultRow, report } from './harness/result.js';
import {
  programCommand,
  type ServerProcess,
  startListening,
  startServer,
} from './harness/server-process.js';

export interface IngestOptions {
  readonly connections: readonly number[];
  /** Submissions a round. */
  readonly entries: number;
  readonly rounds: number;
  /** Flags for the server. */
  readonly flags: readonly string[];
}

/** What the regression check of CI reads. */
export interface IngestSummary {
  /** Processor time of the log over that of the peer for the same body, a value for each round. */
  readonly ratios: readonly number[];
}

/** Measures, prints and keeps the figures. */
export async function ingest(options: IngestOptions): Promise<IngestSummary> {
  const total = options.entries * options.rounds * options.connections.length;
  const requests = preparedSubmissions(total).map(submissionRequest);
  const folder = mkdtempSync(join(tmpdir(), 'stele-ingest-'));
  const peer = await startListening(programCommand('bench/peer-server'));
  const server = await startServer({ dataDir: folder, flags: options.flags });
  try {
    return await measure(server, peer, requests, options);
  } finally {
    await Promise.all([server.stop(), peer.stop()]);
    rmSync(folder, { recursive: true });
  }
}

async function measure(
  server: ServerProcess,
  peer: ServerProcess,
  requests: readonly Buffer[],
  options: IngestOptions,
): Promise<IngestSummary> {
  const rows: ResultRow[] = [];
  const ratios: number[] = [];
  let used = 0;
  for (const connections of options.connections) {
    const ours: LoadFigures[] = [];
    const theirs: LoadFigures[] = [];
    for (let round = 0; round < options.rounds; round++) {
      const slice = requests.slice(used, used + options.entries);
      used += slice.length;
      const figures = await measureLoad(server, slice, connections, 201);
      const peerFigures = await measureLoad(peer, slice, connections, 201);
      ours.push(figures);
      theirs.push(peerFigures);
      ratios.push(figures.cpuMicroseconds / peerFigures.cpuMicroseconds);
    }
    rows.push(row(`log, ${connections} connections`, ours));
    rows.push(row(`peer, ${connections} connections`, theirs));
  }
  const summary = { case: 'log / peer', figures: { 'CPU ratio': median(ratios) } };
  report('ingest', [...rows, summary], new Date());
  return { ratios };
}

function row(name: string, rounds: readonly LoadFigures[]): ResultRow {
  const middle = (of: (figures: LoadFigures) => number): number => median(rounds.map(of));
  return {
    case: name,
    figures: {
      'entries/s': middle((each) => each.perSecond),
      'p50 ms': middle((each) => each.p50Ms),
      'p99 ms': middle((each) => each.p99Ms),
      'p99.9 ms': middle((each) => each.p999Ms),
      'CPU us/entry': middle((each) => each.cpuMicroseconds),
      'peak MiB': Math.max(...rounds.map((each) => each.peakMiB)),
    },
  };
}
