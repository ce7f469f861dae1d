/**
 * WHAT THE WITNESS HAS COSIGNED: one head a log, which only ever moves forward.
 *
 * The promise that everything rests on: no signature leaves before the head that it speaks of is on disk, and reading,
 * deciding and writing are one step for each log. `advance` is the only way to write a head. After a write that may or
 * may not have happened, what was remembered is forgotten and read again.
 *
 * In scope: heads and the evidence of conflicts. Out of scope: what is decided (decide.ts), bytes on disk
 * (synced-rows.ts). Mutable state: the locks, and the heads in memory.
 */

import { equalBytes } from '../encoding/bytes.js';
import { LogError } from '../errors.js';
import {
  type Evidence,
  type Head,
  printEvidence,
  printHead,
  readEvidence,
  readHead,
} from './head-row.js';
import { OriginLocks } from './origin-locks.js';
import type { SyncedRows } from './synced-rows.js';

/** Most pieces of evidence of each kind that are kept of a log. */
export const MAX_EVIDENCE = 8;

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
  /** Called when `evidence` is on disk and was not known. */
  kept?(): void;
}

/** The state of the witness. Logs are named by `logID` (log-id.ts). */
export interface WitnessState {
  /** Returns the newest cosigned checkpoint. Throws STORE_CORRUPT, STORE_UNAVAILABLE. */
  head(logID: string): Promise<Head | undefined>;
  /** Returns the evidence against a log, the oldest first. */
  evidence(logID: string): Promise<readonly Evidence[]>;
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
export function createWitnessState(rows: SyncedRows): WitnessState {
  const locks = new OriginLocks();
  const remembered = new Map<string, Remembered>();

  const stored = async (logID: string): Promise<Head | undefined> => {
    const value = await rows.get(headKey(logID));
    return value === undefined ? undefined : readHead(value);
  };
  const inMemory = (logID: string): Remembered | undefined => {
    const known = remembered.get(logID);
    return known?.generation === rows.generation ? known : undefined;
  };
  /** Within a step alone: a reader beside it may come back with what was true before the step. */
  const remember = async (logID: string): Promise<Head | undefined> => {
    const known = inMemory(logID);
    if (known !== undefined) return known.head;
    const { generation } = rows;
    const head = await stored(logID);
    remembered.set(logID, { generation, head });
    return head;
  };
  const evidence = async (logID: string): Promise<readonly Evidence[]> => {
    const value = await rows.get(evidenceKey(logID));
    return value === undefined ? [] : readEvidence(value);
  };
  return {
    async head(logID) {
      const known = inMemory(logID);
      return known === undefined ? stored(logID) : known.head;
    },
    evidence,
    advance: (logID, decide) =>
      locks.exclusively(logID, async () => {
        const known = await remember(logID);
        const step = await decide(known);
        const { next, evidence: found, value } = step;
        if (next !== undefined) {
          checkForward(known, next);
          const { generation } = rows;
          // Forgotten first: when the write fails, nobody knows which of the two heads is stored.
          remembered.delete(logID);
          await rows.put([{ key: headKey(logID), value: printHead(next) }]);
          remembered.set(logID, { generation, head: next });
          step.written?.();
        }
        const kept = found && keepEvidence(await evidence(logID), found);
        if (kept !== undefined) {
          await rows.put([{ key: evidenceKey(logID), value: printEvidence(kept) }]);
          step.kept?.();
        }
        return value;
      }),
  };
}

interface Remembered {
  /** Of the rows when this was read or written. */
  readonly generation: number;
  readonly head: Head | undefined;
}

function headKey(logID: string): string {
  return `head/${logID}`;
}

function evidenceKey(logID: string): string {
  return `evidence/${logID}`;
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

/** Returns the evidence with `found` in it, undefined when that is known; the oldest of a kind makes room. */
function keepEvidence(kept: readonly Evidence[], found: Evidence): readonly Evidence[] | undefined {
  if (kept.some(({ kind, refused }) => kind === found.kind && refused === found.refused)) {
    return undefined;
  }
  const sameKind = kept.filter(({ kind }) => kind === found.kind);
  if (sameKind.length < MAX_EVIDENCE) return [...kept, found];
  // The first split views say when it began: they stay, the newest place is taken. Others roll over.
  const dropped = found.kind === 'split-view' ? sameKind.at(-1) : sameKind[0];
  return [...kept.filter((item) => item !== dropped), found];
}
