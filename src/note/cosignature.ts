/**
 * Cosignatures: what a witness or mirror signs about a checkpoint, and how a note carries it.
 * https://c2sp.org/tlog-cosignature
 *
 * In scope: the signed bytes of both types, Ed25519 (0x04) and ML-DSA-44 (0x06), and the time in front of a signature.
 * Out of scope: keys and cryptography (signing/), and when a witness may sign at all. Pure; no state.
 */

import { concatBytes, equalBytes, utf8 } from '../encoding/bytes.js';
import { LogError } from '../errors.js';
import { EMPTY_ROOT, HASH_SIZE } from '../merkle/hash.js';
import { isSubtree } from '../merkle/subtree.js';
import { parseCheckpoint } from './checkpoint.js';

/** What an ML-DSA-44 cosignature says: that these leaves of the log hash to this. */
export interface SubtreeStatement {
  /** Key name of the cosigner, 1 to 255 bytes. */
  readonly cosigner: string;
  /** POSIX seconds below 2^63; 0 makes no statement about the tree being the latest, and is a must unless `start` is 0. */
  readonly timeSeconds: bigint;
  /** Origin of the log, 1 to 255 bytes. */
  readonly origin: string;
  /** Index of the first leaf; 0 for a checkpoint. */
  readonly start: bigint;
  /** Index after the last leaf; the tree size for a checkpoint. */
  readonly end: bigint;
  /** 32 bytes. */
  readonly hash: Uint8Array;
}

/** The parts of what follows the key ID in a cosignature's line. */
export interface Cosignature {
  /** POSIX seconds below 2^63. */
  readonly timeSeconds: bigint;
  /** At least 1 byte: 64 of Ed25519, 2,420 of ML-DSA-44. */
  readonly signature: Uint8Array;
}

/** Longest name of an ML-DSA-44 cosigner and longest origin that it can cosign, in bytes of UTF-8. */
export const MAX_COSIGNED_NAME_BYTES = 255;

const TIME_BYTES = 8;
const BOUND = 2n ** 63n;
const SUBTREE_LABEL = utf8('subtree/v1\n\0');

/**
 * Returns the bytes that an Ed25519 cosignature (type 4) of a note signs; the note's text with its final newline. Throws
 * NOTE_MALFORMED for a time that is not below 2^63.
 */
export function cosignatureMessage(timeSeconds: bigint, noteText: string): Uint8Array {
  checkTime(timeSeconds);
  return utf8(`cosignature/v1\ntime ${timeSeconds}\n${noteText}`);
}

/**
 * Returns the statement that an ML-DSA-44 cosignature of a checkpoint makes. Throws NOTE_MALFORMED when the text is no
 * checkpoint, and when it has extension lines: they would stand in a cosigned note without being signed.
 */
export function checkpointStatement(
  cosigner: string,
  timeSeconds: bigint,
  noteText: string,
): SubtreeStatement {
  const { origin, size, root, extensions } = parseCheckpoint(noteText);
  if (extensions.length > 0) {
    throw malformed('an ML-DSA-44 cosignature does not cover the extension lines of a checkpoint');
  }
  return { cosigner, timeSeconds, origin, start: 0n, end: size, hash: root };
}

/**
 * Returns the bytes that an ML-DSA-44 cosignature (type 6) signs. Throws NOTE_MALFORMED for a name or an origin of no or
 * more than 255 bytes, for leaves that are no subtree, and for a time and a hash that do not fit them.
 */
export function subtreeMessage(statement: SubtreeStatement): Uint8Array {
  const { cosigner, timeSeconds, origin, start, end, hash } = statement;
  checkTime(timeSeconds);
  const isEmptyTree = start === 0n && end === 0n;
  if (end >= BOUND || !(isEmptyTree || isSubtree(start, end))) {
    throw malformed(`the leaves [${start}, ${end}) are no subtree`);
  }
  if (start !== 0n && timeSeconds !== 0n) {
    throw malformed('a cosignature of a part of a tree has no time');
  }
  if (hash.length !== HASH_SIZE) throw malformed(`a subtree hash of ${hash.length} bytes`);
  if (isEmptyTree && !equalBytes(hash, EMPTY_ROOT)) {
    throw malformed('an empty tree with the hash of another');
  }
  return concatBytes(
    SUBTREE_LABEL,
    withLength(cosigner, 'the name of a cosigner'),
    unsigned64(timeSeconds),
    withLength(origin, 'the origin of a cosigned log'),
    unsigned64(start),
    unsigned64(end),
    hash,
  );
}

/** Returns the parts of the bytes behind the key ID of a line, undefined when they are too short or the time too late. */
export function readCosignature(signature: Uint8Array): Cosignature | undefined {
  if (signature.length <= TIME_BYTES) return undefined;
  const { buffer, byteOffset } = signature;
  const timeSeconds = new DataView(buffer, byteOffset, TIME_BYTES).getBigUint64(0);
  if (timeSeconds >= BOUND) return undefined;
  return { timeSeconds, signature: signature.slice(TIME_BYTES) };
}

/** Returns the bytes that stand behind the key ID of a line. Throws NOTE_MALFORMED when they would not read back. */
export function printCosignature(timeSeconds: bigint, signature: Uint8Array): Uint8Array {
  checkTime(timeSeconds);
  if (signature.length === 0) throw malformed('a cosignature without a signature');
  return concatBytes(unsigned64(timeSeconds), signature);
}

function checkTime(timeSeconds: bigint): void {
  if (timeSeconds >= 0n && timeSeconds < BOUND) return;
  throw malformed(`the time ${timeSeconds} of a cosignature is not below 2^63`);
}

function withLength(text: string, what: string): Uint8Array {
  const bytes = utf8(text);
  if (bytes.length === 0 || bytes.length > MAX_COSIGNED_NAME_BYTES) {
    throw malformed(`${what} has ${bytes.length} bytes, not 1 to ${MAX_COSIGNED_NAME_BYTES}`);
  }
  return concatBytes(Uint8Array.of(bytes.length), bytes);
}

function unsigned64(value: bigint): Uint8Array {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigUint64(0, value);
  return bytes;
}

function malformed(message: string): LogError {
  return new LogError('NOTE_MALFORMED', message);
}
