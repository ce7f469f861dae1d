/**
 * The store on an embedded LevelDB.
 *
 * Spec: ../log-store.ts. In scope: the logs of one folder, opening, recovery, the checks before and after a
 * start. Out of scope: one log's rows (level-log.ts), the handle (level-database.ts). The instance owns the list
 * of logs and their handles; the database owns everything that can fail.
 */

import { LogError } from '../../errors.js';
import type { FaultPoint } from '../fault-point.js';
import type { LogRecord, LogStore, Store } from '../log-store.js';
import { logRecordKey } from './keyspace.js';
import { type LevelDatabase, openLevelDatabase } from './level-database.js';
import { emptyHeadRow, LevelLog } from './level-log.js';
import { readLogRecord, sealLogRecord } from './log-record-row.js';
import { LEVEL_SETTINGS } from './open-folder.js';
import { openRow } from './rows.js';
import type { TailReach } from './verify-tail.js';

/** Entries that are checked before the first write. */
const START_CHECK_ENTRIES = 5000;
/** Entries that `deepCheck` goes back over. */
const DEEP_CHECK_ENTRIES = 50_000;
/** Bytes that the deep check may add to the resident memory before it lets go of the tables that it has mapped. */
const MAPPED_AT_MOST = 192 * 1024 * 1024;
/** Write buffers that `deepCheck` goes back over: what LevelDB's log may have lost lies within them. */
const DEEP_CHECK_BUFFERS = 4;

/** How to open a LevelDB store. All sizes in bytes. */
export interface LevelStoreOptions {
  /** The LevelDB folder; its lock file is `<directory>.lock`, beside it. */
  readonly directory: string;
  /** True: a store is made when the folder is empty or does not exist; one that is there is opened as it is. */
  readonly create: boolean;
  readonly writeBufferSize?: number;
  readonly cacheSize?: number;
  readonly maxFileSize?: number;
  /** Free bytes that must stay on the disk; default: two write buffers and 64 MB. */
  readonly reserveBytes?: number;
  /** Asked for the free bytes, at most every 50 ms; default: the file system's own answer. */
  readonly freeBytes?: () => Promise<number>;
  /** A clock that never goes back; default: the process's. */
  readonly nowMs?: () => number;
  /** Entries that are checked before the first write; default 5,000. */
  readonly startCheckEntries?: number;
  /** For tests: makes steps fail. */
  readonly fault?: FaultPoint;
}

/** How far `deepCheck` goes back, for each log; the defaults are 50,000 entries and four write buffers. */
export interface DeepCheckOptions {
  readonly entries?: number;
  readonly bytes?: number;
  readonly onProgress?: (treeID: bigint, checked: number, total: number) => void;
  /** Ends the check early, without an error. */
  readonly signal?: AbortSignal;
}

/** A store on disk. */
export interface LevelStore extends Store {
  /** True when this opening made the store. */
  readonly created: boolean;
  /**
   * Walks back over the newest 50,000 entries or 256 MB of rows of each log, whichever comes first, and over the
   * batch rows of the newest 256 MB; may run beside commits. Now and then, and at the end, the database is
   * opened anew, to unmap the tables that it read. Throws STORE_CORRUPT, STORE_UNAVAILABLE. Readiness waits for it.
   */
  deepCheck(options?: DeepCheckOptions): Promise<void>;
  /**
   * Reads all leaf hashes of each log into memory, 1.6 bytes for each, so that new ones need no look into the
   * database; may run beside commits. Throws STORE_CORRUPT, STORE_UNAVAILABLE: then they do, as before, until a
   * further call has read the logs that this one had not.
   */
  learnLeafHashes(signal?: AbortSignal): Promise<void>;
}

/**
 * Returns the store in a folder, after a walk over the newest 5,000 entries of each log. Throws STORE_MISSING,
 * STORE_LOCKED (naming the process), STORE_FORMAT, STORE_CORRUPT, STORE_UNAVAILABLE.
 */
export async function openLevelStore(options: LevelStoreOptions): Promise<LevelStore> {
  const settings = {
    writeBufferSize: options.writeBufferSize ?? LEVEL_SETTINGS.writeBufferSize,
    cacheSize: options.cacheSize ?? LEVEL_SETTINGS.cacheSize,
    maxFileSize: options.maxFileSize ?? LEVEL_SETTINGS.maxFileSize,
  };
  const database = await openLevelDatabase({ ...options, settings });
  const startReach: TailReach = {
    entries: options.startCheckEntries ?? START_CHECK_ENTRIES,
    bytes: DEEP_CHECK_BUFFERS * settings.writeBufferSize,
    chainBytes: 0,
  };
  const store = new OpenStore(database, startReach);
  try {
    await store.load();
    return store;
  } catch (error) {
    await store.close();
    throw error;
  }
}

class OpenStore implements LevelStore {
  readonly #database: LevelDatabase;
  readonly #startReach: TailReach;
  readonly #logs = new Map<bigint, LevelLog>();
  #records: readonly LogRecord[] = [];
  #recovery: Promise<void> | undefined;
  /** Resident memory when no table was mapped, in bytes. */
  #unmappedBytes = process.memoryUsage.rss();

  constructor(database: LevelDatabase, startReach: TailReach) {
    this.#database = database;
    this.#startReach = startReach;
  }

  get failed(): boolean {
    return this.#database.failed;
  }

  get created(): boolean {
    return this.#database.created;
  }

  async logs(): Promise<readonly LogRecord[]> {
    return this.#records;
  }

  async createLog(record: LogRecord): Promise<void> {
    if (this.#logs.has(record.treeID)) {
      throw new LogError('STORE_IDENTITY', `tree ID ${record.treeID} is taken`);
    }
    const row = sealLogRecord(logRecordKey(this.#records.length), record);
    const rows = [row, emptyHeadRow(record.treeID, this.#database.format)];
    await this.#database.write('createLog', rows, { sync: true, bytes: row.value.length });
    this.#records = [...this.#records, record];
    this.#logs.set(record.treeID, new LevelLog(record, this.#database));
  }

  log(treeID: bigint): LogStore {
    const log = this.#logs.get(treeID);
    if (log === undefined) throw new LogError('TREE_UNKNOWN', `no log ${treeID} in this store`);
    return log;
  }

  recover(): Promise<void> {
    // Two logs may learn of the same failure; the handle is reopened once.
    this.#recovery ??= this.#recoverOnce().finally(() => {
      this.#recovery = undefined;
    });
    return this.#recovery;
  }

  checkWritable(): Promise<void> {
    return this.#database.checkWritable();
  }

  async deepCheck(options: DeepCheckOptions = {}): Promise<void> {
    const { onProgress, signal } = options;
    const bytes = options.bytes ?? DEEP_CHECK_BUFFERS * this.#database.writeBufferSize;
    for (const log of this.#logs.values()) {
      await log.checkTail({
        entries: options.entries ?? DEEP_CHECK_ENTRIES,
        bytes,
        chainBytes: bytes,
        onProgress: async (checked, total) => {
          onProgress?.(log.treeID, checked, total);
          await (checked === total ? this.#unmap(signal) : this.#unmapIfMuch(signal));
        },
        signal,
      });
    }
  }

  async learnLeafHashes(signal?: AbortSignal): Promise<void> {
    for (const log of this.#logs.values()) await log.learnLeafHashes(signal);
    await this.#unmapIfMuch(signal);
  }

  /**
   * A walk touches most tables at random, and LevelDB keeps mapped what it touched: at a million entries 300 MiB,
   * which nobody needs afterwards.
   */
  async #unmapIfMuch(signal: AbortSignal | undefined): Promise<void> {
    const mapped = process.memoryUsage.rss() - this.#unmappedBytes;
    if (mapped > MAPPED_AT_MOST) await this.#unmap(signal);
  }

  async #unmap(signal: AbortSignal | undefined): Promise<void> {
    if (signal?.aborted === true || this.failed) return;
    await this.#database.renew();
    this.#unmappedBytes = process.memoryUsage.rss();
  }

  close(): Promise<void> {
    return this.#database.close();
  }

  /** Reads the records and the head of every log, and checks the tails. Throws STORE_CORRUPT. */
  async load(): Promise<void> {
    const rows = await this.#database.range({ gte: logRecordKey(0), lte: logRecordKey(0xffff) });
    this.#records = rows.map(([key, value]) => readLogRecord(key, openRow(key, value)));
    if (rows.length === 0) await this.#refuseNamelessRows();
    const gap = rows.findIndex(([key], number) => !logRecordKey(number).equals(key));
    if (gap >= 0) throw new LogError('STORE_CORRUPT', `the store has lost log record ${gap}`);
    for (const record of this.#records) {
      const log = this.#logs.get(record.treeID) ?? new LevelLog(record, this.#database);
      await log.load(this.#startReach);
      this.#logs.set(record.treeID, log);
    }
  }

  /** A store without a log holds its format row alone; anything else has lost the record of its log. */
  async #refuseNamelessRows(): Promise<void> {
    const further = await this.#database.range({ gte: logRecordKey(0), limit: 1 });
    if (further.length === 0) return;
    throw new LogError('STORE_CORRUPT', 'the store holds rows of a log, but no record of it');
  }

  async #recoverOnce(): Promise<void> {
    if (!this.failed) return this.#database.checkReserve();
    await this.#database.reopen();
    await this.load();
    this.#database.acceptWrites();
  }
}
