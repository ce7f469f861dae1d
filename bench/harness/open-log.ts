/**
 * A log opened in this process, on the data folder of a server: same store, same writer, same keys, same guard.
 * Only the doorways are missing: no HTTP, and entries are taken as they are, unverified.
 */

import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import type { AcceptedEntry } from '../../src/entries/entry-kind.js';
import type { Log } from '../../src/log/log.js';
import type { LogObserver } from '../../src/log/log-options.js';
import { openLog } from '../../src/log/open-log.js';
import { readConfig } from '../../src/server/config.js';
import { type LogParts, openParts } from '../../src/server/open-parts.js';
import type { LogStore } from '../../src/storage/log-store.js';

export interface UnverifiedLog {
  /** Returns when `entry` is committed, guarded, signed and proved. */
  add(entry: AcceptedEntry): Promise<void>;
  size(): Promise<number>;
  close(): Promise<void>;
  /** The front desk, for reads. */
  readonly desk: Log;
  /** What lies below it. */
  readonly stored: LogStore;
}

/** Opens what a log in `dataDir` stands on, made when the folder is empty, without a writer. */
export function openDataFolder(dataDir: string): Promise<LogParts> {
  const config = readConfig({
    argv: ['--data-dir', dataDir],
    environment: {},
    readFile: (path) => readFileSync(path, 'utf8'),
  });
  return openParts(config);
}

/** Opens the log in `dataDir`, or makes one there when the folder is empty. */
export async function openUnverifiedLog(
  dataDir: string,
  observer: LogObserver = {},
): Promise<UnverifiedLog> {
  const parts = await openDataFolder(dataDir);
  await parts.store.learnLeafHashes();
  const accept = async (proposed: { spec: unknown }): Promise<AcceptedEntry> =>
    proposed.spec as AcceptedEntry;
  const { rekorSide: log } = await openLog({
    store: parts.store,
    record: parts.records.v1,
    signer: parts.keys.log,
    tileSigner: parts.keys.tiles,
    guard: parts.guard.forLog(parts.records.v1.treeID),
    clock: { wallMs: () => Date.now(), monotonicMs: () => performance.now() },
    pause: async (ms, signal) => {
      await delay(ms, undefined, { signal });
    },
    accept,
    identify: accept,
    observer,
  });
  return {
    desk: log,
    stored: parts.store.log(parts.records.v1.treeID),
    add: async (entry) => {
      const { outcome } = await log.submit({ kind: '', apiVersion: '', spec: entry });
      if (outcome !== 'added') throw new Error('a distinct entry was taken for a duplicate');
    },
    size: async () => (await log.checkpoint()).size,
    close: async () => {
      await log.close();
      await parts.close();
    },
  };
}
