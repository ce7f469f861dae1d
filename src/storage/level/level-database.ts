/**
 * The LevelDB handle and its three outcomes: committed, refused before writing, UNKNOWN.
 *
 * After any error of a write LevelDB goes on accepting writes on the same handle and loses them at the next opening
 * (docs/design/embedded-store.md). So a handle that failed is only read from then on, until it has been reopened.
 *
 * In scope: reads, writes, reopening, the lock beside the folder, the disk reserve. Out of scope: what rows mean.
 * The instance owns the handle, the failed state and the count of operations under way.
 */

import { dirname } from 'node:path';
import { isLogError, LogError } from '../../errors.js';
import type { FaultPoint, StoreStep } from '../fault-point.js';
import { DiskReserve, freeBytesAt, RESERVE_MARGIN } from './disk-reserve.js';
import { GroupedReads } from './grouped-reads.js';
import type { StoreFormat } from './keyspace.js';
import { type LockFile, takeLock } from './lock-file.js';
import {
  type Handle,
  judgeFolder,
  type LevelSettings,
  makeFolder,
  type OpenedFolder,
  openHandle,
  rootCause,
} from './open-folder.js';
import { ReadPace } from './read-pace.js';
import type { Row } from './rows.js';
import { SecondNames } from './second-names.js';

/** Where the database is and how it is used. */
export interface LevelDatabaseOptions {
  readonly directory: string;
  readonly create: boolean;
  readonly settings: LevelSettings;
  /** Free bytes that must stay; default: two write buffers and 64 MB, the room for reopening. */
  readonly reserveBytes?: number | undefined;
  /** Default: what the file system of `directory` says. */
  readonly freeBytes?: (() => Promise<number>) | undefined;
  /** A clock that never goes back; default: the process's. */
  readonly nowMs?: (() => number) | undefined;
  readonly fault?: FaultPoint | undefined;
}

/** Where a range of keys begins and ends. */
export interface KeyRange {
  readonly gte: Buffer;
  readonly lt?: Buffer;
  readonly lte?: Buffer;
  readonly reverse?: boolean;
  readonly limit?: number;
}

/**
 * Returns the opened database; the lock file is `<directory>.lock`. Throws STORE_LOCKED, STORE_MISSING,
 * STORE_CORRUPT, STORE_FORMAT, STORE_UNAVAILABLE.
 */
export async function openLevelDatabase(options: LevelDatabaseOptions): Promise<LevelDatabase> {
  // Before the lock is made: where there is no store, nothing is left behind.
  const verdict = await judgeFolder(options.directory, options.create);
  if (verdict === 'create') await makeFolder(dirname(options.directory));
  const lock = await takeLock(`${options.directory}.lock`);
  try {
    const opened = await openLocked(options, lock, options.create);
    return new LevelDatabase(options, opened, lock);
  } catch (error) {
    await lock.release();
    throw error;
  }
}

/** One database, through all its reopenings. */
export class LevelDatabase {
  /** True when the opening made the database. */
  readonly created: boolean;
  readonly format: StoreFormat;
  readonly #options: LevelDatabaseOptions;
  readonly #lock: LockFile;
  readonly #reserve: DiskReserve;
  readonly #secondNames: SecondNames;
  readonly #pace: ReadPace;
  /** Asked only by operations under way: the handle is there, and the same for all of them. */
  readonly #grouped = new GroupedReads((keys) =>
    (this.#handle as Handle).getMany(keys as Buffer[]),
  );
  #handle: Handle | undefined;
  #failed = false;
  #closed = false;
  /** While it is pending, the handle is being changed and new operations wait. */
  #gate: Promise<void> | undefined;
  #lastWrite: Promise<void> = Promise.resolve();
  #underWay = 0;
  #idle: (() => void) | undefined;

  constructor(options: LevelDatabaseOptions, opened: OpenedFolder, lock: LockFile) {
    this.#options = options;
    this.created = opened.created;
    this.format = opened.format;
    this.#handle = opened.handle;
    this.#lock = lock;
    this.#secondNames = new SecondNames(options.directory);
    const nowMs = options.nowMs ?? (() => performance.now());
    this.#pace = new ReadPace(nowMs);
    this.#reserve = new DiskReserve({
      reserveBytes: options.reserveBytes ?? reserveFor(options.settings),
      freeBytes: options.freeBytes ?? (() => freeBytesAt(options.directory)),
      nowMs,
    });
  }

  get failed(): boolean {
    return this.#failed;
  }

  get writeBufferSize(): number {
    return this.#options.settings.writeBufferSize;
  }

  /** Returns the value of each key, undefined where there is none; values are still sealed. */
  getMany(keys: readonly Buffer[]): Promise<(Buffer | undefined)[]> {
    return this.#read(async (handle) => {
      if (keys.length > MOST_KEYS_ON_LOOP) return handle.getMany(keys as Buffer[]);
      if (this.#pace.prefersThread()) return this.#grouped.getMany(keys);
      return this.#pace.timed(keys.length, () => keys.map((key) => handle.getSync(key)));
    });
  }

  /** Returns the value of a key, still sealed. */
  async get(key: Buffer): Promise<Buffer | undefined> {
    const [value] = await this.getMany([key]);
    return value;
  }

  /** Returns the rows of a range, still sealed. */
  range(range: KeyRange): Promise<[Buffer, Buffer][]> {
    return this.#read((handle) => readRange(handle, range));
  }

  /**
   * Writes rows as one atomic batch. Throws DISK_FULL or STORE_UNAVAILABLE when nothing was written, and
   * COMMIT_UNKNOWN when it is not known what was; after that every write is refused until `reopen`.
   */
  write(
    step: StoreStep,
    rows: readonly Row[],
    options: { readonly sync: boolean; readonly bytes: number },
  ): Promise<void> {
    // One at a time: a write that LevelDB had queued behind a failing one would be acknowledged, then lost.
    const done = this.#lastWrite.then(() => this.#writeAlone(step, rows, options));
    this.#lastWrite = done.catch(() => undefined);
    return done;
  }

  /**
   * Closes and reopens the handle; the failed state stays until `acceptWrites`. Throws DISK_FULL while there is
   * no room, and then goes on reading from the old handle; else STORE_UNAVAILABLE or STORE_CORRUPT, and then
   * there is no handle until a further call succeeds.
   */
  async reopen(): Promise<void> {
    this.#refuseWhenClosed();
    const fault = await this.#options.fault?.('recover');
    if (fault === 'disk-full') throw new LogError('DISK_FULL', 'not enough space to reopen');
    await this.#reserve.checkReopen();
    if (fault !== undefined) throw new LogError('STORE_UNAVAILABLE', 'not reopened, on request');
    await this.#exclusively(async () => {
      // Closed while this one waited: a handle opened now would never be closed.
      this.#refuseWhenClosed();
      await this.#replaceHandle();
    });
  }

  /**
   * Opens the handle anew, which lets go of every table that it had mapped; reads and writes wait meanwhile. Does
   * nothing when there is no room to reopen. Throws STORE_UNAVAILABLE or STORE_CORRUPT when it could not be
   * opened again; then the store has failed and waits for recovery.
   */
  async renew(): Promise<void> {
    this.#refuseWhenFailed();
    if (!(await this.#reserve.hasRoomToReopen())) return;
    await this.#exclusively(async () => {
      if (this.#closed || this.#failed) return;
      try {
        await this.#replaceHandle();
      } catch (error) {
        this.#failed = true;
        throw error;
      }
    });
  }

  /** Throws DISK_FULL when there is not enough room to reopen. */
  async checkReserve(): Promise<void> {
    this.#refuseWhenClosed();
    await this.#reserve.checkReopen();
  }

  /** Throws what a write would be refused with now: DISK_FULL, STORE_UNAVAILABLE. */
  async checkWritable(): Promise<void> {
    this.#refuseWhenFailed();
    const fault = await this.#options.fault?.('check');
    if (fault !== undefined) throw new LogError('DISK_FULL', 'the disk reserve is used up');
    await this.#reserve.checkReopen();
  }

  /** Ends the failed state: what the reopened handle says has been read. */
  acceptWrites(): void {
    this.#failed = false;
  }

  /** Waits for operations under way, closes the handle and gives the lock back. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await this.#exclusively(() => this.#closeHandle());
    await this.#secondNames.close();
    await this.#lock.release();
  }

  async #writeAlone(
    step: StoreStep,
    rows: readonly Row[],
    options: { readonly sync: boolean; readonly bytes: number },
  ): Promise<void> {
    this.#refuseWhenFailed();
    const fault = await this.#options.fault?.(step);
    if (fault === 'disk-full') throw new LogError('DISK_FULL', 'the disk reserve is used up');
    await this.#reserve.claim(options.bytes);
    await this.#operate(async (handle) => {
      // Between here and the end of `write` any error, also one of ours, is UNKNOWN.
      try {
        if (fault === 'before') throw new Error('failed before writing, on request');
        // Chained: an array of 1,280 operations costs four times as much in the binding.
        const batch = handle.batch();
        for (const { key, value } of rows) batch.put(key, value);
        await batch.write({ sync: options.sync });
        if (fault === 'after') throw new Error('failed after writing, on request');
      } catch (cause) {
        this.#failed = true;
        throw new LogError(
          'COMMIT_UNKNOWN',
          `the ${step} failed and its outcome is not known: ${rootCause(cause).message}`,
          { cause },
        );
      }
    });
  }

  async #read<T>(work: (handle: Handle) => Promise<T>): Promise<T> {
    return this.#operate(async (handle) => {
      try {
        return await work(handle);
      } catch (cause) {
        const { code, message } = rootCause(cause);
        const kind = code === 'LEVEL_CORRUPTION' ? 'STORE_CORRUPT' : 'STORE_UNAVAILABLE';
        throw isLogError(cause)
          ? cause
          : new LogError(kind, `a read failed: ${message}`, { cause });
      }
    });
  }

  async #operate<T>(work: (handle: Handle) => Promise<T>): Promise<T> {
    while (this.#gate !== undefined) await this.#gate;
    const handle = this.#handle;
    if (handle === undefined) throw new LogError('STORE_UNAVAILABLE', 'the store is not open');
    this.#underWay += 1;
    try {
      return await work(handle);
    } finally {
      this.#underWay -= 1;
      if (this.#underWay === 0) this.#idle?.();
    }
  }

  async #exclusively(work: () => Promise<void>): Promise<void> {
    while (this.#gate !== undefined) await this.#gate;
    let open = (): void => undefined;
    this.#gate = new Promise((resolve) => {
      open = resolve;
    });
    try {
      if (this.#underWay > 0) {
        await new Promise<void>((resolve) => {
          this.#idle = resolve;
        });
        this.#idle = undefined;
      }
      await work();
    } finally {
      this.#gate = undefined;
      open();
    }
  }

  async #replaceHandle(): Promise<void> {
    await this.#closeHandle();
    this.#handle = (await openLocked(this.#options, this.#lock, false)).handle;
  }

  async #closeHandle(): Promise<void> {
    const handle = this.#handle;
    this.#handle = undefined;
    await handle?.close();
  }

  #refuseWhenClosed(): void {
    if (this.#closed) throw new LogError('STORE_UNAVAILABLE', 'the store is closed');
  }

  #refuseWhenFailed(): void {
    this.#refuseWhenClosed();
    if (this.#failed) {
      throw new LogError('STORE_UNAVAILABLE', 'a write failed; the store waits for recovery');
    }
  }
}

/** Opens the handle, which takes LevelDB's lock, and then makes sure of the lock file. */
async function openLocked(
  { directory, settings }: LevelDatabaseOptions,
  lock: LockFile,
  create: boolean,
): Promise<OpenedFolder> {
  const opened = await openHandle(directory, settings, { create });
  try {
    await lock.claim();
    return opened;
  } catch (error) {
    await opened.handle.close();
    throw error;
  }
}

function reserveFor(settings: LevelSettings): number {
  return 2 * settings.writeBufferSize + RESERVE_MARGIN;
}

/** Keys that are looked for on the event loop at most. */
const MOST_KEYS_ON_LOOP = 8;

/** Rows that are read at once, in number and bytes. */
const ROWS_AT_ONCE = 1_000;
const BYTES_AT_ONCE = 1024 * 1024;

/** `iterator.all()` asks again after the last row: further turns of a loop that may be busy, where a search needs one. */
async function readRange(handle: Handle, range: KeyRange): Promise<[Buffer, Buffer][]> {
  const options = { ...range, fillCache: true, highWaterMarkBytes: BYTES_AT_ONCE };
  const iterator = handle.iterator(options);
  const rows: [Buffer, Buffer][] = [];
  try {
    for (let isMore = true; isMore; ) {
      const wanted = Math.min(
        ROWS_AT_ONCE,
        (range.limit ?? Number.POSITIVE_INFINITY) - rows.length,
      );
      const read = wanted > 0 ? await iterator.nextv(wanted) : [];
      for (const row of read) rows.push(row);
      isMore = wanted > 0 && (read.length === wanted || bytesOf(read) >= BYTES_AT_ONCE);
    }
    return rows;
  } finally {
    // Waited for, though it takes no turn of the loop: when it fails the read has failed, as any other read does. Left
    // alone, its rejection would be heard by nobody and end the process.
    await iterator.close();
  }
}

function bytesOf(rows: readonly (readonly [Buffer, Buffer])[]): number {
  return rows.reduce((sum, [key, value]) => sum + key.length + value.length, 0);
}
