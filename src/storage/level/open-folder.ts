/**
 * Opening a LevelDB folder without ever making or mending one by accident.
 *
 * LevelDB opens a folder whose CURRENT is gone as a new, empty database, and a repair succeeds with rows missing
 * (docs/design/embedded-store.md). So a database is made only on request and only where nothing lies, and repair is
 * never called.
 *
 * In scope: judging the folder by its file names (no file in it is opened), opening the handle, the format
 * version. Out of scope: the lock beside it, what the rows mean.
 */

import { mkdir, readdir } from 'node:fs/promises';
import { ClassicLevel } from 'classic-level';
import { isLogError, LogError } from '../../errors.js';
import { FORMAT_KEY, NEWEST_FORMAT, type StoreFormat } from './keyspace.js';
import { encodeNumber, readNumberRow } from './row-formats.js';
import { sealRow } from './rows.js';

/** The handle of a LevelDB database. */
export type Handle = ClassicLevel<Buffer, Buffer>;

/** A handle, the layout of its database, and whether this opening made it. */
export interface OpenedFolder {
  readonly handle: Handle;
  readonly format: StoreFormat;
  readonly created: boolean;
}

/** LevelDB's settings, in bytes. */
export interface LevelSettings {
  readonly writeBufferSize: number;
  readonly cacheSize: number;
  readonly maxFileSize: number;
}

/**
 * Settings found by measuring. The write buffer is large, so that it is merged seldom. Tables are small: LevelDB ends one
 * early where it would overlap with ten times this size in the level after next, which keeps the head row, changed by
 * every commit, out of a table that spans all leaves.
 */
export const LEVEL_SETTINGS: LevelSettings = {
  writeBufferSize: 64 * 1024 * 1024,
  cacheSize: 64 * 1024 * 1024,
  maxFileSize: 4 * 1024 * 1024,
};

/** Large blocks cost less to merge, and the index that each open table keeps in memory is a fourth. */
const BLOCK_SIZE = 16 * 1024;

/** Tables that are kept open: those of some tens of millions of entries. */
const MOST_OPEN_TABLES = 10_000;

// What an interrupted creation leaves behind: no table and no log with rows in it.
const CREATION_DEBRIS = /^(LOCK|LOG|LOG\.old|MANIFEST-000001|000001\.dbtmp)$/;
const DATABASE_FILE = /^(CURRENT|MANIFEST-\d+|\d+\.(ldb|sst|log|dbtmp))$/;

/**
 * Returns whether the folder holds a database or may receive a new one. Throws STORE_MISSING when there is none
 * and `create` is false, STORE_CORRUPT when a database lies there without its CURRENT file.
 */
export async function judgeFolder(directory: string, create: boolean): Promise<'open' | 'create'> {
  const names: string[] = await readdir(directory).catch(
    (error: NodeJS.ErrnoException): string[] => {
      if (error.code === 'ENOENT') return [];
      throw new LogError('STORE_UNAVAILABLE', `${directory} cannot be read`, { cause: error });
    },
  );
  if (names.includes('CURRENT')) return 'open';
  if (names.every((name) => CREATION_DEBRIS.test(name))) {
    if (create) return 'create';
    throw new LogError('STORE_MISSING', `there is no store in ${directory}`);
  }
  const found = names.find((name) => DATABASE_FILE.test(name));
  if (found !== undefined) {
    throw new LogError(
      'STORE_CORRUPT',
      `${directory} holds ${found} but its file CURRENT is missing; restore a backup of the store`,
    );
  }
  throw new LogError('STORE_MISSING', `${directory} is not empty and holds no store`);
}

/**
 * Returns an open handle whose format is known. Throws STORE_LOCKED, STORE_CORRUPT, STORE_FORMAT,
 * STORE_UNAVAILABLE.
 */
export async function openHandle(
  directory: string,
  settings: LevelSettings,
  mode: { readonly create: boolean },
): Promise<OpenedFolder> {
  const verdict = await judgeFolder(directory, mode.create);
  if (verdict === 'create') await makeFolder(directory);
  const handle: Handle = new ClassicLevel(directory, {
    keyEncoding: 'buffer',
    valueEncoding: 'buffer',
    createIfMissing: verdict === 'create',
    errorIfExists: verdict === 'create',
    blockSize: BLOCK_SIZE,
    maxOpenFiles: MOST_OPEN_TABLES,
    ...settings,
  });
  try {
    await handle.open();
  } catch (cause) {
    throw openingError(directory, cause);
  }
  try {
    return { handle, ...(await checkFormat(handle, directory, mode.create)) };
  } catch (error) {
    await handle.close();
    throw isLogError(error) ? error : openingError(directory, error);
  }
}

/** Makes a folder for its owner alone, and those above it. Throws STORE_UNAVAILABLE. */
export async function makeFolder(directory: string): Promise<void> {
  try {
    await mkdir(directory, { recursive: true, mode: 0o700 });
  } catch (cause) {
    throw new LogError('STORE_UNAVAILABLE', `${directory} cannot be made`, { cause });
  }
}

/** Returns the format; a new database gets the newest one and its format row here. */
async function checkFormat(
  handle: Handle,
  directory: string,
  create: boolean,
): Promise<{ format: StoreFormat; created: boolean }> {
  const stored = await handle.get(FORMAT_KEY);
  if (stored !== undefined) {
    const format = readNumberRow(FORMAT_KEY, stored);
    if (format === 1 || format === 2) return { format, created: false };
    throw new LogError(
      'STORE_FORMAT',
      `${directory} has format ${format}; this version reads formats 1 to ${NEWEST_FORMAT}`,
    );
  }
  if ((await handle.keys({ limit: 1 }).all()).length > 0) {
    throw new LogError('STORE_CORRUPT', `${directory} holds rows but not its format version`);
  }
  // An empty database: new, or left by a creation that was interrupted before its first row.
  if (!create) throw new LogError('STORE_MISSING', `the database in ${directory} is empty`);
  const { key, value } = sealRow(FORMAT_KEY, encodeNumber(NEWEST_FORMAT));
  await handle.put(key, value, { sync: true });
  return { format: NEWEST_FORMAT, created: true };
}

function openingError(directory: string, cause: unknown): LogError {
  const { code, message } = rootCause(cause);
  if (code === 'LEVEL_LOCKED') {
    return new LogError('STORE_LOCKED', `${directory} is open in another process`, { cause });
  }
  // LevelDB's own words for a MANIFEST or table file that is gone; it has no code for them.
  const missing = /CURRENT|MANIFEST|missing files|No such file/i.test(message);
  if (code === 'LEVEL_CORRUPTION' || missing) {
    return new LogError('STORE_CORRUPT', `${directory} cannot be opened: ${message}`, { cause });
  }
  return new LogError('STORE_UNAVAILABLE', `${directory} cannot be opened: ${message}`, { cause });
}

/** Returns the innermost code and message: the binding wraps LevelDB's error in its own. */
export function rootCause(error: unknown): { readonly code: string; readonly message: string } {
  let current = error;
  while (current instanceof Error && current.cause instanceof Error) current = current.cause;
  if (!(current instanceof Error)) return { code: '', message: String(current) };
  return { code: String((current as NodeJS.ErrnoException).code ?? ''), message: current.message };
}
