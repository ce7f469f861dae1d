/**
 * What speaks against a log: pairs of its checkpoints that do not go together, kept within bounds.
 *
 * Whoever has the log's key can sign as much as he likes, and anybody can send an honest checkpoint with a wrong proof. So
 * there are few places, one row each: the first ones stay, for they say when it began, and the rest go round, slowly.
 *
 * In scope: which pieces are kept, and their rows. Out of scope: what is evidence (witness.ts). Mutable state: which places
 * are taken, in memory.
 */

import { fromBase64, toBase64 } from '../encoding/base64.js';
import { equalBytes } from '../encoding/bytes.js';
import { type Head, readRow } from './head-row.js';
import type { Row, RowChange, SyncedRows } from './synced-rows.js';

/** Two checkpoints of one log that do not go together. */
export interface Evidence {
  /** split-view: two trees of one size, which is proof. unproven: the proof to a larger tree did not verify. */
  readonly kind: 'split-view' | 'unproven';
  /** When the second one came, POSIX seconds. */
  readonly timeSeconds: bigint;
  /** The checkpoint that was cosigned, a signed note. */
  readonly cosigned: string;
  /** The one that was refused, with the log's valid signature. */
  readonly refused: string;
  /** Tree size and root of the refused one. */
  readonly size: bigint;
  readonly root: Uint8Array;
}

/** The evidence of all logs, named by `logID`. Every method throws what the rows throw. */
export interface EvidenceStore {
  /** Returns what is kept of a log, the oldest first. */
  of(logID: string): Promise<readonly Evidence[]>;
  /** Returns how many pieces that are. */
  count(logID: string): Promise<number>;
  /** Returns true when `found` was new and is on disk. One call at a time for each log. */
  keep(logID: string, found: Evidence): Promise<boolean>;
  /**
   * Looks at what was unproven at the size of a head that was cosigned since: of the same root, it was nothing and goes;
   * of another, it is a split view. Returns that, when it is new and on disk. One call at a time for each log.
   */
  settle(logID: string, head: Head): Promise<Evidence | undefined>;
}

/** Most pieces of each kind that are kept of a log. */
export const MAX_EVIDENCE = 8;

/** The first pieces of a kind, which stay. */
const MAX_STAYING = MAX_EVIDENCE / 2;

/** When all places are taken, no more often than this does another piece get one. */
const TURN_SECONDS = 60n;

/** Returns the evidence in `rows`. */
export function createEvidenceStore(rows: SyncedRows): EvidenceStore {
  const remembered = new Map<string, Remembered>();

  const placesOf = async (logID: string): Promise<readonly Place[]> => {
    const known = remembered.get(logID);
    if (known?.generation === rows.generation) return known.places;
    const { generation } = rows;
    const places = (await rows.list(prefixOf(logID))).map(readPlace).sort(byNumber);
    remembered.set(logID, { generation, places });
    return places;
  };
  const change = async (
    logID: string,
    changes: readonly RowChange[],
    places: readonly Place[],
  ): Promise<void> => {
    const { generation } = rows;
    // Forgotten first: behind a failed write nobody knows which places are taken.
    remembered.delete(logID);
    await rows.put(changes);
    remembered.set(logID, { generation, places });
  };
  const keep = async (logID: string, found: Evidence): Promise<boolean> => {
    const places = await placesOf(logID);
    const key = keyFor(logID, found, places);
    if (key === undefined) return false;
    const { kind, timeSeconds, size, root } = found;
    const number = (places.at(-1)?.number ?? 0) + 1;
    const place: Place = { key, number, kind, timeSeconds, size, root };
    const kept = [...places.filter((other) => other.key !== key), place];
    await change(logID, [{ key, value: printPiece(number, found) }], kept);
    return true;
  };
  return {
    async of(logID) {
      const found: Evidence[] = [];
      for (const { key } of await placesOf(logID)) {
        const value = await rows.peek(key);
        if (value !== undefined) found.push(readPiece(value));
      }
      return found;
    },
    count: async (logID) => (await placesOf(logID)).length,
    keep,
    async settle(logID, head) {
      const open = (await placesOf(logID)).find(
        ({ kind, size }) => kind === 'unproven' && size === head.size,
      );
      if (open === undefined) return undefined;
      const value = await rows.get(open.key);
      const left = (await placesOf(logID)).filter(({ key }) => key !== open.key);
      await change(logID, [{ key: open.key, value: undefined }], left);
      if (value === undefined || equalBytes(open.root, head.root)) return undefined;
      const proof = { ...readPiece(value), kind: 'split-view', cosigned: head.note } as const;
      return (await keep(logID, proof)) ? proof : undefined;
    },
  };
}

interface Remembered {
  /** Of the rows when this was read or written. */
  readonly generation: number;
  /** By number. */
  readonly places: readonly Place[];
}

/** A place that is taken, and by what. */
interface Place extends Pick<Evidence, 'kind' | 'timeSeconds' | 'size' | 'root'> {
  readonly key: string;
  /** Counts the pieces of a log. */
  readonly number: number;
}

/** Returns where `found` may lie, undefined when it is known or there is no place for it now. */
function keyFor(logID: string, found: Evidence, places: readonly Place[]): string | undefined {
  const ofKind = places.filter(({ kind }) => kind === found.kind);
  // By what they say, not by their bytes: one text can be signed in many ways.
  if (ofKind.some(({ size, root }) => size === found.size && equalBytes(root, found.root))) {
    return undefined;
  }
  for (let at = 0; at < MAX_EVIDENCE; at++) {
    const key = `${prefixOf(logID)}${found.kind}/${at}`;
    if (!ofKind.some((place) => place.key === key)) return key;
  }
  const newest = ofKind.at(-1) as Place;
  if (found.timeSeconds < newest.timeSeconds + TURN_SECONDS) return undefined;
  return ofKind[MAX_STAYING]?.key;
}

function prefixOf(logID: string): string {
  return `evidence/${logID}/`;
}

function byNumber(a: Place, b: Place): number {
  return a.number - b.number;
}

function printPiece(number: number, piece: Evidence): string {
  const { timeSeconds, size, root } = piece;
  const texts = { timeSeconds: String(timeSeconds), size: String(size), root: toBase64(root) };
  return JSON.stringify({ ...piece, ...texts, number });
}

function readPiece(value: string): Evidence {
  return readRow(value, (row) => ({
    kind: row['kind'] as Evidence['kind'],
    timeSeconds: BigInt(row['timeSeconds'] as string),
    cosigned: row['cosigned'] as string,
    refused: row['refused'] as string,
    size: BigInt(row['size'] as string),
    root: fromBase64(row['root'] as string),
  }));
}

function readPlace({ key, value }: Row): Place {
  const { kind, timeSeconds, size, root } = readPiece(value);
  const number = readRow(value, (row) => Number(row['number']));
  return { key, number, kind, timeSeconds, size, root };
}
