/**
 * The keys of a witness or mirror: https://c2sp.org/tlog-cosignature
 *
 * In scope: cosignature lines by Ed25519 (type 4) and by ML-DSA-44 (type 6). Out of scope: whether a checkpoint may be
 * cosigned, at what time, and where the seeds lie. An ML-DSA-44 cosigner owns threads, for a signature takes milliseconds
 * of arithmetic; `close` ends them. An Ed25519 key must serve under one name alone: what it signs does not name it.
 */

import { createPrivateKey, createPublicKey, sign } from 'node:crypto';
import { availableParallelism } from 'node:os';
import { utf8 } from '../encoding/bytes.js';
import { LogError } from '../errors.js';
import { parseCheckpoint } from '../note/checkpoint.js';
import {
  checkpointStatement,
  cosignatureMessage,
  MAX_COSIGNED_NAME_BYTES,
  printCosignature,
  type SubtreeStatement,
  subtreeMessage,
} from '../note/cosignature.js';
import type { SignatureLine } from '../note/signed-note.js';
import { SIGNATURE_TYPE, type VerifierKey, verifierKeyOf } from '../note/verifier-key.js';
import { mldsa44 } from './mldsa44.js';
import { SigningThreads, type SigningTurn } from './signing-threads.js';

/** A key that cosigns. It does not show its private half. */
export interface Cosigner {
  readonly key: VerifierKey;
  /**
   * Returns the line that says of a checkpoint, by its text, that it was the latest at this time, in POSIX seconds. Throws
   * NOTE_MALFORMED for a text that is no checkpoint, for a time that is not below 2^63 and, of an ML-DSA-44 key, for
   * extension lines; SIGNER_UNAVAILABLE.
   */
  cosign(noteText: string, timeSeconds: bigint): Promise<SignatureLine>;
  /**
   * Returns the line that says of leaves, without a time, what they hash to, when no checkpoint waits for its own. Absent
   * where the type cannot: Ed25519. Throws NOTE_MALFORMED when they are no subtree, SIGNER_UNAVAILABLE.
   */
  signSubtree?(statement: CosignedSubtree): Promise<SignatureLine>;
  /** Ends the threads, if there are any: what is under way is refused, and so is all that follows. */
  close(): Promise<void>;
}

/** The leaves [start, end) of a log and their hash, 32 bytes. */
export type CosignedSubtree = Pick<SubtreeStatement, 'origin' | 'start' | 'end' | 'hash'>;

/** Length of the seed that either cosigner's key is made of, in bytes. */
export const COSIGNER_SEED_BYTES = 32;

/** Returns the cosigner whose key is made of a seed of 32 bytes. Throws NOTE_MALFORMED for a wrong name, KEY_FILE_INVALID. */
export function ed25519Cosigner(name: string, seed: Uint8Array): Cosigner {
  checkSeed(seed);
  const der = Buffer.concat([ED25519_PKCS8, seed]);
  const privateKey = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' });
  const { x } = createPublicKey(privateKey).export({ format: 'jwk' });
  const publicKey = Uint8Array.from(Buffer.from(x as string, 'base64url'));
  const key = verifierKeyOf({ name, type: SIGNATURE_TYPE.ed25519Cosignature, publicKey });
  return {
    key,
    cosign: async (noteText, timeSeconds) => {
      parseCheckpoint(noteText);
      const signature = sign(null, cosignatureMessage(timeSeconds, noteText), privateKey);
      return lineOf(key, timeSeconds, signature);
    },
    close: async () => {},
  };
}

/** How an ML-DSA-44 cosigner signs. */
export interface Mldsa44Options {
  /** True to sign the same always with the same bytes; else, as FIPS 204 would rather have it, with fresh randomness. */
  readonly isDeterministic?: boolean;
  /** The threads' code. */
  readonly module?: URL;
  /** Most threads at once; default: one a processor, up to four. */
  readonly threads?: number;
}

/**
 * Returns the cosigner whose key is made of a seed of 32 bytes, after some milliseconds of making it. Throws NOTE_MALFORMED
 * for a wrong name, one of more than 255 bytes too, and KEY_FILE_INVALID.
 */
export function mldsa44Cosigner(
  name: string,
  seed: Uint8Array,
  options: Mldsa44Options = {},
): Required<Cosigner> {
  checkSeed(seed);
  if (utf8(name).length > MAX_COSIGNED_NAME_BYTES) {
    const reason = `the name of a cosigner is longer than ${MAX_COSIGNED_NAME_BYTES} bytes`;
    throw new LogError('NOTE_MALFORMED', reason);
  }
  const { publicKey } = mldsa44().keygen(Uint8Array.from(seed));
  const key = verifierKeyOf({ name, type: SIGNATURE_TYPE.mldsa44Cosignature, publicKey });
  return new Mldsa44Cosigner(key, seed, options);
}

// PKCS #8 as far as the seed, which is the rest of it: RFC 8410 section 7.
const ED25519_PKCS8 = Buffer.from('302e020100300506032b657004220420', 'hex');

/** Compiled code alone: a loader of sources does not reach into threads. */
const THREAD_MODULE = new URL('./mldsa44-thread.js', import.meta.url);

/** More would be idle: what is signed for one log comes one after the other. */
const MOST_THREADS = 4;

class Mldsa44Cosigner implements Cosigner {
  readonly key: VerifierKey;
  readonly #threads: SigningThreads;

  constructor(key: VerifierKey, seed: Uint8Array, options: Mldsa44Options) {
    const { isDeterministic = false, module = THREAD_MODULE } = options;
    this.key = key;
    const workerData = { seed: Uint8Array.from(seed), isDeterministic };
    const threads = options.threads ?? Math.min(availableParallelism(), MOST_THREADS);
    this.#threads = new SigningThreads({ module, workerData, threads });
  }

  async cosign(noteText: string, timeSeconds: bigint): Promise<SignatureLine> {
    return this.#sign(checkpointStatement(this.key.name, timeSeconds, noteText), 'first');
  }

  /** Anybody may ask for subtrees, again and again: that must not keep the logs waiting. */
  async signSubtree({ origin, start, end, hash }: CosignedSubtree): Promise<SignatureLine> {
    const { name } = this.key;
    return this.#sign({ cosigner: name, timeSeconds: 0n, origin, start, end, hash }, 'later');
  }

  close(): Promise<void> {
    return this.#threads.close();
  }

  async #sign(statement: SubtreeStatement, turn: SigningTurn): Promise<SignatureLine> {
    const message = subtreeMessage(statement);
    try {
      const signature = await this.#threads.sign(message, turn);
      return lineOf(this.key, statement.timeSeconds, signature);
    } catch (cause) {
      const reason = `the thread of ${this.key.name} is lost or closed`;
      throw new LogError('SIGNER_UNAVAILABLE', reason, { cause });
    }
  }
}

function checkSeed(seed: Uint8Array): void {
  if (seed.length === COSIGNER_SEED_BYTES) return;
  throw new LogError(
    'KEY_FILE_INVALID',
    `the seed of a cosigner has ${seed.length} bytes, not ${COSIGNER_SEED_BYTES}`,
  );
}

function lineOf(key: VerifierKey, timeSeconds: bigint, signature: Uint8Array): SignatureLine {
  const { name, keyID } = key;
  return { name, keyID, signature: printCosignature(timeSeconds, signature) };
}
