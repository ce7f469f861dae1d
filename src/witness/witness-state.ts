/**
 * WHAT THE WITNESS HAS COSIGNED: one head a log, which only ever moves forward.
 *
 * The promise that everything rests on: no signature leaves before the head that it speaks of is on disk, and reading,
 * deciding and writing are one step for each log. `advance` is the only way to write a head. After a write that may or
 * may not have happened, what was remembered is forgotten and read again.
 *
 * In scope: heads, and when evidence is written. Out of scope: what is decided (decide.ts), which evidence is kept
 * (evidence.ts), bytes on disk (synced-rows.ts). Mutable state: the locks, and the heads in memory.
 */

import { equalBytes } from '../encoding/bytes.js';
import { LogError } from '../errors.js';
import { createEvidenceStore, type Evidence } from './evidence.js';
import { type Head, printHead, readHead } from './head-row.js';
import { OriginLocks } from './origin-locks.js';
import type { SyncedRows } from './synced-rows.js';

/** What a step does to the state of a log. */
export interface Step<T> {
  /** The head to write; undefined leaves it. */
  readonly next?: Head | undefined;
  /** A conflict to keep. */
  readonly evidence?: Evidence | undefined;
  /** What `advance` returns when all that is written. */
  readonly value: T;
  /** Called when `next` is on disk, before any other step of this log. */
  written?(): void;
}

/** Who is told of evidence. */
export interface EvidenceEvents {
  /** A conflict that was not known is on disk. */
  conflicted(logID: string, evidence: Evidence): void;
  /** A conflict could not be written; what was answered holds all the same. */
  faulted(error: unknown): void;
}

/** The state of the witness. Logs are named by `logID` (note/origin-id.ts). */
export interface WitnessState {
  /**
   * Returns the newest cosigned checkpoint for somebody to look at; a disk that is full does not matter here. Throws
   * STORE_CORRUPT, STORE_UNAVAILABLE.
   */
  head(logID: string): Promise<Head | undefined>;
  /** Returns the evidence against a log, the oldest first. */
  evidence(logID: string): Promise<readonly Evidence[]>;
  /** Returns how many pieces that are. */
  evidenceCount(logID: string): Promise<number>;
  /**
   * Runs `decide` with the head while no other step of this log runs, writes what it returns, and returns its value.
   * Throws what `decide` throws, DISK_FULL and COMMIT_UNKNOWN when the write fails, STORE_CORRUPT for a step back.
   */
  advance<T>(
    logID: string,
    decide: (known: Head | undefined) => Step<T> | Promise<Step<T>>,
  ): Promise<T>;
}

/** Returns the state in `rows`; nobody else may write heads there. */
export function createWitnessState(rows: SyncedRows, events: EvidenceEvents): WitnessState {
  const locks = new OriginLocks();
  const remembered = new Map<string, Remembered>();
  const evidence = createEvidenceStore(rows);

  const inMemory = (logID: string): Remembered | undefined => {
    const known = remembered.get(logID);
    return known?.generation === rows.generation ? known : undefined;
  };
  const keepInMemory = (logID: string, head: Remembered): void => {
    remembered.delete(logID);
    const [oldest] = remembered.keys();
    if (remembered.size >= MAX_REMEMBERED && oldest !== undefined) remembered.delete(oldest);
    remembered.set(logID, head);
  };
  /** Within a step alone: a reader beside it may come back with what was true before the step. */
  const remember = async (logID: string): Promise<Head | undefined> => {
    const known = inMemory(logID);
    if (known !== undefined) return known.head;
    const { generation } = rows;
    const head = headIn(await rows.get(headKey(logID)));
    keepInMemory(logID, { generation, head });
    return head;
  };
  const write = async (logID: string, known: Head | undefined, next: Head): Promise<void> => {
    checkForward(known, next);
    const { generation } = rows;
    // Forgotten first: when the write fails, nobody knows which of the two heads is stored.
    remembered.delete(logID);
    await rows.put([{ key: headKey(logID), value: printHead(next) }]);
    keepInMemory(logID, { generation, head: next });
  };
  /** The verdict stands without it: a disk that is full makes no 500 of a refusal. */
  const keepEvidence = async (logID: string, { next, evidence: found }: Step<unknown>) => {
    try {
      const isNew = found !== undefined && (await evidence.keep(logID, found));
      const proved = next && (await evidence.settle(logID, next));
      if (isNew) events.conflicted(logID, found);
      if (proved !== undefined) events.conflicted(logID, proved);
    } catch (error) {
      events.faulted(error);
    }
  };
  return {
    async head(logID) {
      return inMemory(logID)?.head ?? headIn(await rows.peek(headKey(logID)));
    },
    evidence: (logID) => evidence.of(logID),
    evidenceCount: (logID) => evidence.count(logID),
    advance: (logID, decide) =>
      locks.exclusively(logID, async () => {
        const known = await remember(logID);
        const step = await decide(known);
        if (step.next !== undefined) {
          await write(logID, known, step.next);
          step.written?.();
        }
        await keepEvidence(logID, step);
        return step.value;
      }),
  };
}

function headIn(value: string | undefined): Head | undefined {
  return value === undefined ? undefined : readHead(value);
}

/** Heads in memory, the latest; a note may be 64 KiB long, and logs may be many. */
const MAX_REMEMBERED = 1_024;

interface Remembered {
  /** Of the rows when this was read or written. */
  readonly generation: number;
  readonly head: Head | undefined;
}

function headKey(logID: string): string {
  return `head/${logID}`;
}

/** The decision should have seen to it; what is signed for ever is worth a second look. */
function checkForward(known: Head | undefined, next: Head): void {
  if (known === undefined) return;
  const isForward =
    next.timeSeconds >= known.timeSeconds &&
    (next.size > known.size || (next.size === known.size && equalBytes(next.root, known.root)));
  if (isForward) return;
  throw new LogError('STORE_CORRUPT', 'a step of the witness would go back');
}
