/**
 * The data folder: which files are where, and whether this is a first start.
 *
 * A log that starts empty where an older one was would contradict what the older one signed, so a store is
 * made only where no trace of a log is: no store, no key, no guard. In scope: judging by names, the mark of
 * an unfinished first start, small files that must survive a power cut. Out of scope: what the files hold.
 */

import { mkdir, open, readdir, rename, stat, unlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { LogError } from '../errors.js';
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
 * Returns whether a log is to be made here or lies here. Throws STORE_MISSING when a key or guard is left of
 * a log whose store is gone, KEY_FILE_INVALID when a store is there without its keys.
 */
export async function judgeDataFolder(
  folder: DataFolder,
  config: Pick<Config, 'signingKey' | 'tileKey'>,
): Promise<'new' | 'existing'> {
  if (await isThere(folder.firstStart)) return 'new';
  const files = await existing([folder.logKey, folder.tileKey, folder.guard]);
  if (!(await holdsFiles(folder.store))) {
    if (files.length === 0) return 'new';
    throw new LogError(
      'STORE_MISSING',
      `there is no store in ${folder.store}, but ${files.join(', ')} ${files.length > 1 ? 'are' : 'is'} there: ` +
        'restore the store from a backup, or start a new log with another --data-dir and --guard; ' +
        "an operator's own key is given with --signing-key",
    );
  }
  const keys = [
    ...(config.signingKey === undefined ? [folder.logKey] : []),
    ...(config.tileKey === undefined ? [folder.tileKey] : []),
  ];
  const lost = keys.filter((path) => !files.includes(path));
  if (lost.length > 0) {
    throw new LogError(
      'KEY_FILE_INVALID',
      `there is a store in ${folder.store}, but its key ${lost.join(' and ')} is missing: ` +
        'restore the key from a backup, or name it with --signing-key or --tile-key',
    );
  }
  return 'existing';
}

/** Marks a first start as begun: an interrupted one is taken up again. Throws STORE_UNAVAILABLE. */
export async function beginFirstStart(folder: DataFolder): Promise<void> {
  await writing(folder.root, async () => {
    const made = await mkdir(folder.root, { recursive: true, mode: 0o700 });
    if (made !== undefined) await syncFolder(dirname(made));
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

/** Writes a small file so that it is there whole or as it was before. Throws STORE_UNAVAILABLE. */
export async function writeSynced(path: string, text: string): Promise<void> {
  await writing(path, async () => {
    const draft = `${path}.new`;
    const file = await open(draft, 'w', 0o644);
    try {
      await file.writeFile(text);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(draft, path);
    await syncFolder(dirname(path));
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

async function existing(paths: readonly string[]): Promise<readonly string[]> {
  const there = await Promise.all(paths.map(isThere));
  return paths.filter((_, at) => there[at]);
}

async function isThere(path: string): Promise<boolean> {
  try {
    await stat(path);
    return true;
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw unreadable(path, cause);
  }
}

async function holdsFiles(folder: string): Promise<boolean> {
  try {
    return (await readdir(folder)).length > 0;
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw unreadable(folder, cause);
  }
}

function unreadable(path: string, cause: unknown): LogError {
  const { message } = cause as Error;
  return new LogError('STORE_UNAVAILABLE', `${path} cannot be looked at: ${message}`, { cause });
}

async function syncFolder(path: string): Promise<void> {
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
