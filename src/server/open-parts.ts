/** What a log stands on: keys, store, record, guard. Opened in this order, at a first start made in it. */

import { randomBytes } from 'node:crypto';
import { type Guard, openGuard } from '../storage/guard.js';
import { type LevelStore, openLevelStore } from '../storage/level/level-store.js';
import type { LogRecord } from '../storage/log-store.js';
import type { Config } from './config.js';
import {
  beginFirstStart,
  type DataFolder,
  dataFolder,
  endFirstStart,
  judgeDataFolder,
  writeSynced,
} from './data-folder.js';
import {
  assertIdentity,
  type LogKeys,
  newLogRecord,
  type PublicIdentity,
  publicIdentity,
} from './identity.js';
import { openKeys } from './keys.js';

/** The open parts of a log. */
export interface LogParts {
  readonly folder: DataFolder;
  readonly keys: LogKeys;
  readonly store: LevelStore;
  readonly record: LogRecord;
  readonly guard: Guard;
  readonly identity: PublicIdentity;
  /** True when this start made the log. */
  readonly created: boolean;
  /** Sentences for the operator. */
  readonly warnings: readonly string[];
  close(): Promise<void>;
}

/**
 * Opens a log, or makes one in a new data folder. Throws what refuses a start: STORE_MISSING, STORE_IDENTITY,
 * STORE_LOCKED, STORE_FORMAT, STORE_CORRUPT, STORE_UNAVAILABLE, GUARD_*, KEY_FILE_INVALID.
 */
export async function openParts(config: Config): Promise<LogParts> {
  const folder = dataFolder(config);
  const isNew = (await judgeDataFolder(folder, config)) === 'new';
  // Marked before the keys are made: a key without a store is otherwise a log that lost its store.
  if (isNew) await beginFirstStart(folder);
  const { keys, warnings } = await openKeys(config, folder, isNew);
  const store = await openLevelStore({ directory: folder.store, create: isNew });
  try {
    const [stored] = await store.logs();
    const record = stored ?? newLogRecord(config.hostname, keys, randomBytes(8));
    assertIdentity(record, config.hostname, keys);
    if (stored === undefined) await store.createLog(record);
    const guard = await openGuard({ path: folder.guard, store, adopt: config.adoptGuard });
    try {
      const identity = publicIdentity(record, keys);
      await writeSynced(folder.identity, `${JSON.stringify(identity, null, 2)}\n`);
      if (isNew) await endFirstStart(folder);
      const created = stored === undefined;
      const close = async () => {
        await guard.close();
        await store.close();
      };
      return { folder, keys, store, record, guard, identity, created, warnings, close };
    } catch (error) {
      await guard.close();
      throw error;
    }
  } catch (error) {
    await store.close();
    throw error;
  }
}
