/** What a log stands on: keys, store, record, guard. Opened in this order, at a first start made in it. */

import { randomBytes } from 'node:crypto';
import { LogError } from '../errors.js';
import { type Guard, openGuard } from '../storage/guard.js';
import { type LevelStore, openLevelStore } from '../storage/level/level-store.js';
import type { LogRecord } from '../storage/log-store.js';
import { closeAll } from './closers.js';
import type { Config } from './config.js';
import {
  beginFirstStart,
  type DataFolder,
  dataFolder,
  endFirstStart,
  judgeDataFolder,
  readIfThere,
  writeSynced,
} from './data-folder.js';
import {
  assertIdentity,
  type LogKeys,
  newLogRecord,
  type PublicIdentity,
  publicIdentity,
  treeIDOf,
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
  const verdict = await judgeDataFolder(folder, config);
  // Marked before the keys are made: a key without a store is otherwise a log that lost its store.
  if (verdict === 'new') await beginFirstStart(folder);
  const mayCreate = verdict !== 'existing';
  const { keys, warnings } = await openKeys(config, folder, mayCreate);
  const store = await openLevelStore({ directory: folder.store, create: mayCreate });
  try {
    const [stored] = await store.logs();
    if (verdict === 'unfinished') await assertSameLog(folder, stored);
    const opened =
      stored === undefined
        ? await makeLog(config, folder, keys, store, mayCreate)
        : await openExisting(config, folder, keys, store, stored);
    const { record, guard } = opened;
    try {
      const identity = publicIdentity(record, keys);
      await writeSynced(folder.identity, `${JSON.stringify(identity, null, 2)}\n`);
      if (mayCreate) await endFirstStart(folder);
      const created = stored === undefined;
      const close = () => closeAll([() => store.close(), () => guard.close()]);
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

interface OpenedLog {
  readonly record: LogRecord;
  readonly guard: Guard;
}

async function openExisting(
  config: Config,
  folder: DataFolder,
  keys: LogKeys,
  store: LevelStore,
  record: LogRecord,
): Promise<OpenedLog> {
  assertIdentity(record, config.hostname, keys);
  const guard = await openGuard({ path: folder.guard, store, adopt: config.adoptGuard });
  return { record, guard };
}

/** Makes the log of a store that has none. Throws STORE_CORRUPT unless this is a first start, GUARD_*. */
async function makeLog(
  config: Config,
  folder: DataFolder,
  keys: LogKeys,
  store: LevelStore,
  isFirstStart: boolean,
): Promise<OpenedLog> {
  if (!isFirstStart) {
    throw new LogError('STORE_CORRUPT', `the store in ${folder.store} has lost its log`);
  }
  // Judged while there is no log yet: a guard that has seen entries forbids to begin anew, adopted or not.
  const guard = await openGuard({ path: folder.guard, store, adopt: false });
  try {
    const record = newLogRecord(config.hostname, keys, randomBytes(8));
    await store.createLog(record);
    await guard.add(record);
    return { record, guard };
  } catch (error) {
    await guard.close();
    throw error;
  }
}

/** Throws STORE_IDENTITY when log.json, which a first start writes last, tells of another log than the store. */
async function assertSameLog(folder: DataFolder, stored: LogRecord | undefined): Promise<void> {
  const text = await readIfThere(folder.identity);
  if (text === undefined) return;
  const treeID = treeIDOf(text);
  if (stored !== undefined && treeID === String(stored.treeID)) return;
  const found = stored === undefined ? 'no log' : `log ${stored.treeID}`;
  throw new LogError(
    'STORE_IDENTITY',
    `${folder.identity} tells of log ${treeID}, but the store in ${folder.store} has ${found}: ` +
      'restore the store of that log, or start a new log with another --data-dir and --guard',
  );
}
