/**
 * The data folder: which files are where, and whether this is a first start.
 *
 * A log that starts empty where an older one was would contradict what the older one signed, so a store is made
 * only where nothing is left of a log: no store, no guard, no key, no log.json, and nothing unknown either. In
 * scope: judging by names, the mark of an unfinished first start, small files that must survive a power cut. Out
 * of scope: what the files hold.
 */

import { readdir, stat, unlink } from 'node:fs/promises';
import { basename, dirname, join, sep } from 'node:path';
import { LogError } from '../errors.js';
import { makeFolder, readIfThere, replaceFile, syncFolder } from '../files/durable-file.js';
import { type Config, guardPath } from './config.js';

/** Paths below a data folder. */
export interface DataFolder {
  readonly root: string;
  readonly store: string;
  /** The log's own key; unused when --signing-key names another. */
  readonly logKey: string;
  /** The tile side's own key; unused when --tile-key names another. */
  readonly tileKey: string;
  readonly guard: string;
  /** Public facts about the log, for `stele keys show`. */
  readonly identity: string;
  /** There while a first start is not finished. */
  readonly firstStart: string;
}

/** Returns the paths of a configuration's data folder. */
export function dataFolder(config: Config): DataFolder {
  return { ...pathsBelow(config.dataDir), guard: guardPath(config) };
}

/** Returns the paths below `root`, the guard in its default place. */
export function pathsBelow(root: string): DataFolder {
  return {
    root,
    store: join(root, 'store'),
    logKey: join(root, 'keys', 'log.pem'),
    tileKey: join(root, 'keys', 'tiles.pem'),
    guard: join(root, 'guard'),
    identity: join(root, 'log.json'),
    firstStart: join(root, 'first-start'),
  };
}

/**
 * What a data folder is: `new`, nothing is there; `unfinished`, the mark of a first start is, and no log unless
 * that start came so far; `existing`, a log.
 */
export type FolderVerdict = 'new' | 'unfinished' | 'existing';

/** The options that name files, which may lie in the data folder. */
export type NamedFiles = Pick<
  Config,
  | 'config'
  | 'signingKey'
  | 'tileKey'
  | 'signingKeyPassphraseFile'
  | 'tsaKey'
  | 'tsaChain'
  | 'witnessPolicy'
  | 'watchConfig'
>;

/**
 * Returns what the folder is, by its names. Throws STORE_MISSING when something is left of a log whose store is
 * gone, KEY_FILE_INVALID when a store is there without its keys.
 */
export async function judgeDataFolder(
  folder: DataFolder,
  config: NamedFiles,
): Promise<FolderVerdict> {
  // One look, so that another process that starts here at the same time is seen as it was at one moment.
  const names = await namesIn(folder.root);
  const isUnfinished = names.includes(basename(folder.firstStart));
  const hasStore = (await namesIn(folder.store)).length > 0;
  if (hasStore) await assertKeysAreThere(folder, config);
  else
    assertNoTrace(
      folder,
      isUnfinished ? lostLog(folder, names) : await traces(folder, names, config),
    );
  if (isUnfinished) return 'unfinished';
  return hasStore ? 'existing' : 'new';
}

/** Returns what speaks of a log even beside the mark of a first start: it is written when the store is there. */
function lostLog(folder: DataFolder, names: readonly string[]): readonly string[] {
  return names.includes(basename(folder.identity)) ? [folder.identity] : [];
}

/** Returns all that a new data folder would not hold; `names` are those in it. */
async function traces(
  folder: DataFolder,
  names: readonly string[],
  config: NamedFiles,
): Promise<readonly string[]> {
  const keyFolder = dirname(folder.logKey);
  const own = [
    config.config,
    config.signingKey,
    config.tileKey,
    config.signingKeyPassphraseFile,
    config.tsaKey,
    config.tsaChain,
    config.witnessPolicy,
    config.watchConfig,
  ].filter((path) => path !== undefined);
  const isExpected = (path: string): boolean =>
    [folder.store, keyFolder, `${folder.firstStart}.new`].includes(path) ||
    EMPTY_VOLUME.includes(basename(path)) ||
    own.some((named) => named === path || named.startsWith(path + sep));
  // A key in the log's own place was made by a log, even where the operator names it.
  const isOwnKey = (path: string): boolean => [folder.logKey, folder.tileKey].includes(path);
  const keyNames = names.includes(basename(keyFolder)) ? await namesIn(keyFolder) : [];
  const paths = [
    ...names.map((name) => join(folder.root, name)),
    ...keyNames.map((name) => join(keyFolder, name)),
  ];
  const found = paths.filter((path) => !isExpected(path) || isOwnKey(path));
  if (dirname(folder.guard) !== folder.root && (await isThere(folder.guard))) {
    found.push(folder.guard);
  }
  return found;
}

/** What a file system makes by itself. */
const EMPTY_VOLUME: readonly string[] = ['lost+found'];

function assertNoTrace(folder: DataFolder, found: readonly string[]): void {
  if (found.length === 0) return;
  throw new LogError(
    'STORE_MISSING',
    `there is no store in ${folder.store}, but ${found.join(', ')} ${found.length > 1 ? 'are' : 'is'} there, ` +
      'and a new log is made only in an empty folder: restore the store from a backup, or start a new log ' +
      "with another --data-dir and --guard; an operator's own key is given with --signing-key",
  );
}

async function assertKeysAreThere(folder: DataFolder, config: NamedFiles): Promise<void> {
  const keys = [
    ...(config.signingKey === undefined ? [folder.logKey] : []),
    ...(config.tileKey === undefined ? [folder.tileKey] : []),
  ];
  const there = await Promise.all(keys.map(isThere));
  const lost = keys.filter((_, at) => !there[at]);
  if (lost.length === 0) return;
  throw new LogError(
    'KEY_FILE_INVALID',
    `there is a store in ${folder.store}, but its key ${lost.join(' and ')} is missing: ` +
      'restore the key from a backup, or name it with --signing-key or --tile-key',
  );
}

/** Returns the text of a small file, undefined when it is not there. Throws STORE_UNAVAILABLE. */
export async function smallFile(path: string): Promise<string | undefined> {
  try {
    return await readIfThere(path);
  } catch (cause) {
    throw unreadable(path, cause);
  }
}

/** Marks a first start as begun: an interrupted one is taken up again. Throws STORE_UNAVAILABLE. */
export async function beginFirstStart(folder: DataFolder): Promise<void> {
  await writing(folder.root, async () => {
    await makeFolder(folder.root);
  });
  await writeSynced(folder.firstStart, 'The first start of this log is not finished.\n');
}

/** Marks a first start as finished. Throws STORE_UNAVAILABLE. */
export async function endFirstStart(folder: DataFolder): Promise<void> {
  await writing(folder.firstStart, async () => {
    await unlink(folder.firstStart);
    await syncFolder(folder.root);
  });
}

/** Nothing secret is in them. */
const FOR_ALL = 0o644;

/** Writes a small file so that it is there whole or as it was before. Throws STORE_UNAVAILABLE. */
export async function writeSynced(path: string, text: string): Promise<void> {
  await writing(path, async () => {
    await replaceFile(path, text, FOR_ALL);
  });
}

async function writing(path: string, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (cause) {
    const { message } = cause as Error;
    throw new LogError('STORE_UNAVAILABLE', `${path} cannot be written: ${message}`, { cause });
  }
}

/** Returns whether something has this path. Throws STORE_UNAVAILABLE when that cannot be seen. */
export async function isThere(path: string): Promise<boolean> {
  try {
    await stat(path);
    return true;
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw unreadable(path, cause);
  }
}

/** Returns the names in a folder; none when it is not there. */
async function namesIn(folder: string): Promise<readonly string[]> {
  try {
    return await readdir(folder);
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw unreadable(folder, cause);
  }
}

function unreadable(path: string, cause: unknown): LogError {
  const { message } = cause as Error;
  return new LogError('STORE_UNAVAILABLE', `${path} cannot be looked at: ${message}`, { cause });
}
