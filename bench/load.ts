/**
 * Does the log slow down as it grows, and what does it need then? Everything but HTTP and the check of signatures is at
 * work: sequencing, store, guard, timestamps, proofs.
 *
 * The log is filled to each mark by fill.ts, and the last entries before a mark come in as submissions do and are
 * measured. At the end slices into the big log alternate with slices into an empty one: on a shared machine only
 * neighbours in time compare. Then reads all over the log, and its start. A log in `dataDir` is gone on with.
 */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout } from 'node:timers/promises';
import type { ReleasedBatch } from '../src/sequencing/sequencer.js';
import { coldReads } from './cold-reads.js';
import { fillLog, newEntry } from './fill.js';
import { median, percentile } from './harness/latencies.js';
import { openUnverifiedLog, type UnverifiedLog } from './harness/open-log.js';
import { folderBytes, threadSeconds } from './harness/own-figures.js';
import { memoryBytes } from './harness/process-figures.js';
import { type ResultRow, report } from './harness/result.js';
import { measureStart, type StartFigures } from './start.js';

export interface LoadOptions {
  readonly entries: number;
  /** Entries under way at once. */
  readonly batch: number;
  /** Where the log lies; unset: a temporary folder that is removed. */
  readonly dataDir: string | undefined;
}

/** What became of the promises, for whoever holds a run to them. */
export interface LoadFigures {
  /** Entries a second into the full log over those into an empty one, neighbours in time. */
  readonly share: number;
  /**
   * The same by processor time of the event loop, which is what bounds the rate: an entry's into an empty log over one's into the
   * full log. Other programs on the machine change it little.
   */
  readonly loopShare: number;
  readonly start: StartFigures;
}

const MARKS = [100_000, 1_000_000, 3_000_000, 10_000_000];
/** Entries of a measured slice: several write buffers, so that merging belongs to it. */
const SLICE = 80_000;
const COMPARISON_ROUNDS = 3;
const READS = 6_000;
const MIB = 2 ** 20;

/** Loads a log to `entries` entries, measures, prints and keeps the figures. */
export async function load(options: LoadOptions): Promise<LoadFigures> {
  const folder = options.dataDir ?? mkdtempSync(join(tmpdir(), 'stele-load-'));
  try {
    const slice = Math.min(SLICE, Math.ceil(options.entries / 8));
    const rows: ResultRow[] = [];
    for (const mark of [...MARKS.filter((each) => each < options.entries), options.entries]) {
      await fillLog(folder, mark - slice);
      rows.push(...(await measuredTo(mark, folder, options.batch)));
    }
    const { row, ...shares } = await compareWithEmpty(folder, slice, options.batch);
    rows.push(row, ...(await coldReads(folder, READS)));
    const start = await measureStart({ dataDir: folder, rounds: 3, flags: [] });
    rows.push(start.row);
    report('load', rows, new Date());
    return { ...shares, start: start.figures };
  } finally {
    if (options.dataDir === undefined) rmSync(folder, { recursive: true });
  }
}

/** Returns the figures of the entries up to `mark`; none when the log has them already. */
async function measuredTo(mark: number, folder: string, batch: number): Promise<ResultRow[]> {
  const { log, commits } = await openMeasured(folder);
  try {
    const missing = mark - (await log.size());
    if (missing <= 0) return [];
    const figures = await append(log, missing, batch, commits);
    const { now, own, peak } = memoryBytes(process.pid);
    return [
      {
        case: `to ${mark} entries`,
        figures: {
          ...figures,
          'own MiB': Math.round(own / MIB),
          'resident MiB': Math.round(now / MIB),
          'peak MiB': Math.round(peak / MIB),
          'store MiB': Math.round(folderBytes(join(folder, 'store')) / MIB),
        },
      },
    ];
  } finally {
    await log.close();
  }
}

async function compareWithEmpty(
  folder: string,
  slice: number,
  batch: number,
): Promise<Pick<LoadFigures, 'share' | 'loopShare'> & { row: ResultRow }> {
  const full = await openMeasured(folder);
  const shares: number[] = [];
  const loopShares: number[] = [];
  const rates: { empty: number[]; full: number[] } = { empty: [], full: [] };
  const costs: { empty: number[]; full: number[] } = { empty: [], full: [] };
  try {
    for (let round = 0; round < COMPARISON_ROUNDS; round++) {
      const emptyFolder = mkdtempSync(join(tmpdir(), 'stele-load-empty-'));
      const empty = await openMeasured(emptyFolder);
      const intoEmpty = await append(empty.log, slice, batch, empty.commits);
      await empty.log.close();
      rmSync(emptyFolder, { recursive: true });
      const intoFull = await append(full.log, slice, batch, full.commits);
      rates.empty.push(intoEmpty['entries/s']);
      rates.full.push(intoFull['entries/s']);
      costs.empty.push(intoEmpty['CPU us/entry']);
      costs.full.push(intoFull['CPU us/entry']);
      shares.push(intoFull['entries/s'] / intoEmpty['entries/s']);
      loopShares.push(intoEmpty['of it the loop'] / intoFull['of it the loop']);
    }
  } finally {
    await full.log.close();
  }
  const [share, loopShare] = [median(shares), median(loopShares)];
  const figures = {
    'into this log/s': median(rates.full),
    'into an empty log/s': median(rates.empty),
    'share %': Math.round(100 * share),
    'share by the loop %': Math.round(100 * loopShare),
    'CPU us/entry': median(costs.full),
    'CPU us/entry, empty': median(costs.empty),
  };
  return {
    share,
    loopShare,
    row: { case: `${slice} into this log and into an empty one`, figures },
  };
}

async function openMeasured(
  folder: string,
): Promise<{ readonly log: UnverifiedLog; readonly commits: number[] }> {
  const commits: number[] = [];
  const released = ({ durationMs }: ReleasedBatch): void => {
    commits.push(durationMs);
  };
  const log = await openUnverifiedLog(folder, { released });
  await untilQuiet();
  return { log, commits };
}

/** Merging that the opening or the filling has left behind is not the cost of what follows. */
async function untilQuiet(): Promise<void> {
  for (let seconds = 0; seconds < 60; seconds++) {
    const before = threadSeconds().all;
    await setTimeout(1000);
    if (threadSeconds().all - before < 0.05) return;
  }
}

type MeasuredFigure = 'entries/s' | 'CPU us/entry' | 'of it the loop';

/** Appends `count` new entries, `batch` under way at a time; `commits` holds the milliseconds of each commit. */
async function append(
  log: UnverifiedLog,
  count: number,
  batch: number,
  commits: number[],
): Promise<Record<MeasuredFigure, number> & Record<string, number>> {
  commits.length = 0;
  const delays = monitorEventLoopDelay({ resolution: 2 });
  delays.enable();
  const started = performance.now();
  const before = threadSeconds();
  let next = 0;
  const submit = async (): Promise<void> => {
    while (next < count) {
      next++;
      await log.add(newEntry());
    }
  };
  await Promise.all(Array.from({ length: batch }, submit));
  const after = threadSeconds();
  const seconds = (performance.now() - started) / 1000;
  delays.disable();
  const perEntry = (cpuSeconds: number): number => Math.round((1e6 * cpuSeconds) / count);
  const others = [...after.others].map(([id, used]) => used - (before.others.get(id) ?? 0));
  const sorted = commits.toSorted((a, b) => a - b);
  return {
    'entries/s': Math.round(count / seconds),
    'CPU us/entry': perEntry(after.all - before.all),
    'of it the loop': perEntry(after.loop - before.loop),
    // No thread beside the loop has as much to do as the one that merges tables.
    merging: perEntry(Math.max(...others)),
    'commit p50 ms': oneDecimal(percentile(sorted, 0.5)),
    'commit p99 ms': oneDecimal(percentile(sorted, 0.99)),
    'commit max ms': oneDecimal(percentile(sorted, 1)),
    'loop delay p99 ms': oneDecimal(delays.percentile(99) / 1e6),
  };
}

function oneDecimal(value: number): number {
  return Math.round(value * 10) / 10;
}
