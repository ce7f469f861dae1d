/**
 * Values in DER (ITU-T X.690), written: the other direction of encoding/der.ts, as far as tokens and certificates
 * need it.
 *
 * In scope: one value in, its whole element out. Out of scope: what the elements mean. No state.
 */

import { compareBytes } from '../encoding/bytes.js';
import { DER_TAG, encodeElement } from '../encoding/der.js';
import { LogError } from '../errors.js';

/** Returns a SEQUENCE of these elements. */
export function sequence(...elements: readonly Uint8Array[]): Uint8Array {
  return encodeElement(DER_TAG.sequence, ...elements);
}

/** Returns a SET OF these elements, in the order that DER wants. */
export function setOf(...elements: readonly Uint8Array[]): Uint8Array {
  return encodeElement(DER_TAG.set, ...sorted(elements));
}

/** Returns the elements in the order of a SET OF in DER. */
export function sorted(elements: readonly Uint8Array[]): Uint8Array[] {
  return [...elements].sort(compareBytes);
}

/** Returns the constructed element with context tag `number` around these elements. */
export function tagged(number: number, ...elements: readonly Uint8Array[]): Uint8Array {
  return encodeElement(0xa0 | number, ...elements);
}

/** Returns an INTEGER. */
export function integer(value: number | bigint): Uint8Array {
  return integerOf(integerContent(BigInt(value)));
}

/** Returns an INTEGER with this content, which must be in its shortest form. */
export function integerOf(content: Uint8Array): Uint8Array {
  return encodeElement(DER_TAG.integer, content);
}

/** Returns the content of an INTEGER: two's complement, as short as it can be. */
export function integerContent(value: bigint): Uint8Array {
  const magnitude = value < 0n ? ~value : value;
  const bits = magnitude === 0n ? 0 : magnitude.toString(2).length;
  // One bit more, for the sign.
  const octets = Math.floor(bits / 8) + 1;
  const hex = BigInt.asUintN(octets * 8, value).toString(16);
  return Uint8Array.from(Buffer.from(hex.padStart(octets * 2, '0'), 'hex'));
}

/**
 * Returns a positive INTEGER made of these random octets, of which two bits are given up: so it is never zero, and
 * always as long as they are.
 */
export function randomInteger(random: Uint8Array): Uint8Array {
  const content = Uint8Array.from(random);
  content[0] = ((content[0] as number) & 0x3f) | 0x40;
  return integerOf(content);
}

/** Returns the BOOLEAN that is true. */
export function booleanTrue(): Uint8Array {
  return encodeElement(DER_TAG.boolean, Uint8Array.of(0xff));
}

/** Returns a NULL. */
export function nullValue(): Uint8Array {
  return encodeElement(DER_TAG.null);
}

/** Returns an OCTET STRING. */
export function octetString(content: Uint8Array): Uint8Array {
  return encodeElement(DER_TAG.octetString, content);
}

/** Returns a BIT STRING; the last `unusedBits` bits do not count. */
export function bitString(content: Uint8Array, unusedBits = 0): Uint8Array {
  return encodeElement(DER_TAG.bitString, Uint8Array.of(unusedBits), content);
}

/** Returns a UTF8String. */
export function utf8String(text: string): Uint8Array {
  return encodeElement(DER_TAG.utf8String, Buffer.from(text, 'utf8'));
}

/** Returns an OBJECT IDENTIFIER from dotted decimal. Throws ENCODING_MALFORMED for what is none. */
export function oid(dotted: string): Uint8Array {
  const arcs = dotted.split('.').map(arcOf);
  const [first, second, ...others] = arcs;
  if (first === undefined || second === undefined || first > 2n || (first < 2n && second > 39n)) {
    throw notAnOid(dotted);
  }
  const octets = [first * 40n + second, ...others].flatMap(base128);
  return encodeElement(DER_TAG.oid, Uint8Array.from(octets));
}

/** Returns an AlgorithmIdentifier. */
export function algorithm(dotted: string, ...parameters: readonly Uint8Array[]): Uint8Array {
  return sequence(oid(dotted), ...parameters);
}

/** Returns a GeneralizedTime of whole seconds in UTC. */
export function generalizedTime(seconds: number): Uint8Array {
  return encodeElement(DER_TAG.generalizedTime, Buffer.from(`${digitsOf(seconds)}Z`, 'latin1'));
}

/** Returns the Time of certificates and signing times: UTCTime up to 2049, GeneralizedTime after it. */
export function timeOf(seconds: number): Uint8Array {
  if (seconds >= YEAR_2050) return generalizedTime(seconds);
  return encodeElement(DER_TAG.utcTime, Buffer.from(`${digitsOf(seconds).slice(2)}Z`, 'latin1'));
}

const YEAR_2050 = Date.UTC(2050, 0) / 1000;

/** Longest arc that is read, in digits: 128 bits have 39. */
const MAX_ARC_DIGITS = 39;

function arcOf(text: string, _at: number, all: readonly string[]): bigint {
  if (text.length > MAX_ARC_DIGITS || !/^(?:0|[1-9]\d*)$/.test(text)) throw notAnOid(all.join('.'));
  return BigInt(text);
}

function notAnOid(dotted: string): LogError {
  const shown = JSON.stringify(dotted.slice(0, 64));
  return new LogError('ENCODING_MALFORMED', `${shown} is not an object identifier`);
}

function base128(arc: bigint): number[] {
  const octets = [Number(arc & 0x7fn)];
  for (let left = arc >> 7n; left > 0n; left >>= 7n) octets.unshift(Number(left & 0x7fn) | 0x80);
  return octets;
}

/** YYYYMMDDHHMMSS. */
function digitsOf(seconds: number): string {
  return new Date(seconds * 1000).toISOString().slice(0, 19).replace(/\D/g, '');
}
