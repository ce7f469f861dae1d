/**
 * The bodies that witnesses and mirrors are sent: add-checkpoint and sign-subtree. https://c2sp.org/tlog-witness, whose
 * add-checkpoint https://c2sp.org/tlog-mirror takes over.
 *
 *   old <size>            subtree <start> <end>
 *   <base64 hash> 0..63   <base64 hash of the subtree>
 *                         <base64 hash> 0..63
 *   (empty line)          (empty line)
 *   <signed checkpoint>   <signed checkpoint>
 *
 * In scope: the grammar above the note, read strictly. Out of scope: the note itself and everything that follows from
 * it. Pure; no state.
 */

import { fromBase64 } from '../encoding/base64.js';
import { fromUtf8 } from '../encoding/bytes.js';
import { LogError } from '../errors.js';
import { HASH_SIZE } from '../merkle/hash.js';
import { asNoteError } from './signed-note.js';

/** Longest body that is read, in bytes. */
export const MAX_SUBMISSION_BYTES = 1024 * 1024;

/** Most hashes of a proof: no tree of fewer than 2^63 leaves needs more. */
export const MAX_PROOF_HASHES = 63;

/** A checkpoint that is to be cosigned, as it was sent. */
export interface CheckpointSubmission {
  /** Size of the tree from which the proof starts, below 2^63. */
  readonly oldSize: bigint;
  /** Consistency proof, 32 bytes each. */
  readonly proof: readonly Uint8Array[];
  /** What stands below the empty line. */
  readonly note: Uint8Array;
}

/** A part of a tree that is to be cosigned, as it was sent. */
export interface SubtreeSubmission {
  /** Index of the first leaf, below 2^63. */
  readonly start: bigint;
  /** Index after the last leaf, below 2^63. */
  readonly end: bigint;
  /** 32 bytes. */
  readonly hash: Uint8Array;
  /** Proof that the subtree is part of the checkpoint's tree, 32 bytes each. */
  readonly proof: readonly Uint8Array[];
  /** What stands below the empty line. */
  readonly note: Uint8Array;
}

/** Returns the parts of an add-checkpoint body. Throws NOTE_MALFORMED. */
export function parseCheckpointSubmission(body: Uint8Array): CheckpointSubmission {
  const { lines, note } = splitBody(body, 1 + MAX_PROOF_HASHES);
  const [first = '', ...hashes] = lines;
  const old = /^old ([0-9]+)$/.exec(first)?.[1];
  if (old === undefined) throw malformed('the first line is not "old <size>"');
  return { oldSize: readSize(old), proof: hashes.map(readHash), note };
}

/** Returns the parts of a sign-subtree body. Throws NOTE_MALFORMED. */
export function parseSubtreeSubmission(body: Uint8Array): SubtreeSubmission {
  const { lines, note } = splitBody(body, 2 + MAX_PROOF_HASHES);
  const [first = '', hash, ...hashes] = lines;
  const range = /^subtree ([0-9]+) ([0-9]+)$/.exec(first);
  if (range === null) throw malformed('the first line is not "subtree <start> <end>"');
  if (hash === undefined) throw malformed('the hash of the subtree is missing');
  return {
    start: readSize(range[1] as string),
    end: readSize(range[2] as string),
    hash: readHash(hash),
    proof: hashes.map(readHash),
    note,
  };
}

const NEWLINE = 0x0a;
const SIZE_BOUND = 2n ** 63n;
const DECIMAL = /^(?:0|[1-9][0-9]{0,18})$/;

/** Splits at the first empty line, looking at no more lines than there may be. */
function splitBody(
  body: Uint8Array,
  maxLines: number,
): { readonly lines: readonly string[]; readonly note: Uint8Array } {
  const lines: string[] = [];
  let start = 0;
  for (;;) {
    const end = body.indexOf(NEWLINE, start);
    if (end < 0) throw malformed('there is no empty line above the checkpoint');
    if (end === start) return { lines, note: body.subarray(end + 1) };
    if (lines.length === maxLines) throw malformed(`more than ${MAX_PROOF_HASHES} proof lines`);
    const line = body.subarray(start, end);
    lines.push(asNoteError('a line above the checkpoint is not UTF-8', () => fromUtf8(line)));
    start = end + 1;
  }
}

function readSize(text: string): bigint {
  const size = DECIMAL.test(text) ? BigInt(text) : SIZE_BOUND;
  if (size >= SIZE_BOUND) throw malformed('a size is not a decimal number below 2^63');
  return size;
}

function readHash(line: string): Uint8Array {
  const reason = `a proof line is not strict base64 of ${HASH_SIZE} bytes`;
  const hash = asNoteError(reason, () => fromBase64(line));
  if (hash.length === HASH_SIZE) return hash;
  throw malformed(reason);
}

function malformed(message: string): LogError {
  return new LogError('NOTE_MALFORMED', message);
}
