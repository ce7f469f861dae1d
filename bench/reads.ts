/**
 * What does a read cost: an entry with its proof, by index and by ID; log info, proofs, look-ups; checkpoints, tiles, bundles?
 *
 * Each beside a bare server that sends the same answers from memory (bare-server.ts). Hot cases ask for a few thousand
 * answers over and over; cold ones, for a given log, for another entry each time.
 */

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { contestRow, ratios, takeTurns } from './harness/contest.js';
import { median } from './harness/latencies.js';
import { sampleLog } from './harness/log-sample.js';
import { measureLoad, type Target } from './harness/measure.js';
import { SubmissionSource } from './harness/prepared.js';
import { type ReadQuestion, readQuestions } from './harness/read-questions.js';
import { bytesOfRead } from './harness/read-request.js';
import type { ResultRow } from './harness/result.js';
import {
  programCommand,
  QUIET_FLAGS,
  type ServerProcess,
  startListening,
  startServer,
  waitUntilReady,
} from './harness/server-process.js';

export interface ReadsOptions {
  /** Entries in the log that is read; ignored with `dataDir`. */
  readonly entries: number;
  /** An existing log, for example of `load`. */
  readonly dataDir: string | undefined;
  /** Only the cases with one of these in their name; all without. */
  readonly only: readonly string[];
  readonly connections: number;
  readonly rounds: number;
  /** How long one round of one case takes. */
  readonly seconds: number;
  readonly flags: readonly string[];
}

/** One kind of request. */
export interface ReadCase {
  readonly name: string;
  readonly row: ResultRow;
  /** Processor time of the log over that of the bare server, a value for each round; empty for cold reads. */
  readonly cpuRatios: readonly number[];
}

const FILL_CONNECTIONS = 64;
const READY_WITHIN_MS = 120_000;
const SAMPLED = 1000;

/** Measures all cases. */
export async function reads(options: ReadsOptions): Promise<ReadCase[]> {
  const folder = options.dataDir ?? mkdtempSync(join(tmpdir(), 'stele-reads-'));
  const flags = [...QUIET_FLAGS, ...options.flags];
  const server = await startServer({ dataDir: folder, flags, probed: true });
  try {
    if (options.dataDir === undefined) {
      const source = new SubmissionSource({ fresh: false });
      const requests = source.take('v1', 'hashedrekord, certificate', options.entries);
      await measureLoad(server, requests, FILL_CONNECTIONS, [201]);
    }
    // The check of the store that runs after a start would be measured as well.
    await waitUntilReady(server, READY_WITHIN_MS);
    const sample = await sampleLog(server.url, SAMPLED);
    const all = await readQuestions(server.url, sample, options.dataDir !== undefined);
    const questions = all.filter(({ name }) => isAsked(name, options.only));
    return await beside(server, questions, (bare) => ask(server, bare, questions, options));
  } finally {
    await server.stop();
    if (options.dataDir === undefined) rmSync(folder, { recursive: true });
  }
}

function isAsked(name: string, only: readonly string[]): boolean {
  return only.length === 0 || only.some((part) => name.includes(part));
}

/** Runs `work` beside a bare server that has the answers of `server` to all questions. */
async function beside<Found>(
  server: ServerProcess,
  questions: readonly ReadQuestion[],
  work: (bare: ServerProcess) => Promise<Found>,
): Promise<Found> {
  const folder = mkdtempSync(join(tmpdir(), 'stele-bare-'));
  const file = join(folder, 'requests.json');
  const prepared = questions.filter(({ cold }) => !cold).flatMap(({ requests }) => requests);
  writeFileSync(file, JSON.stringify(prepared));
  const bare = await startListening([...programCommand('bench/bare-server'), server.url, file]);
  try {
    return await work(bare);
  } finally {
    await bare.stop();
    rmSync(folder, { recursive: true });
  }
}

async function ask(
  server: Target,
  bare: Target,
  questions: readonly ReadQuestion[],
  { connections, rounds, seconds }: ReadsOptions,
): Promise<ReadCase[]> {
  const cases: ReadCase[] = [];
  for (const { name, requests, status, cold } of questions) {
    const sent = requests.map(bytesOfRead);
    const sending = { seconds, repeat: !cold };
    const share = Math.ceil(sent.length / rounds);
    const [ours = [], theirs] = await takeTurns(
      cold ? [server] : [server, bare],
      rounds,
      (target, round) => {
        const slice = cold ? sent.slice(round * share, (round + 1) * share) : sent;
        return measureLoad(target, slice, connections, [status], sending);
      },
    );
    const row = contestRow(name, ours, theirs);
    const rate = median(ours.map((each) => each.bytesPerSecond)) / 2 ** 20;
    const cpuRatios = theirs ? ratios(ours, theirs, (each) => each.cpuMicroseconds) : [];
    cases.push({ name, row: { ...row, figures: { ...row.figures, 'MiB/s': rate } }, cpuRatios });
  }
  return cases;
}
