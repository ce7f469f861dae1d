/**
 * How many entries a second, at what latency and what processor cost, does the log take over HTTP?
 *
 * Pre-signed submissions of several kinds, over both APIs, at several numbers of connections, beside a bare server that
 * only verifies them (peer-server.ts).
 */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { contestRow, ratios, takeTurns } from './harness/contest.js';
import { type LoadFigures, measureLoad, type Target } from './harness/measure.js';
import { type Api, type Payload, weightOf } from './harness/payloads.js';
import { SubmissionSource } from './harness/prepared.js';
import type { ResultRow } from './harness/result.js';
import {
  programCommand,
  QUIET_FLAGS,
  startListening,
  startServer,
} from './harness/server-process.js';

/** What is submitted, and how. */
export interface IngestKind {
  readonly api: Api;
  readonly payload: Payload;
}

/** Every kind that is measured, by the name that the command line has for it. */
export const INGEST_KINDS: Readonly<Record<string, IngestKind>> = {
  'v1-hashedrekord': { api: 'v1', payload: 'hashedrekord' },
  'v1-one-key': { api: 'v1', payload: 'hashedrekord, one key' },
  'v1-certificate': { api: 'v1', payload: 'hashedrekord, certificate' },
  'v1-dsse': { api: 'v1', payload: 'dsse 2 KB' },
  'v1-dsse-100k': { api: 'v1', payload: 'dsse 100 KB' },
  'v2-hashedrekord': { api: 'v2', payload: 'hashedrekord' },
  'v2-certificate': { api: 'v2', payload: 'hashedrekord, certificate' },
  'v2-dsse': { api: 'v2', payload: 'dsse 2 KB' },
  'v2-dsse-100k': { api: 'v2', payload: 'dsse 100 KB' },
};

export interface IngestOptions {
  readonly kinds: readonly IngestKind[];
  readonly connections: readonly number[];
  /** Submissions a round, at 16 connections and more; large ones and a lonely connection get fewer. */
  readonly entries: number;
  readonly rounds: number;
  /** Flags for the server. */
  readonly flags: readonly string[];
}

/** One kind at one number of connections. */
export interface IngestCase {
  readonly name: string;
  readonly row: ResultRow;
  /** Processor time of the log over that of the peer for the same submissions, a value for each round. */
  readonly cpuRatios: readonly number[];
}

const CREATED = [201];
const WARM_UP_CONNECTIONS = 64;
const FIRST_WARM_UP = 4;
/** A lonely connection sends so much more slowly. */
const LONELY = 4;

/** Measures all cases. */
export async function ingest(options: IngestOptions): Promise<IngestCase[]> {
  const folder = mkdtempSync(join(tmpdir(), 'stele-ingest-'));
  const peer = await startListening(programCommand('bench/peer-server'));
  const flags = [...QUIET_FLAGS, ...options.flags];
  const server = await startServer({ dataDir: folder, flags, probed: true });
  try {
    const source = new SubmissionSource({ fresh: false });
    const cases: IngestCase[] = [];
    for (const kind of options.kinds) {
      // Processor time of a new process falls for some 8,000 submissions, until all that is hot has been compiled.
      const rounds = cases.length === 0 ? FIRST_WARM_UP : 1;
      for (let n = 0; n < rounds; n++) await warmUp([server, peer], kind, source, options);
      cases.push(...(await measureKind([server, peer], kind, source, options)));
    }
    return cases;
  } finally {
    await Promise.all([server.stop(), peer.stop()]);
    rmSync(folder, { recursive: true });
  }
}

async function warmUp(
  targets: readonly Target[],
  { api, payload }: IngestKind,
  source: SubmissionSource,
  options: IngestOptions,
): Promise<void> {
  const requests = source.take(api, payload, entriesFor(payload, WARM_UP_CONNECTIONS, options));
  for (const target of targets) {
    await measureLoad(target, requests, WARM_UP_CONNECTIONS, CREATED);
  }
}

async function measureKind(
  [server, peer]: readonly [Target, Target],
  { api, payload }: IngestKind,
  source: SubmissionSource,
  options: IngestOptions,
): Promise<IngestCase[]> {
  const cases: IngestCase[] = [];
  for (const connections of options.connections) {
    const entries = entriesFor(payload, connections, options);
    const slices = Array.from({ length: options.rounds }, () => source.take(api, payload, entries));
    const [ours = [], theirs = []] = await takeTurns([server, peer], options.rounds, (target, n) =>
      measureLoad(target, slices[n] ?? [], connections, CREATED),
    );
    const name = `${api} ${payload}, ${connections} ${connections === 1 ? 'connection' : 'connections'}`;
    const cpuRatios = ratios(ours, theirs, (each: LoadFigures) => each.cpuMicroseconds);
    cases.push({ name, row: contestRow(name, ours, theirs), cpuRatios });
  }
  return cases;
}

function entriesFor(
  payload: Payload,
  connections: number,
  { entries }: { readonly entries: number },
): number {
  return Math.ceil(entries / weightOf(payload) / (connections === 1 ? LONELY : 1));
}
