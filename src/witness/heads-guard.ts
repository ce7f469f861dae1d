/**
 * The guard of a witness: its newest heads once more, in a file of their own, best on another disk than the state.
 *
 * A state that was put back from an older copy, or that has lost its newest rows, looks sound from inside, and a log could be
 * cosigned on another history from there. The file is written behind the answers, all heads at once and replaced as a whole:
 * it costs no answer anything, is never ahead of a sound state, and may lack what the last second has brought.
 *
 * In scope: the file, and judging a state by it. Out of scope: the state (witness-state.ts). Mutable state: the heads as they
 * are to be in the file, and the write that is due.
 */

import { fromBase64, toBase64 } from '../encoding/base64.js';
import { equalBytes } from '../encoding/bytes.js';
import { isLogError, LogError } from '../errors.js';
import type { Head } from './head-row.js';

/** What of a head is guarded. */
export type GuardedHead = Pick<Head, 'size' | 'root'>;

/** What a guard works with. */
export interface HeadsGuardOptions {
  /** Returns the text of the file, undefined when it is not there. */
  read(): Promise<string | undefined>;
  /** Replaces it; it is on disk when this returns. */
  write(text: string): Promise<void>;
  /** Logs that the state may have heads of. */
  readonly logIDs: readonly string[];
  /** Returns the stored head of a log. Throws STORE_CORRUPT. */
  head(logID: string): Promise<GuardedHead | undefined>;
  /** Calls `action` once, later; the returned function calls it off. */
  after(delayMs: number, action: () => void): () => void;
  /** Told when the file could not be written; that is tried again with the next head. */
  faulted(error: unknown): void;
}

/** An open guard. */
export interface HeadsGuard {
  /** Takes notice of a head that is on disk. */
  advanced(logID: string, head: GuardedHead): void;
  /** Writes what is due, and ends. */
  close(): Promise<void>;
}

/** Time between two writes, in milliseconds. */
const PERIOD_MS = 1_000;

const FORMAT = 'stele-witness-guard-1';
const LINE = /^([0-9a-f]{64}) (0|[1-9][0-9]{0,18}) ([A-Za-z0-9+/]{43}=)$/;

/**
 * Returns the guard of a state that goes with it; without a file it takes the state as it is. Throws GUARD_AHEAD for a state
 * that has forgotten a head, GUARD_CORRUPT for a file that cannot be read, and what `read` and `head` throw.
 */
export async function openHeadsGuard(options: HeadsGuardOptions): Promise<HeadsGuard> {
  const text = await options.read();
  const heads = text === undefined ? new Map<string, GuardedHead>() : headsIn(text);
  for (const logID of new Set([...heads.keys(), ...options.logIDs])) {
    const guarded = heads.get(logID);
    const stored = await readableHead(logID, guarded, options);
    if (guarded !== undefined && !isAtLeast(stored, guarded)) {
      throw new LogError(
        'GUARD_AHEAD',
        `the state of the witness has ${stored?.size ?? 'no'} leaves of the log ${logID}, of which it has cosigned ${guarded.size}: ` +
          'restore the newest state; a witness that forgot what it cosigned must not go on under the same key',
      );
    }
    if (stored !== undefined) heads.set(logID, { size: stored.size, root: stored.root });
  }
  return guardOf(heads, options);
}

/** A row that is damaged keeps its log from being cosigned, and no other. */
async function readableHead(
  logID: string,
  guarded: GuardedHead | undefined,
  options: HeadsGuardOptions,
): Promise<GuardedHead | undefined> {
  try {
    return await options.head(logID);
  } catch (error) {
    if (isLogError(error, 'STORE_CORRUPT')) return guarded;
    throw error;
  }
}

function guardOf(heads: Map<string, GuardedHead>, options: HeadsGuardOptions): HeadsGuard {
  let callOff: (() => void) | undefined;
  let writing: Promise<void> = Promise.resolve();
  const write = async (): Promise<void> => {
    try {
      await options.write(printHeads(heads));
    } catch (error) {
      // The state has it: what was answered holds all the same.
      options.faulted(error);
    }
  };
  const begin = (): void => {
    callOff = undefined;
    writing = writing.then(write);
  };
  return {
    advanced(logID, { size, root }) {
      heads.set(logID, { size, root });
      callOff ??= options.after(PERIOD_MS, begin);
    },
    async close() {
      if (callOff !== undefined) {
        callOff();
        begin();
      }
      await writing;
    },
  };
}

function isAtLeast(stored: GuardedHead | undefined, { size, root }: GuardedHead): boolean {
  if (stored === undefined) return false;
  return stored.size > size || (stored.size === size && equalBytes(stored.root, root));
}

function printHeads(heads: ReadonlyMap<string, GuardedHead>): string {
  const lines = [...heads].map(([logID, { size, root }]) => `${logID} ${size} ${toBase64(root)}\n`);
  return `${FORMAT} ${lines.length}\n${lines.join('')}`;
}

function headsIn(text: string): Map<string, GuardedHead> {
  const [first, ...lines] = text.split('\n');
  const last = lines.pop();
  const heads = new Map<string, GuardedHead>();
  for (const line of lines) {
    const [, logID, size, root] = LINE.exec(line) ?? [];
    if (logID === undefined || size === undefined || root === undefined) throw corrupt();
    heads.set(logID, { size: BigInt(size), root: fromBase64(root) });
  }
  if (last !== '' || first !== `${FORMAT} ${heads.size}` || heads.size !== lines.length) {
    throw corrupt();
  }
  return heads;
}

function corrupt(): LogError {
  const reason =
    'the guard of the witness cannot be read; without its file it begins anew from the state';
  return new LogError('GUARD_CORRUPT', reason);
}
