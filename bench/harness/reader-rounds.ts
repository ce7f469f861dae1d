/**
 * Rounds of a reader of whole logs: a log of the v2 API is filled, a server in a process of its own serves it, and somebody
 * in this process reads all of it, round after round. Other processes make the time on the clock longer, so the processor's
 * time of the reader stands beside it.
 */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fillV2Log } from '../fill.js';
import { QUIET_FLAGS, startServer, waitUntilReady } from './server-process.js';

/** What is read, and how often. */
export interface ReaderRoundsOptions {
  readonly entries: number;
  readonly rounds: number;
  readonly flags: readonly string[];
  makeLeaf(): Uint8Array;
  /** Reads the log at `url`, whose key is `keyText`, into a folder that is not there yet; returns how long that took. */
  read(url: string, keyText: string, folder: string): Promise<ReaderRound>;
}

/** One round. */
export interface ReaderRound {
  readonly entriesPerSecond: number;
  readonly cpuMicrosecondsPerEntry: number;
  readonly peakMiB: number;
}

/** Returns the median round, by entries per second. */
export async function medianRound(options: ReaderRoundsOptions): Promise<ReaderRound> {
  const { entries, rounds, flags, makeLeaf, read } = options;
  const folder = mkdtempSync(join(tmpdir(), 'stele-reader-bench-'));
  try {
    const dataDir = join(folder, 'log');
    await fillV2Log(dataDir, entries, makeLeaf);
    const server = await startServer({ dataDir, flags: [...QUIET_FLAGS, ...flags] });
    try {
      await waitUntilReady(server);
      const keyText = await (await fetch(`${server.url}/api/v1/log/publicKey`)).text();
      const found: ReaderRound[] = [];
      for (let round = 0; round < rounds; round++) {
        found.push(await read(server.url, keyText, join(folder, `round-${round}`)));
      }
      found.sort((a, b) => b.entriesPerSecond - a.entriesPerSecond);
      return found[rounds >> 1] as ReaderRound;
    } finally {
      await server.stop();
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Runs a reader, which resolves to the number of entries that it read, and measures it. */
export async function measured(read: () => Promise<number>): Promise<ReaderRound> {
  const cpuBefore = process.cpuUsage();
  const startedMs = performance.now();
  const entries = await read();
  const seconds = (performance.now() - startedMs) / 1000;
  const { user, system } = process.cpuUsage(cpuBefore);
  return {
    entriesPerSecond: entries / seconds,
    cpuMicrosecondsPerEntry: (user + system) / entries,
    peakMiB: process.memoryUsage.rss() / 2 ** 20,
  };
}

/** Returns the figures as the tables name them. */
export function figuresOf({
  entriesPerSecond,
  cpuMicrosecondsPerEntry,
  peakMiB,
}: ReaderRound): Readonly<Record<string, number>> {
  return {
    'entries/s': entriesPerSecond,
    'CPU us/entry': cpuMicrosecondsPerEntry,
    'peak MiB': peakMiB,
  };
}
