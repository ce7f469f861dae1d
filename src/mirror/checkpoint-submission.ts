/**
 * The body of add-checkpoint: `old <size>`, a consistency proof, an empty line, a checkpoint.
 *
 * Spec: https://c2sp.org/tlog-witness#add-checkpoint, which https://c2sp.org/tlog-mirror takes over. In scope: the lines above the
 * note, strictly. Out of scope: the note. Pure.
 */

import { fromBase64 } from '../encoding/base64.js';
import { isLogError, LogError } from '../errors.js';
import { HASH_SIZE } from '../merkle/hash.js';

/** Longest body, in bytes. */
export const MAX_SUBMISSION_BYTES = 1_048_576;

/** Most hashes of a proof. */
export const MAX_PROOF_HASHES = 63;

/** What is submitted; nothing in it is verified. */
export interface CheckpointSubmission {
  /** Size from which the proof starts, below 2^63. */
  readonly oldSize: bigint;
  readonly proof: readonly Uint8Array[];
  /** The bytes below the empty line. */
  readonly note: Uint8Array;
}

/** `old `, 19 digits; a hash has 44 characters. */
const MAX_HEAD_BYTES = 24 + (MAX_PROOF_HASHES + 1) * 45;

/** Returns what a body submits. Throws ENCODING_MALFORMED. */
export function parseCheckpointSubmission(body: Uint8Array): CheckpointSubmission {
  const start = Buffer.from(body.buffer, body.byteOffset, Math.min(body.length, MAX_HEAD_BYTES));
  const head = start.toString('latin1');
  const end = head.indexOf('\n\n');
  if (end < 0) throw malformed('no empty line follows a size and at most 63 hashes');
  const [first = '', ...lines] = head.slice(0, end).split('\n');
  const [, size] = /^old (0|[1-9]\d{0,18})$/.exec(first) ?? [];
  if (size === undefined || BigInt(size) >= 2n ** 63n) throw malformed('the first line is no size');
  if (lines.length > MAX_PROOF_HASHES) throw malformed(`${lines.length} hashes in the proof`);
  return { oldSize: BigInt(size), proof: lines.map(hashIn), note: body.subarray(end + 2) };
}

function hashIn(line: string): Uint8Array {
  try {
    const hash = fromBase64(line);
    if (hash.length === HASH_SIZE) return hash;
  } catch (error) {
    if (!isLogError(error, 'ENCODING_MALFORMED')) throw error;
  }
  throw malformed('a line of the proof is not the strict base64 of 32 bytes');
}

function malformed(reason: string): LogError {
  return new LogError('ENCODING_MALFORMED', `add-checkpoint: ${reason}`);
}
