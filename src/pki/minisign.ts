/**
 * Keys and signatures of minisign (https://jedisct1.github.io/minisign) and of OpenBSD's signify: Ed25519 behind an
 * algorithm name of two bytes and a key ID of eight.
 *
 * In scope: the forms that Rekor reads, the form that it stores, verification of a file. Out of scope: the trusted
 * comment and its signature, which Rekor drops unread, and the key IDs, which it does not compare.
 */

import { createHash } from 'node:crypto';
import { fromGoBase64, toBase64 } from '../encoding/base64.js';
import { concatBytes, utf8 } from '../encoding/bytes.js';
import { fromGoUtf8 } from '../encoding/go-utf8.js';
import { isLogError, LogError } from '../errors.js';
import { type PublicKey, readPublicKey } from './public-key.js';
import { ed25519KeyInfo } from './subject-public-key.js';
import { verifyTogether } from './verify.js';

/** A key. */
export interface MinisignKey {
  /** The form that Rekor stores: base64 of algorithm, key ID and key. */
  readonly canonical: Uint8Array;
  readonly publicKey: PublicKey;
}

/** A signature. */
export interface MinisignSignature {
  /** The form that Rekor stores: an empty comment, base64 of algorithm, key ID and signature. */
  readonly canonical: Uint8Array;
  /** The 64 bytes. */
  readonly signature: Uint8Array;
  /** True when the BLAKE2b-512 hash of the file is signed, not the file. */
  readonly isPrehashed: boolean;
}

/** Returns the key in `content`: a file of two lines, its second line alone, or 32 bytes. Throws KEY_MALFORMED. */
export function readMinisignKey(content: Uint8Array): MinisignKey {
  const text = fromGoUtf8(content);
  const newline = text.indexOf('\n');
  const octets =
    (newline < 0 ? undefined : decoded(text.slice(newline + 1), KEY_LENGTH)) ??
    decoded(text, KEY_LENGTH) ??
    (content.length === 32 ? concatBytes(BARE_KEY_HEAD, content) : undefined);
  if (octets === undefined) {
    throw new LogError(
      'KEY_MALFORMED',
      'unable to read minisign public key: Invalid encoded public key',
    );
  }
  return {
    canonical: utf8(toBase64(octets)),
    publicKey: readPublicKey(ed25519KeyInfo(octets.subarray(HEAD_LENGTH))),
  };
}

/** Returns the signature in `content`, of minisign or signify. Throws ENTRY_MALFORMED with Rekor's reason. */
export function readMinisignSignature(content: Uint8Array): MinisignSignature {
  const text = fromGoUtf8(content);
  const octets = minisignOctets(text) ?? signifyOctets(text);
  return {
    canonical: utf8(`untrusted comment:\n${toBase64(octets)}`),
    signature: octets.subarray(HEAD_LENGTH),
    isPrehashed: octets[1] === PREHASHED,
  };
}

/** Returns why `signature` by `key` is not over `message`, in Rekor's words; undefined when it is. */
export function minisignSignatureProblem(
  key: MinisignKey,
  signature: MinisignSignature,
  message: Uint8Array,
): string | undefined {
  const signed = signature.isPrehashed
    ? createHash('blake2b512').update(message).digest()
    : message;
  const { publicKey } = key;
  const asked = { key: publicKey, algorithm: 'sha512', message: signed } as const;
  return verifyTogether([{ ...asked, signature: signature.signature }])[0];
}

const HEAD_LENGTH = 2 + 8;
const KEY_LENGTH = HEAD_LENGTH + 32;
const SIGNATURE_LENGTH = HEAD_LENGTH + 64;
/** Algorithm `Ed`, key ID zero. */
const BARE_KEY_HEAD = Uint8Array.of(0x45, 0x64, 0, 0, 0, 0, 0, 0, 0, 0);
/** Second letter of the algorithm `ED`; Rekor looks at no other. */
const PREHASHED = 0x44;

/** Four lines: comment, signature, trusted comment, signature over that. */
function minisignOctets(text: string): Uint8Array | undefined {
  const signature = lineAfter(text, text.indexOf('\n'));
  const trusted = signature && lineAfter(text, signature.end);
  if (signature === undefined || trusted === undefined || trusted.end === text.length) {
    return undefined;
  }
  const isComplete = decoded(text.slice(trusted.end + 1), 64) !== undefined;
  return isComplete ? decoded(signature.text, SIGNATURE_LENGTH) : undefined;
}

/** Two lines: comment, signature. */
function signifyOctets(text: string): Uint8Array {
  const trimmed = withoutFinalNewlines(text);
  const signature = lineAfter(trimmed, trimmed.indexOf('\n'));
  if (signature?.end !== trimmed.length) throw malformed(`${countLines(trimmed)} lines detected`);
  const octets = decoded(signature.text);
  if (octets === undefined) throw malformed('base64 decoding failed');
  if (octets.length !== SIGNATURE_LENGTH) {
    throw malformed(`incorrect size ${octets.length} detected`);
  }
  return octets;
}

/** The line behind the newline at `newline`, without its own; undefined when there is no such newline. */
function lineAfter(text: string, newline: number): { text: string; end: number } | undefined {
  if (newline < 0 || newline === text.length) return undefined;
  const next = text.indexOf('\n', newline + 1);
  const end = next < 0 ? text.length : next;
  return { text: text.slice(newline + 1, end), end };
}

function countLines(text: string): number {
  let count = 1;
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) count++;
  return count;
}

function withoutFinalNewlines(text: string): string {
  let end = text.length;
  while (end > 0 && text[end - 1] === '\n') end--;
  return text.slice(0, end);
}

/** Returns what base64 stands for, undefined for other text or, where a length is given, for another length. */
function decoded(text: string, length?: number): Uint8Array | undefined {
  try {
    const octets = fromGoBase64(text);
    return length === undefined || octets.length === length ? octets : undefined;
  } catch (error) {
    if (isLogError(error)) return undefined;
    throw error;
  }
}

function malformed(reason: string): LogError {
  return new LogError('ENTRY_MALFORMED', `invalid signature provided: ${reason}`);
}
