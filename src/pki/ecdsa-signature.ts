/**
 * Encodings of ECDSA signatures as Rekor takes them.
 *
 * Bytes that start with an ASN.1 sequence of two integers are that, and then have to be strict DER (no
 * trailing bytes, no negative number). Anything else of an even length up to 132 is a pair of integers of
 * the same width, r ‖ s, whatever the curve. High s is not refused: a signature is stored as it was sent.
 *
 * In scope: bytes to integers, with Rekor's reasons. Out of scope: verification (ecdsa-digest.ts).
 */

import { Buffer } from 'node:buffer';
import { concatBytes } from '../encoding/bytes.js';
import { bigintOf } from './curves.js';
import type { EcdsaSignature } from './ecdsa-digest.js';

/** A signature as read: the integers, none when DER rules are broken, and what to say on a failure. */
export interface ReadSignature {
  readonly value: EcdsaSignature | undefined;
  /** Rekor's reason when `value` does not verify, or is not there. */
  readonly failure: string;
}

const NOT_FIXED_WIDTH = 'ecdsa: Invalid IEEE_P1363 encoded bytes';
const BAD_FIXED_WIDTH = 'invalid signature when validating IEEE_P1363 encoded signature';
const BAD_DER = 'invalid signature when validating ASN.1 encoded signature';

/** Two 66-byte integers, the widest that P-521 needs. */
const MAX_FIXED_WIDTH_LENGTH = 132;

/** Returns the integers of `signature` in either encoding, with Rekor's reason for a failure. */
export function readEcdsaSignature(signature: Uint8Array): ReadSignature {
  const integers = readIntegerPair(signature);
  if (integers !== undefined) {
    const { r, s, strict } = integers;
    const positive = (r[0] as number) < 0x80 && (s[0] as number) < 0x80;
    return {
      value: strict && positive ? { r: bigintOf(r), s: bigintOf(s) } : undefined,
      failure: BAD_DER,
    };
  }
  const length = signature.length;
  if (length === 0 || length > MAX_FIXED_WIDTH_LENGTH || length % 2 !== 0) {
    return { value: undefined, failure: NOT_FIXED_WIDTH };
  }
  return {
    value: {
      r: bigintOf(signature.subarray(0, length / 2)),
      s: bigintOf(signature.subarray(length / 2)),
    },
    failure: BAD_FIXED_WIDTH,
  };
}

/** Returns the DER form of a signature, for interfaces that take no other. */
export function encodeEcdsaSignature({ r, s }: EcdsaSignature): Uint8Array {
  const body = concatBytes(derInteger(r), derInteger(s));
  const header = body.length < 128 ? [0x30, body.length] : [0x30, 0x81, body.length];
  return concatBytes(Uint8Array.from(header), body);
}

interface IntegerPair {
  readonly r: Uint8Array;
  readonly s: Uint8Array;
  /** False when something follows the second integer or the sequence. */
  readonly strict: boolean;
}

function readIntegerPair(signature: Uint8Array): IntegerPair | undefined {
  const sequence = readElement(signature, 0, 0x30);
  if (sequence === undefined) return undefined;
  const first = readElement(sequence.content, 0, 0x02);
  if (first === undefined || !isMinimalInteger(first.content)) return undefined;
  const second = readElement(sequence.content, first.end, 0x02);
  if (second === undefined || !isMinimalInteger(second.content)) return undefined;
  return {
    r: first.content,
    s: second.content,
    strict: second.end === sequence.content.length && sequence.end === signature.length,
  };
}

function readElement(
  bytes: Uint8Array,
  at: number,
  tag: number,
): { content: Uint8Array; end: number } | undefined {
  if (bytes[at] !== tag) return undefined;
  let length = bytes[at + 1];
  if (length === undefined) return undefined;
  let from = at + 2;
  if (length >= 0x80) {
    const width = length - 0x80;
    if (width === 0 || width > 4 || bytes[from] === 0) return undefined;
    length = 0;
    for (let i = 0; i < width; i++) length = length * 256 + (bytes[from + i] ?? Number.NaN);
    // A length that fits the short form must use it; NaN (the bytes end) fails every comparison.
    if (!(length >= 0x80)) return undefined;
    from += width;
  }
  const end = from + length;
  return end <= bytes.length ? { content: bytes.subarray(from, end), end } : undefined;
}

function isMinimalInteger(content: Uint8Array): boolean {
  const first = content[0];
  const second = content[1];
  if (first === undefined) return false;
  if (second === undefined) return true;
  return !(first === 0x00 && second < 0x80) && !(first === 0xff && second >= 0x80);
}

function derInteger(value: bigint): Uint8Array {
  const digits = value.toString(16);
  const magnitude = Buffer.from(digits.length % 2 === 0 ? digits : `0${digits}`, 'hex');
  const sign = (magnitude[0] as number) >= 0x80 ? [0] : [];
  return Uint8Array.from([0x02, magnitude.length + sign.length, ...sign, ...magnitude]);
}
