/**
 * The guard: a small file outside the store that knows how far each log had come.
 *
 * A store that was rolled back, restored from an old backup, or that lost its newest writes looks sound from
 * inside. The guard is moved after each commit and before anything of it is released, so it is never ahead of a
 * sound store, and a crash raises no false alarm. Per log there are two slots that are written in turn, in place,
 * and synced: a torn write leaves the other one.
 *
 * In scope: the file, and judging a store by it. Out of scope: who moves it when (sequencing/). What it cannot see:
 * one snapshot that restores guard and store together; a cloned machine that signs with the same key. The instance
 * owns the open file and the newest entry of each log.
 */

import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { dirname } from 'node:path';
import { equalBytes } from '../encoding/bytes.js';
import { toHex } from '../encoding/hex.js';
import { isLogError, LogError } from '../errors.js';
import { syncFolder } from '../files/durable-file.js';
import { EMPTY_HEAD } from './commit-shape.js';
import {
  decodeSlot,
  encodeSlot,
  type FoundSlot,
  type GuardEntry,
  SLOT_SIZE,
} from './guard-slot.js';
import type { Head, LogRecord, Store } from './log-store.js';
import { rootAt } from './root-at.js';

/** Which guard judges which store. */
export interface GuardOptions {
  /** The guard file; its folder must exist. */
  readonly path: string;
  /** The opened store whose logs are judged. */
  readonly store: Pick<Store, 'logs' | 'log'>;
  /** Make what is missing or damaged anew from the store. A store behind its guard is refused all the same. */
  readonly adopt: boolean;
}

/** The part of the guard that belongs to one log. */
export interface LogGuard {
  /**
   * Returns when `head` is durable in the guard. Throws STORE_UNAVAILABLE when it could not be written (nothing
   * of that head may be released then; a further call may succeed), RangeError for a head behind the guard.
   */
  move(head: Pick<Head, 'size' | 'root'>): Promise<void>;
}

/** An open guard. */
export interface Guard {
  /** Returns the part of one log. Throws TREE_UNKNOWN. */
  forLog(treeID: bigint): LogGuard;
  /** Takes in a log that was just created, or does nothing when it is known. Throws STORE_UNAVAILABLE. */
  add(record: LogRecord): Promise<void>;
  /** Returns what the guard says of each log, for `stele` commands and messages. */
  entries(): readonly GuardEntry[];
  /** Waits for moves under way and closes the file. */
  close(): Promise<void>;
}

/**
 * Returns the guard, after the store was judged by it. Logs without entries are taken in as they are. Throws
 * GUARD_AHEAD when a log is behind the guard, is gone, or has another root at the guard's size; GUARD_MISSING when
 * the guard does not know a log that has entries, and GUARD_CORRUPT when both slots of a log are damaged, unless
 * `adopt`; STORE_IDENTITY when the guard knows the tree ID with another origin or key; STORE_FORMAT;
 * STORE_UNAVAILABLE; STORE_CORRUPT from the store.
 */
export async function openGuard(options: GuardOptions): Promise<Guard> {
  const file = await openGuardFile(options);
  try {
    const { entries, damaged } = await readPairs(file, options);
    const guard = new OpenGuard(file, options.path, entries);
    // Judged before anything is written: a refusal leaves the file as it was found.
    const newcomers = await judgeStore(options, entries);
    for (const pair of damaged) await guard.clear(pair);
    for (const { record, head } of newcomers) await guard.take(record, head);
    return guard;
  } catch (error) {
    await file.close();
    throw isLogError(error) || error instanceof RangeError
      ? error
      : unavailable(options.path, error);
  }
}

/** Returns logs of the store that the guard has to take in, each with its head. */
async function judgeStore(
  { path, store, adopt }: GuardOptions,
  entries: readonly (GuardEntry | undefined)[],
): Promise<readonly { record: LogRecord; head: Head }[]> {
  const records = await store.logs();
  for (const entry of entries) {
    if (entry === undefined) continue;
    const record = records.find(({ treeID }) => treeID === entry.treeID);
    if (record !== undefined) await checkGuard(entry, record, store);
    else if (entry.size > 0) throw behind(entry, 'the store does not have it');
  }
  const newcomers: { record: LogRecord; head: Head }[] = [];
  for (const record of records) {
    if (entries.some((entry) => entry?.treeID === record.treeID)) continue;
    const head = await store.log(record.treeID).head();
    if (head.size > 0 && !adopt) {
      throw new LogError(
        'GUARD_MISSING',
        `the guard ${path} does not know log ${record.treeID}, which has ${head.size} entries`,
      );
    }
    newcomers.push({ record, head });
  }
  return newcomers;
}

/**
 * Judges one log by what the guard says of it. Throws GUARD_AHEAD, STORE_IDENTITY, and STORE_CORRUPT when the
 * hashes of the store cannot be read.
 */
async function checkGuard(
  entry: GuardEntry,
  record: LogRecord,
  store: Pick<Store, 'log'>,
): Promise<void> {
  if (entry.origin !== record.origin || entry.logID !== record.logID) {
    throw new LogError(
      'STORE_IDENTITY',
      `the guard knows log ${entry.treeID} as ${entry.origin} with key ${entry.logID}, ` +
        `the store as ${record.origin} with key ${record.logID}`,
    );
  }
  const log = store.log(record.treeID);
  const { size } = await log.head();
  if (size < entry.size) throw behind(entry, `the store has only ${size}`);
  const root = await rootAt(log, entry.size);
  if (!equalBytes(root, entry.root)) {
    throw behind(entry, `at that size the store has root ${toHex(root)}, not ${toHex(entry.root)}`);
  }
}

function behind(entry: GuardEntry, what: string): LogError {
  return new LogError(
    'GUARD_AHEAD',
    `the guard has seen log ${entry.treeID} with ${entry.size} entries; ${what}`,
  );
}

const PAIR_SIZE = 2 * SLOT_SIZE;
/** Logs that fit before the file grows: room is written ahead, so that a move never needs new blocks. */
const PAIRS_AT_ONCE = 16;

/**
 * On Linux a write returns when its bytes are on the disk: one wait in a thread instead of two. Elsewhere such a flag may
 * be missing, or mean no more than the cache of the drive.
 */
const SYNCED = process.platform === 'linux' ? constants.O_DSYNC : 0;

async function openGuardFile({ path, store, adopt }: GuardOptions): Promise<FileHandle> {
  try {
    return await open(path, constants.O_RDWR | SYNCED);
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'ENOENT') throw unavailable(path, cause);
  }
  for (const { treeID } of await store.logs()) {
    const { size } = await store.log(treeID).head();
    if (size > 0 && !adopt) {
      throw new LogError(
        'GUARD_MISSING',
        `there is no guard at ${path}, but log ${treeID} has ${size} entries`,
      );
    }
  }
  try {
    const created = constants.O_RDWR | constants.O_CREAT | constants.O_EXCL;
    const file = await open(path, created | SYNCED, 0o600);
    await file.sync();
    await syncFolder(dirname(path));
    return file;
  } catch (cause) {
    throw unavailable(path, cause);
  }
}

/** Returns the entry of each pair, undefined where the pair is free, and the pairs that adoption must clear. */
async function readPairs(
  file: FileHandle,
  { path, adopt }: GuardOptions,
): Promise<{ entries: (GuardEntry | undefined)[]; damaged: number[] }> {
  const content = await file.readFile();
  const entries: (GuardEntry | undefined)[] = [];
  const damaged: number[] = [];
  for (let at = 0; at < content.length; at += PAIR_SIZE) {
    const first = decodeSlot(content.subarray(at, at + SLOT_SIZE));
    const second = decodeSlot(content.subarray(at + SLOT_SIZE, at + PAIR_SIZE));
    const entry = newest(first, second);
    if (entry === 'bad') {
      const where = `bytes ${at} to ${at + PAIR_SIZE}`;
      if (!adopt) throw new LogError('GUARD_CORRUPT', `the guard ${path} is damaged, ${where}`);
      damaged.push(entries.length);
    }
    entries.push(entry === 'bad' ? undefined : entry);
  }
  return { entries, damaged };
}

function newest(first: FoundSlot, second: FoundSlot): GuardEntry | undefined | 'bad' {
  if (typeof first === 'object' && typeof second === 'object') {
    if (first.treeID !== second.treeID || first.origin !== second.origin) return 'bad';
    return first.sequence > second.sequence ? first : second;
  }
  if (typeof first === 'object') return first;
  if (typeof second === 'object') return second;
  if (first === 'empty' && second === 'empty') return undefined;
  // Both slots are written when a log is taken in, the first before the second: this is that write, torn.
  if (first === 'bad' && second === 'empty') return undefined;
  return 'bad';
}

class OpenGuard implements Guard {
  readonly #file: FileHandle;
  readonly #path: string;
  /** The newest durable entry of each pair of slots; undefined where the pair is free. */
  readonly #pairs: (GuardEntry | undefined)[];
  #lastWrite: Promise<unknown> = Promise.resolve();

  constructor(file: FileHandle, path: string, entries: readonly (GuardEntry | undefined)[]) {
    this.#file = file;
    this.#path = path;
    this.#pairs = [...entries];
  }

  forLog(treeID: bigint): LogGuard {
    const pair = this.#pairs.findIndex((entry) => entry?.treeID === treeID);
    if (pair < 0) throw new LogError('TREE_UNKNOWN', `the guard does not know log ${treeID}`);
    return { move: (head) => this.#inTurn(() => this.#move(pair, head)) };
  }

  add(record: LogRecord): Promise<void> {
    return this.#inTurn(async () => {
      if (this.#pairs.some((entry) => entry?.treeID === record.treeID)) return;
      await this.#takeIn(record, { size: 0, root: EMPTY_HEAD.root });
    });
  }

  /** Takes in a log with the head that it has. */
  take(record: LogRecord, head: Head): Promise<void> {
    return this.#inTurn(() => this.#takeIn(record, head));
  }

  /** Frees a pair whose slots are both damaged. */
  clear(pair: number): Promise<void> {
    return this.#inTurn(() => this.#write(pair * PAIR_SIZE, Buffer.alloc(PAIR_SIZE)));
  }

  entries(): readonly GuardEntry[] {
    return this.#pairs.filter((entry) => entry !== undefined);
  }

  async close(): Promise<void> {
    await this.#lastWrite;
    await this.#file.close();
  }

  async #move(pair: number, { size, root }: Pick<Head, 'size' | 'root'>): Promise<void> {
    const known = this.#pairs[pair] as GuardEntry;
    if (size === known.size && equalBytes(root, known.root)) return;
    if (size <= known.size) {
      throw new RangeError(
        `the guard of log ${known.treeID} is at ${known.size}, not below ${size}`,
      );
    }
    await this.#writeSlot(pair, { ...known, sequence: known.sequence + 1, size, root });
  }

  async #takeIn(record: LogRecord, { size, root }: Pick<Head, 'size' | 'root'>): Promise<void> {
    const { treeID, logID, origin } = record;
    let pair = this.#pairs.indexOf(undefined);
    if (pair < 0) {
      pair = this.#pairs.length;
      await this.#write(pair * PAIR_SIZE, Buffer.alloc(PAIRS_AT_ONCE * PAIR_SIZE));
      for (let more = 0; more < PAIRS_AT_ONCE; more += 1) this.#pairs.push(undefined);
    }
    for (const sequence of [2, 3]) {
      await this.#writeSlot(pair, { sequence, treeID, size, root, logID, origin });
    }
  }

  /** An even sequence goes to the first slot, an odd one to the second: never over the newest entry. */
  async #writeSlot(pair: number, entry: GuardEntry): Promise<void> {
    await this.#write(pair * PAIR_SIZE + (entry.sequence % 2) * SLOT_SIZE, encodeSlot(entry));
    this.#pairs[pair] = entry;
  }

  async #write(position: number, bytes: Buffer): Promise<void> {
    try {
      let done = 0;
      while (done < bytes.length) {
        const { bytesWritten } = await this.#file.write(
          bytes,
          done,
          bytes.length - done,
          position + done,
        );
        done += bytesWritten;
      }
      if (SYNCED === 0) await this.#file.datasync();
    } catch (cause) {
      throw unavailable(this.#path, cause);
    }
  }

  #inTurn(work: () => Promise<void>): Promise<void> {
    const done = this.#lastWrite.then(work);
    this.#lastWrite = done.catch(() => undefined);
    return done;
  }
}

function unavailable(path: string, cause: unknown): LogError {
  const why = cause instanceof Error ? cause.message : String(cause);
  return new LogError('STORE_UNAVAILABLE', `the guard ${path} cannot be used: ${why}`, { cause });
}
