/**
 * Cosigned checkpoints of several witnesses in one place: what a client asks that needs N cosignatures of one tree.
 * The routes are those of transparency-dev's distributor.
 *
 * Kept of each log: the newest checkpoint of each witness, and for each N the largest tree that N witnesses have
 * cosigned. Nothing here is a promise of this witness; a row that is lost comes back with the next checkpoint.
 *
 * In scope: taking, merging, finding. Out of scope: paths (distributor-routes.ts), the own state (witness-state.ts).
 * Mutable state: the lock of each log.
 */

import { equalBytes } from '../encoding/bytes.js';
import { isLogError } from '../errors.js';
import { type CheckpointText, parseCheckpoint } from '../note/checkpoint.js';
import { readCosignature } from '../note/cosignature.js';
import {
  isSameKey,
  type NoteVerifier,
  openSignedNote,
  parseSignedNote,
  printSignedNote,
  type SignatureLine,
  type SignedNote,
} from '../note/signed-note.js';
import type { VerifierKey } from '../note/verifier-key.js';
import { noteVerifier } from '../signing/note-verifier.js';
import type { FollowedLog } from './followed-logs.js';
import { OriginLocks } from './origin-locks.js';
import type { Row, SyncedRows } from './synced-rows.js';

/** What became of a checkpoint that was handed in. */
export type Taken = 'taken' | 'malformed' | 'unverified' | 'older' | 'other-root';

/** Cosigned checkpoints by log and witness. All methods throw what the rows throw. */
export interface Distributor {
  /** Names of the witnesses, each with its keys. */
  readonly witnesses: ReadonlyMap<string, readonly VerifierKey[]>;
  /** Keeps a note that the log and the witness have signed. */
  take(log: FollowedLog, witness: string, note: string | Uint8Array): Promise<Taken>;
  /** Returns the newest checkpoint of one witness. */
  byWitness(log: FollowedLog, witness: string): Promise<string | undefined>;
  /** Returns the checkpoint of the largest tree that `count` witnesses have cosigned. */
  withCosignatures(log: FollowedLog, count: number): Promise<string | undefined>;
}

/** The witness that this process is: its newest checkpoint is in its own state. */
export interface OwnWitness {
  readonly name: string;
  readonly keys: readonly VerifierKey[];
  newest(log: FollowedLog): Promise<string | undefined>;
}

/** Returns the distributor of the checkpoints of `own` and of other witnesses' keys. */
export function createDistributor(
  rows: SyncedRows,
  own: OwnWitness,
  others: readonly VerifierKey[],
): Distributor {
  const witnesses = new Map<string, VerifierKey[]>();
  for (const key of [...own.keys, ...others])
    witnesses.set(key.name, [...(witnesses.get(key.name) ?? []), key]);
  const verifiers = new Map(
    [...witnesses].map(([name, own]) => [name, own.map(noteVerifier)] as const),
  );
  const locks = new OriginLocks();
  return {
    witnesses,
    byWitness: (log, witness) =>
      witness === own.name ? own.newest(log) : rows.get(witnessKey(log, witness)),
    async withCosignatures(log, count) {
      if (others.length === 0) return count === 1 ? own.newest(log) : undefined;
      const row = await rows.get(mergedKey(log, count));
      return row?.slice(row.indexOf('\n') + 1);
    },
    async take(log, witness, note) {
      if (others.length === 0) return 'taken';
      const cosigned = openCosigned(note, log, verifiers.get(witness) ?? []);
      if (typeof cosigned === 'string') return cosigned;
      return locks.exclusively(log.id, async () => {
        const before = await rows.get(witnessKey(log, witness));
        const outcome = before === undefined ? undefined : outcomeBeside(before, cosigned);
        if (outcome !== undefined) return outcome;
        const others = await othersAtSameText(rows, log, witness, cosigned.text, witnesses);
        const row = { key: witnessKey(log, witness), value: print(cosigned, []) };
        await rows.put([row, ...(await mergedRows(rows, log, cosigned, others))]);
        return 'taken';
      });
    },
  };
}

/** A checkpoint and who signed it. */
interface Cosigned {
  readonly text: string;
  readonly checkpoint: CheckpointText;
  readonly logLines: readonly SignatureLine[];
  readonly witnessLines: readonly SignatureLine[];
}

function openCosigned(
  note: string | Uint8Array,
  log: FollowedLog,
  witness: readonly NoteVerifier[],
): Cosigned | 'malformed' | 'unverified' {
  try {
    const signed = parseSignedNote(note);
    const checkpoint = parseCheckpoint(signed.text);
    if (checkpoint.origin !== log.origin) return 'unverified';
    const logLines = openSignedNote(signed, log.verifiers);
    const witnessLines = openSignedNote(signed, witness);
    return { text: signed.text, checkpoint, logLines, witnessLines };
  } catch (error) {
    if (isLogError(error, 'NOTE_MALFORMED')) return 'malformed';
    if (isLogError(error, 'NOTE_UNVERIFIED')) return 'unverified';
    throw error;
  }
}

/** Returns what becomes of a checkpoint beside the one that is kept; undefined when it takes its place. */
function outcomeBeside(before: string, { checkpoint, witnessLines }: Cosigned): Taken | undefined {
  const kept = parseSignedNote(before);
  const { size, root } = parseCheckpoint(kept.text);
  if (checkpoint.size < size) return 'older';
  if (checkpoint.size > size) return undefined;
  if (!equalBytes(checkpoint.root, root)) return 'other-root';
  // Anybody can hand in again what he has seen: it must not make a cosignature look older, nor cost a write.
  const keptLines = kept.signatures.filter((line) =>
    witnessLines.some((own) => isSameKey(own, line)),
  );
  const isNewer =
    keptLines.length < witnessLines.length || newestTime(witnessLines) > newestTime(keptLines);
  return isNewer ? undefined : 'taken';
}

function newestTime(lines: readonly SignatureLine[]): bigint {
  return lines
    .map(({ signature }) => readCosignature(signature)?.timeSeconds ?? 0n)
    .reduce((newest, time) => (time > newest ? time : newest), 0n);
}

/** Returns the newest notes of the other witnesses that have the same text: others cannot share a note. */
async function othersAtSameText(
  rows: SyncedRows,
  log: FollowedLog,
  witness: string,
  text: string,
  witnesses: ReadonlyMap<string, unknown>,
): Promise<readonly SignedNote[]> {
  const found: SignedNote[] = [];
  for (const name of [...witnesses.keys()].sort()) {
    const stored = name === witness ? undefined : await rows.get(witnessKey(log, name));
    if (stored === undefined) continue;
    const note = parseSignedNote(stored);
    if (note.text === text) found.push(note);
  }
  return found;
}

/** Returns the rows of each N that this checkpoint serves and that is no larger tree's already. */
async function mergedRows(
  rows: SyncedRows,
  log: FollowedLog,
  cosigned: Cosigned,
  others: readonly SignedNote[],
): Promise<readonly Row[]> {
  const isOfLog = (line: SignatureLine): boolean => log.keys.some((key) => isSameKey(key, line));
  const lines = others.flatMap(({ signatures }) => signatures.filter((line) => !isOfLog(line)));
  const { size } = cosigned.checkpoint;
  const value = `${size}\n${print(cosigned, lines)}`;
  const changed: Row[] = [];
  for (let count = 1; count <= others.length + 1; count++) {
    const before = await rows.get(mergedKey(log, count));
    const sizeBefore = before === undefined ? 0n : BigInt(before.slice(0, before.indexOf('\n')));
    if (size >= sizeBefore) changed.push({ key: mergedKey(log, count), value });
  }
  return changed;
}

function print(
  { text, logLines, witnessLines }: Cosigned,
  others: readonly SignatureLine[],
): string {
  return printSignedNote({ text, signatures: [...logLines, ...witnessLines, ...others] });
}

function witnessKey({ id }: FollowedLog, witness: string): string {
  return `distributed/${id}/by/${witness}`;
}

function mergedKey({ id }: FollowedLog, count: number): string {
  return `distributed/${id}/count/${count}`;
}
