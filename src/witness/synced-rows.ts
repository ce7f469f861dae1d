/**
 * Rows of text in a LevelDB folder of the witness's own: what `put` has returned for is on disk.
 *
 * LevelDB goes on accepting writes behind one that failed, and loses them when it is opened again. So writes go one at a
 * time, all that waits in one batch; after a failed one nothing is written or read before the folder was closed and
 * opened anew, and `generation` tells the owner of a cache to forget it.
 *
 * While the disk is full, the old handle stays open for readers: LevelDB needs room to open.
 *
 * In scope: opening without ever making an empty database where one was, the checksum of each row, failed writes. Out of
 * scope: what rows mean (witness-state.ts). Mutable state: the handle, and what waits to be written.
 */

import { mkdir, open, readdir, readFile, stat, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { ClassicLevel } from 'classic-level';
import { sha256 } from '#sha256';
import { utf8 } from '../encoding/bytes.js';
import { toHex } from '../encoding/hex.js';
import { LogError } from '../errors.js';

/** One row. */
export interface Row {
  readonly key: string;
  readonly value: string;
}

/** A row as it is to be; without a value, gone. */
export interface RowChange {
  readonly key: string;
  readonly value: string | undefined;
}

/** Where a test makes a write fail or wait: in front of it, or behind it while nobody knows of it. */
export type WriteFault = (step: 'before-write' | 'after-write') => void | Promise<void>;

/** Rows on disk. Every method throws STORE_UNAVAILABLE while the folder cannot be opened. */
export interface SyncedRows {
  /** Grows with each failed write: what was read before may not be what is stored. */
  readonly generation: number;
  /** Returns the value. Throws STORE_CORRUPT when the row is damaged. */
  get(key: string): Promise<string | undefined>;
  /**
   * Returns the value for somebody to look at, who decides nothing by it: behind a failed write it may be that of before.
   * Throws STORE_CORRUPT.
   */
  peek(key: string): Promise<string | undefined>;
  /** Returns, as `peek` does, the rows whose keys begin with `prefix`, by key. Throws STORE_CORRUPT. */
  list(prefix: string): Promise<readonly Row[]>;
  /** Resolves when all changes are on disk. Throws DISK_FULL or COMMIT_UNKNOWN: they may be stored or not. */
  put(changes: readonly RowChange[]): Promise<void>;
  /** Opens the folder again if a write has failed. */
  mend(): Promise<void>;
  close(): Promise<void>;
}

/**
 * Opens the rows below `folder`, making them where nothing was. Throws STORE_LOCKED, STORE_MISSING or STORE_CORRUPT when
 * rows were there that are gone, STORE_FORMAT, STORE_UNAVAILABLE.
 */
export async function openSyncedRows(folder: string, fault?: WriteFault): Promise<SyncedRows> {
  const directory = join(folder, 'state');
  const wasMade = await prepareFolder(folder, directory);
  const rows = new LevelRows(directory, await openHandle(directory), fault);
  try {
    await rows.checkFormat(wasMade);
    if (!wasMade) await writeMarker(folder);
  } catch (error) {
    await rows.close();
    throw error;
  }
  return rows;
}

/** Returns whether rows were ever made below `folder`. Throws STORE_UNAVAILABLE. */
export async function hadState(folder: string): Promise<boolean> {
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    return await isThere(join(folder, MARKER));
  } catch (cause) {
    throw new LogError('STORE_UNAVAILABLE', `${folder} cannot be used`, { cause });
  }
}

type Handle = ClassicLevel<string, string>;

interface Waiting {
  readonly changes: readonly RowChange[];
  resolve(): void;
  reject(error: unknown): void;
}

class LevelRows implements SyncedRows {
  generation = 0;
  #directory: string;
  #handle: Handle;
  #fault: WriteFault | undefined;
  #waiting: Waiting[] = [];
  #isWriting = false;
  #isBroken = false;
  #isClosed = false;
  #mending: Promise<void> | undefined;

  constructor(directory: string, handle: Handle, fault: WriteFault | undefined) {
    this.#directory = directory;
    this.#handle = handle;
    this.#fault = fault;
  }

  async checkFormat(wasMade: boolean): Promise<void> {
    const format = await this.get(FORMAT_KEY);
    if (format === FORMAT) return;
    if (format !== undefined) {
      throw new LogError('STORE_FORMAT', `${this.#directory} has format ${format}, not ${FORMAT}`);
    }
    const [any] = await this.#handle.keys({ limit: 1 }).all();
    if (any !== undefined || wasMade) {
      throw new LogError('STORE_CORRUPT', `rows of ${this.#directory} are missing`);
    }
    await this.put([{ key: FORMAT_KEY, value: FORMAT }]);
  }

  async get(key: string): Promise<string | undefined> {
    await this.mend();
    return this.#get(key);
  }

  async peek(key: string): Promise<string | undefined> {
    await this.#tryToMend();
    return this.#get(key);
  }

  async list(prefix: string): Promise<readonly Row[]> {
    await this.#tryToMend();
    const range = { gte: prefix, lt: `${prefix}\uffff` };
    const found = await this.#read(() => this.#handle.iterator(range).all());
    return found.map(([key, sealed]) => ({ key, value: openRow(key, sealed) }));
  }

  async put(changes: readonly RowChange[]): Promise<void> {
    await this.mend();
    await new Promise<void>((resolve, reject) => {
      this.#waiting.push({ changes, resolve, reject });
      if (!this.#isWriting) void this.#writeAll();
    });
  }

  async mend(): Promise<void> {
    if (this.#isClosed) throw new LogError('SHUTTING_DOWN', 'the state of the witness is closed');
    if (!this.#isBroken) return;
    this.#mending ??= this.#openAgain().finally(() => {
      this.#mending = undefined;
    });
    await this.#mending;
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    // What is being opened is closed too.
    await this.#mending?.catch(() => {});
    await this.#handle.close();
  }

  async #tryToMend(): Promise<void> {
    // Whoever writes or decides hears why it cannot be.
    await this.mend().catch(() => {});
  }

  async #writeAll(): Promise<void> {
    this.#isWriting = true;
    while (this.#waiting.length > 0) {
      const batch = this.#waiting;
      this.#waiting = [];
      try {
        await this.#writeSynced(batch.flatMap(({ changes }) => changes));
        for (const { resolve } of batch) resolve();
      } catch (cause) {
        this.#isBroken = true;
        this.generation++;
        const error = writeError(cause);
        // What came in meanwhile would be written behind the failed write, and lost with it.
        for (const { reject } of [...batch, ...this.#waiting]) reject(error);
        this.#waiting = [];
      }
    }
    this.#isWriting = false;
  }

  async #writeSynced(changes: readonly RowChange[]): Promise<void> {
    if (this.#isBroken) throw new Error('a write before it has failed');
    await this.#fault?.('before-write');
    const steps = changes.map(({ key, value }) =>
      value === undefined
        ? { type: 'del' as const, key }
        : { type: 'put' as const, key, value: sealRow(key, value) },
    );
    await this.#handle.batch(steps, { sync: true });
    await this.#fault?.('after-write');
  }

  async #get(key: string): Promise<string | undefined> {
    const sealed = await this.#read(() => this.#handle.get(key));
    return sealed === undefined ? undefined : openRow(key, sealed);
  }

  async #openAgain(): Promise<void> {
    await checkRoom(this.#directory);
    await this.#handle.close();
    this.#handle = await openHandle(this.#directory);
    this.#isBroken = false;
  }

  async #read<T>(read: () => Promise<T>): Promise<T> {
    try {
      return await read();
    } catch (cause) {
      throw new LogError('STORE_UNAVAILABLE', 'the state of the witness cannot be read', { cause });
    }
  }
}

const FORMAT_KEY = 'format';
const FORMAT = '1';
/** Says that there was a database: one that is gone must not be begun anew. */
const MARKER = 'witness-state-was-made';
// What an interrupted creation leaves behind: no table and no log with rows in it.
const CREATION_DEBRIS = /^(LOCK|LOG|LOG\.old|MANIFEST-000001|000001\.dbtmp)$/;
const CHECKSUM_DIGITS = 16;

/** Makes the folders; returns whether a database was made here before. */
async function prepareFolder(folder: string, directory: string): Promise<boolean> {
  try {
    await mkdir(directory, { recursive: true, mode: 0o700 });
    const names = await readdir(directory);
    const wasMade = await isThere(join(folder, MARKER));
    if (names.includes('CURRENT')) return wasMade;
    if (wasMade || names.some((name) => !CREATION_DEBRIS.test(name))) {
      throw new LogError(
        'STORE_MISSING',
        `${directory} held the state of a witness that is gone; restore it: a witness that forgot what it cosigned must not go on under the same key`,
      );
    }
    return false;
  } catch (cause) {
    if (cause instanceof LogError) throw cause;
    throw new LogError('STORE_UNAVAILABLE', `${folder} cannot be used`, { cause });
  }
}

async function isThere(path: string): Promise<boolean> {
  return readFile(path).then(
    () => true,
    (error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return false;
      throw error;
    },
  );
}

async function writeMarker(folder: string): Promise<void> {
  for (const path of [join(folder, MARKER), folder]) {
    const file = await open(path, path === folder ? 'r' : 'w', 0o600);
    try {
      await file.sync();
    } finally {
      await file.close();
    }
  }
}

/** What LevelDB writes besides its log when it opens: a manifest, its own notes. */
const ROOM_TO_OPEN_BYTES = 512 * 1024;

/** Opening writes the newest log anew, as a table. Throws DISK_FULL where that would not succeed. */
async function checkRoom(directory: string): Promise<void> {
  const free = await statfs(directory).then(
    ({ bavail, bsize }) => bavail * bsize,
    // A file system that cannot say it is opened and seen.
    () => Number.POSITIVE_INFINITY,
  );
  let needed = ROOM_TO_OPEN_BYTES;
  for (const name of await readdir(directory).catch(() => [])) {
    if (name.endsWith('.log')) needed += await lengthOf(join(directory, name));
  }
  if (free >= needed) return;
  throw new LogError('DISK_FULL', `${directory} has room for ${free} bytes, not ${needed}`);
}

/** Returns the length of a file, 0 of one that went away. */
async function lengthOf(path: string): Promise<number> {
  return stat(path).then(
    ({ size }) => size,
    () => 0,
  );
}

async function openHandle(directory: string): Promise<Handle> {
  const handle: Handle = new ClassicLevel(directory, {
    keyEncoding: 'utf8',
    valueEncoding: 'utf8',
  });
  try {
    await handle.open();
    return handle;
  } catch (cause) {
    const [code, reason] = rootCause(cause);
    if (code === 'LEVEL_LOCKED') {
      throw new LogError('STORE_LOCKED', `${directory} is open in another process`, { cause });
    }
    const kind = code === 'LEVEL_CORRUPTION' ? 'STORE_CORRUPT' : 'STORE_UNAVAILABLE';
    throw new LogError(kind, `${directory} cannot be opened: ${reason}`, { cause });
  }
}

function writeError(cause: unknown): LogError {
  const [code, reason] = rootCause(cause);
  const isFull = code === 'ENOSPC' || /No space left|quota/i.test(reason);
  return new LogError(
    isFull ? 'DISK_FULL' : 'COMMIT_UNKNOWN',
    `the state of the witness was not written: ${reason}`,
    { cause },
  );
}

/** The binding wraps LevelDB's error in its own. */
function rootCause(error: unknown): readonly [code: string, reason: string] {
  let current = error;
  while (current instanceof Error && current.cause instanceof Error) current = current.cause;
  if (!(current instanceof Error)) return ['', String(current)];
  return [String((current as NodeJS.ErrnoException).code ?? ''), current.message];
}

function sealRow(key: string, value: string): string {
  return `${checksum(key, value)}${value}`;
}

function openRow(key: string, sealed: string): string {
  const value = sealed.slice(CHECKSUM_DIGITS);
  if (sealed.startsWith(checksum(key, value))) return value;
  throw new LogError('STORE_CORRUPT', `the row ${key} of the witness is damaged`);
}

function checksum(key: string, value: string): string {
  return toHex(sha256(utf8(`${key}\n${value}`))).slice(0, CHECKSUM_DIGITS);
}
