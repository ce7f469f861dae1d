/** What a log stands on: keys, store, record, guard. Opened in this order, at a first start made in it. */

import { randomBytes } from 'node:crypto';
import { LogError } from '../errors.js';
import { type Guard, openGuard } from '../storage/guard.js';
import { type LevelStore, openLevelStore } from '../storage/level/level-store.js';
import { isLogOfV1, isLogOfV2, type LogRecord } from '../storage/log-store.js';
import { closeAll } from './closers.js';
import type { Config } from './config.js';
import {
  beginFirstStart,
  type DataFolder,
  dataFolder,
  endFirstStart,
  judgeDataFolder,
  smallFile,
  writeSynced,
} from './data-folder.js';
import {
  assertIdentity,
  type LogKeys,
  type LogRecords,
  newLogRecord,
  type PublicIdentity,
  publicIdentity,
  treeIDOf,
  v2TreeIDOf,
} from './identity.js';
import { openKeys } from './keys.js';
import { makeTimestampAuthority } from './timestamp-authority.js';

/** The open parts of a log. */
export interface LogParts {
  readonly folder: DataFolder;
  readonly keys: LogKeys;
  readonly store: LevelStore;
  readonly records: LogRecords;
  readonly guard: Guard;
  readonly identity: PublicIdentity;
  /** True when this start made the v1 log. */
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
    const stored = await store.logs();
    const v1 = stored.find(isLogOfV1);
    if (verdict === 'unfinished') await assertSameLog(folder, v1);
    if (stored.length === 0 && !mayCreate) {
      throw new LogError('STORE_CORRUPT', `the store in ${folder.store} has lost its log`);
    }
    for (const record of stored) assertIdentity(record, config.hostname, keys);
    assertTreeChoice(stored, config.v2Tree);
    if (v1 !== undefined) await assertNoLostV2Log(folder, stored);
    // Judged before a log is made: a guard that has seen entries forbids to begin anew, adopted or not.
    const adopt = config.adoptGuard && stored.length > 0;
    const guard = await openGuard({ path: folder.guard, store, adopt });
    try {
      const records = await completeRecords(config, keys, store, guard);
      const createdSeconds = await creationTime(store, records.v1);
      const identity = publicIdentity(records, keys, createdSeconds);
      await writeSynced(folder.identity, `${JSON.stringify(identity, null, 2)}\n`);
      if (mayCreate) {
        if (config.tsa) await makeTimestampAuthority(config, folder, Date.now());
        await endFirstStart(folder);
      }
      const created = v1 === undefined;
      const close = () => closeAll([() => store.close(), () => guard.close()]);
      return { folder, keys, store, records, guard, identity, created, warnings, close };
    } catch (error) {
      await guard.close();
      throw error;
    }
  } catch (error) {
    await store.close();
    throw error;
  }
}

/** Throws STORE_IDENTITY when the store was made with the other value of --v2-tree: an origin has one tree for ever. */
function assertTreeChoice(stored: readonly LogRecord[], choice: Config['v2Tree']): void {
  const [v1, v2] = [stored.find(isLogOfV1), stored.find(isLogOfV2)];
  if (v1 === undefined) return;
  const found = v1 === v2 ? 'shared' : 'own';
  if (found === choice) return;
  throw new LogError(
    'STORE_IDENTITY',
    `the store was made with --v2-tree ${found}, but this start has ${choice}; ` +
      'which tree the v2 API writes to is fixed at the first start',
  );
}

/**
 * Throws STORE_CORRUPT when log.json tells of a v2 log that the store does not have: another one would be a second tree
 * under its origin. The guard tells of it too, but only when it is there, and of a log with entries.
 */
async function assertNoLostV2Log(folder: DataFolder, stored: readonly LogRecord[]): Promise<void> {
  const text = await smallFile(folder.identity);
  const treeID = text === undefined ? undefined : v2TreeIDOf(text);
  if (treeID === undefined || stored.some((record) => String(record.treeID) === treeID)) return;
  throw new LogError(
    'STORE_CORRUPT',
    `the store in ${folder.store} has lost log ${treeID}, the v2 log of ${folder.identity}`,
  );
}

/** Returns the logs of both APIs; what a new or an older store lacks is made. */
async function completeRecords(
  { hostname, v2Tree }: Config,
  keys: LogKeys,
  store: LevelStore,
  guard: Guard,
): Promise<LogRecords> {
  const stored = await store.logs();
  const make = async (api: 'v1' | 'v2' | 'both'): Promise<LogRecord> => {
    const createdSeconds = Math.floor(Date.now() / 1000);
    const record = newLogRecord({ hostname, keys, random: randomBytes(8), createdSeconds }, api);
    await store.createLog(record);
    await guard.add(record);
    return record;
  };
  const v1 = stored.find(isLogOfV1) ?? (await make(v2Tree === 'shared' ? 'both' : 'v1'));
  if (isLogOfV2(v1)) return { v1, v2: v1 };
  return { v1, v2: stored.find(isLogOfV2) ?? (await make('v2')) };
}

/** Returns when a log was made; for one that does not say, the time of its first entry, else now. */
async function creationTime(store: LevelStore, record: LogRecord): Promise<number> {
  if (record.createdSeconds !== undefined) return record.createdSeconds;
  const log = store.log(record.treeID);
  const { size } = await log.head();
  const [first] = size === 0 ? [] : await log.leaves(0, 1);
  return first?.integratedTimeSeconds ?? Math.floor(Date.now() / 1000);
}

/** Throws STORE_IDENTITY when log.json, which a first start writes last, tells of another log than the store. */
async function assertSameLog(folder: DataFolder, stored: LogRecord | undefined): Promise<void> {
  const text = await smallFile(folder.identity);
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
