/**
 * SubjectPublicKeyInfo (RFC 5280 section 4.1.2.7) around keys that come as bare numbers: SSH, minisign.
 *
 * In scope: numbers to DER. Out of scope: reading DER (public-key.ts), and whether the numbers make a good key.
 */

import { DER_TAG, encodeElement } from '../encoding/der.js';
import type { Curve } from './curves.js';

/** Returns the DER of an Ed25519 key of 32 bytes (RFC 8410). */
export function ed25519KeyInfo(key: Uint8Array): Uint8Array {
  return keyInfo(OID.ed25519, [], key);
}

/** Returns the DER of an ECDSA key: `point` is 0x04 ‖ x ‖ y (RFC 5480). */
export function ecdsaKeyInfo(curve: Curve, point: Uint8Array): Uint8Array {
  return keyInfo(OID.ecdsa, [encodeElement(DER_TAG.oid, dottedToDer(curve.oid))], point);
}

/** Returns the DER of an RSA key: `modulus` is unsigned, `exponent` below 2^31 (RFC 3279 section 2.3.1). */
export function rsaKeyInfo(modulus: Uint8Array, exponent: number): Uint8Array {
  const octets = Uint8Array.of(exponent >>> 24, exponent >>> 16, exponent >>> 8, exponent);
  const numbers = encodeElement(DER_TAG.sequence, integer(modulus), integer(octets));
  return keyInfo(OID.rsa, [encodeElement(DER_TAG.null)], numbers);
}

/** Returns the DER of a DSA key, all four numbers unsigned (RFC 3279 section 2.3.2). */
export function dsaKeyInfo(p: Uint8Array, q: Uint8Array, g: Uint8Array, y: Uint8Array): Uint8Array {
  const parameters = encodeElement(DER_TAG.sequence, integer(p), integer(q), integer(g));
  return keyInfo(OID.dsa, [parameters], integer(y));
}

const OID = {
  ed25519: '1.3.101.112',
  ecdsa: '1.2.840.10045.2.1',
  rsa: '1.2.840.113549.1.1.1',
  dsa: '1.2.840.10040.4.1',
} as const;

function keyInfo(oid: string, parameters: readonly Uint8Array[], key: Uint8Array): Uint8Array {
  const algorithm = encodeElement(DER_TAG.oid, dottedToDer(oid));
  return encodeElement(
    DER_TAG.sequence,
    encodeElement(DER_TAG.sequence, algorithm, ...parameters),
    encodeElement(DER_TAG.bitString, Uint8Array.of(0), key),
  );
}

function integer(unsigned: Uint8Array): Uint8Array {
  let start = 0;
  while (start < unsigned.length && unsigned[start] === 0) start++;
  const magnitude = unsigned.subarray(start);
  const needsSign = magnitude.length === 0 || (magnitude[0] as number) >= 0x80;
  return encodeElement(DER_TAG.integer, Uint8Array.from(needsSign ? [0] : []), magnitude);
}

function dottedToDer(oid: string): Uint8Array {
  const [first = 0, second = 0, ...rest] = oid.split('.').map(Number);
  const octets: number[] = [];
  for (const arc of [first * 40 + second, ...rest]) {
    const digits = [arc & 0x7f];
    for (let left = arc >>> 7; left > 0; left >>>= 7) digits.unshift(0x80 | (left & 0x7f));
    octets.push(...digits);
  }
  return Uint8Array.from(octets);
}
