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
import { FORMAT_KEY } from './keyspace.js';
import { encodeNumber, readNumberRow } from './row-formats.js';
import { sealRow } from './rows.js';

/** The layout of keys and rows that this code reads and writes. */
const FORMAT_VERSION = 1;

/** The handle of a LevelDB database. */
export type Handle = ClassicLevel<Buffer, Buffer>;

/** A handle, and whether its database was made by this opening. */
export interface OpenedFolder {
  readonly handle: Handle;
  readonly created: boolean;
}

/** LevelDB's settings, in bytes. */
export interface LevelSettings {
  readonly writeBufferSize: number;
  readonly cacheSize: number;
  readonly maxFileSize: number;
}

/** Settings found by measuring: the files are few and the write buffer is merged seldom. */
export const LEVEL_SETTINGS: LevelSettings = {
  writeBufferSize: 64 * 1024 * 1024,
  cacheSize: 64 * 1024 * 1024,
  maxFileSize: 32 * 1024 * 1024,
};

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
    ...settings,
  });
  try {
    await handle.open();
  } catch (cause) {
    throw openingError(directory, cause);
  }
  try {
    return { handle, created: await checkFormat(handle, directory, mode.create) };
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

/** Returns true when it wrote the format row: the database is new. */
async function checkFormat(handle: Handle, directory: string, create: boolean): Promise<boolean> {
  const stored = await handle.get(FORMAT_KEY);
  if (stored !== undefined) {
    const version = readNumberRow(FORMAT_KEY, stored);
    if (version === FORMAT_VERSION) return false;
    throw new LogError(
      'STORE_FORMAT',
      `${directory} has format ${version}; this version reads format ${FORMAT_VERSION}`,
    );
  }
  if ((await handle.keys({ limit: 1 }).all()).length > 0) {
    throw new LogError('STORE_CORRUPT', `${directory} holds rows but not its format version`);
  }
  // An empty database: new, or left by a creation that was interrupted before its first row.
  if (!create) throw new LogError('STORE_MISSING', `the database in ${directory} is empty`);
  const { key, value } = sealRow(FORMAT_KEY, encodeNumber(FORMAT_VERSION));
  await handle.put(key, value, { sync: true });
  return true;
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
