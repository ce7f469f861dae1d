/**
 * All of it in one run: what the log takes, what it gives, both at once, how it grows and how it starts.
 *
 * In scope: which cases, how long each. Every figure comes from the file of its question.
 */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ResultRow } from './harness/result.js';
import { INGEST_KINDS, type IngestCase, ingest } from './ingest.js';
import { load } from './load.js';
import { mixed } from './mixed.js';
import { reads } from './reads.js';
import { measureStart } from './start.js';

export interface SuiteOptions {
  /** Every case once and briefly: to see that it runs, not to keep the figures. */
  readonly quick: boolean;
  /** A big log, for cold reads and for the start; without it one is made that is as big as the time allows. */
  readonly dataDir: string | undefined;
  /** Flags for the servers. */
  readonly flags: readonly string[];
}

/** How much of everything. */
interface Extent {
  readonly connections: readonly number[];
  readonly entries: number;
  readonly rounds: number;
  readonly readSeconds: number;
  readonly readEntries: number;
  readonly mixedRequests: number;
  readonly grownEntries: number;
}

const WHOLE: Extent = {
  connections: [1, 16, 64, 256],
  entries: 2000,
  rounds: 3,
  readSeconds: 1.5,
  readEntries: 5000,
  mixedRequests: 20_000,
  grownEntries: 100_000,
};

const QUICK: Extent = {
  connections: [64],
  entries: 600,
  rounds: 1,
  readSeconds: 0.5,
  readEntries: 1500,
  mixedRequests: 4000,
  grownEntries: 12_000,
};

const CONNECTIONS = 64;
const BATCH = 256;

/** Measures everything; the rows of all questions. */
export async function suite({ quick, dataDir, flags }: SuiteOptions): Promise<ResultRow[]> {
  const extent = quick ? QUICK : WHOLE;
  const { connections, entries, rounds } = extent;
  const kinds = Object.values(INGEST_KINDS);
  const taken = await ingest({ kinds, connections, entries, rounds, flags });
  taken.push(...(await withLines(extent, flags)));
  const given = await reads({
    entries: extent.readEntries,
    dataDir: undefined,
    only: [],
    connections: CONNECTIONS,
    rounds,
    seconds: extent.readSeconds,
    flags,
  });
  const both = await mixed({
    entries: extent.readEntries,
    requests: extent.mixedRequests,
    connections: CONNECTIONS,
    rounds,
    flags,
  });
  const rest = await growthAndStart(extent, dataDir, flags);
  return [...taken.map(({ row }) => row), ...given.map(({ row }) => row), ...both, ...rest];
}

/** The first kind again, by a server that writes a line for each request, as it does unless it is told otherwise. */
async function withLines(
  { entries, rounds }: Extent,
  flags: readonly string[],
): Promise<readonly IngestCase[]> {
  const kinds = Object.values(INGEST_KINDS).slice(0, 1);
  const connections = [CONNECTIONS];
  const told = [...flags, '--log-level', 'info'];
  const cases = await ingest({ kinds, connections, entries, rounds, flags: told });
  return cases.map((each) => {
    const name = `${each.name}, a log line each`;
    return { ...each, name, row: { ...each.row, case: name } };
  });
}

async function growthAndStart(
  { grownEntries, rounds, readSeconds }: Extent,
  dataDir: string | undefined,
  flags: readonly string[],
): Promise<ResultRow[]> {
  const folder = dataDir ?? mkdtempSync(join(tmpdir(), 'stele-suite-'));
  try {
    const rows: ResultRow[] = [];
    if (dataDir === undefined) {
      const { share } = await load({ entries: grownEntries, batch: BATCH, dataDir: folder });
      const figures = { 'rate / peer': share };
      rows.push({ case: `growth to ${grownEntries} entries, an empty log the peer`, figures });
    }
    const { figures: started } = await measureStart({ dataDir: folder, rounds, flags });
    rows.push(
      {
        case: `start until it answers, ${started.size} entries`,
        figures: { 'p50 ms': started.answerMs },
      },
      {
        case: `start until ready, ${started.size} entries`,
        figures: { 'p50 ms': started.readyMs, 'peak MiB': started.peakMiB },
      },
    );
    const cold = await reads({
      entries: 0,
      dataDir: folder,
      only: ['cold'],
      connections: CONNECTIONS,
      rounds,
      seconds: readSeconds,
      flags,
    });
    return [...rows, ...cold.map(({ row }) => row)];
  } finally {
    if (dataDir === undefined) rmSync(folder, { recursive: true });
  }
}
