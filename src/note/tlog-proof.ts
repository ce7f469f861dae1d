/**
 * Proofs that fit in a file beside the artifact: `.tlog-proof`. https://c2sp.org/tlog-proof
 *
 * In scope: the text, strictly both ways (what is accepted prints back to the same text). Out of scope: whether the
 * proof holds and who signed the checkpoint; the record itself is not in it. Pure; no state.
 */

import { fromBase64, toBase64 } from '../encoding/base64.js';
import { LogError } from '../errors.js';
import { HASH_SIZE } from '../merkle/hash.js';
import { parseCheckpoint } from './checkpoint.js';
import { asNoteError, MAX_NOTE_BYTES, parseSignedNote } from './signed-note.js';

/** The first line. */
export const TLOG_PROOF_HEADER = 'c2sp.org/tlog-proof@v1';

/** Most hashes of a proof: a tree of fewer than 2^63 leaves has no longer path. */
export const MAX_TLOG_PROOF_HASHES = 63;

/** Longest text that is read, in UTF-16 units: a note, a path, and as much extra data as a note is long. */
export const MAX_TLOG_PROOF_LENGTH = 2 * MAX_NOTE_BYTES + 4096;

/** The parts of a proof; nothing in them is verified. */
export interface TlogProof {
  /** Index of the record in the tree of the checkpoint, below 2^63. */
  readonly index: bigint;
  /** Leaf to root, 32 bytes each. */
  readonly hashes: readonly Uint8Array[];
  /** The signed checkpoint, as text. */
  readonly checkpoint: string;
  /** What somebody put beside it; authenticated by nothing. Empty is not the same as absent. */
  readonly extra?: Uint8Array;
}

const EXTRA = 'extra ';
const INDEX = 'index ';
const INDEX_BOUND = 2n ** 63n;
const DECIMAL = /^(?:0|[1-9][0-9]{0,18})$/;

/** True when a text says that it is such a proof, of this or another version. */
export function isTlogProof(text: string): boolean {
  return text.startsWith('c2sp.org/tlog-proof@');
}

/** Returns the parts; printTlogProof gives the text back. Throws NOTE_MALFORMED. */
export function parseTlogProof(text: string): TlogProof {
  if (text.length > MAX_TLOG_PROOF_LENGTH) {
    throw malformed(`the proof is longer than ${MAX_TLOG_PROOF_LENGTH} characters`);
  }
  // The first empty line: the lines above have none, the checkpoint may.
  const separator = text.indexOf('\n\n');
  const [header, ...lines] = text.slice(0, Math.max(separator, 0)).split('\n');
  if (header !== TLOG_PROOF_HEADER)
    throw malformed(`the proof does not begin ${TLOG_PROOF_HEADER}`);
  const extra = lines[0]?.startsWith(EXTRA) ? lines.shift()?.slice(EXTRA.length) : undefined;
  const index = lines.shift();
  if (!index?.startsWith(INDEX) || !DECIMAL.test(index.slice(INDEX.length))) {
    throw malformed('the proof has no decimal index where it belongs');
  }
  checkCount(lines.length);
  const proof: TlogProof = {
    index: BigInt(index.slice(INDEX.length)),
    hashes: lines.map((line) => bytesOf(line, 'a hash')),
    checkpoint: text.slice(separator + 2),
    ...(extra === undefined ? {} : { extra: bytesOf(extra, 'the extra data') }),
  };
  checkProof(proof);
  return proof;
}

/** Returns the text, the checkpoint's final newline included. Throws NOTE_MALFORMED when it would not parse. */
export function printTlogProof(proof: TlogProof): string {
  checkProof(proof);
  const { index, hashes, checkpoint, extra } = proof;
  const lines = [
    TLOG_PROOF_HEADER,
    ...(extra === undefined ? [] : [`${EXTRA}${toBase64(extra)}`]),
    `${INDEX}${index}`,
    ...hashes.map(toBase64),
  ];
  const text = `${lines.join('\n')}\n\n${checkpoint}`;
  if (text.length <= MAX_TLOG_PROOF_LENGTH) return text;
  throw malformed(`the proof would be longer than ${MAX_TLOG_PROOF_LENGTH} characters`);
}

function checkProof({ index, hashes, checkpoint }: TlogProof): void {
  if (index < 0n || index >= INDEX_BOUND) throw malformed(`the index ${index} is not below 2^63`);
  checkCount(hashes.length);
  const odd = hashes.find(({ length }) => length !== HASH_SIZE);
  if (odd !== undefined) throw malformed(`a hash of ${odd.length} bytes`);
  parseCheckpoint(parseSignedNote(checkpoint).text);
}

function checkCount(hashes: number): void {
  if (hashes <= MAX_TLOG_PROOF_HASHES) return;
  throw malformed(`${hashes} hashes, limit ${MAX_TLOG_PROOF_HASHES}`);
}

function bytesOf(text: string, what: string): Uint8Array {
  return asNoteError(`${what} of the proof is not strict base64`, () => fromBase64(text));
}

function malformed(message: string): LogError {
  return new LogError('NOTE_MALFORMED', message);
}
