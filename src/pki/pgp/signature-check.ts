/**
 * One OpenPGP signature checked with one key, by node:crypto: RSA PKCS#1 v1.5, DSA, ECDSA, EdDSA.
 *
 * In scope: numbers and their bounds. Out of scope: whether the key may sign (entity.ts, signature.ts). Owns a
 * cache of imported public keys, which lives as long as the ring that they belong to.
 */

import { Buffer } from 'node:buffer';
import { createHash, createPublicKey, createVerify, type KeyObject, verify } from 'node:crypto';
import { concatBytes } from '../../encoding/bytes.js';
import { DER_TAG, encodeElement } from '../../encoding/der.js';
import { rsaKeyProblem } from '../rsa-digest.js';
import { ALGORITHM } from './algorithms.js';
import type { KeyMaterial, KeyPacket } from './key-packet.js';
import { hashTrailer, type SignaturePacket } from './signature-packet.js';

/** Longest RSA modulus, bytes: OpenSSL takes no longer one. */
const MAX_RSA_MODULUS = 2048;
/** Longest DSA modulus, bytes: that of FIPS 186-4. Time grows with its square. */
const MAX_DSA_MODULUS = 384;

/** Returns why `signature` by `key` over the signed parts does not verify, undefined when it does. */
export function signatureProblem(
  key: KeyPacket,
  signature: SignaturePacket,
  signed: readonly Uint8Array[],
): string | undefined {
  if (CANNOT_SIGN.has(key.algorithm)) {
    return 'openpgp: invalid argument: public key cannot generate signatures';
  }
  const parts = [signature.salt, ...signed, hashTrailer(signature)];
  if (signature.version === 6 && !hasHashTag(signature, parts)) {
    return "openpgp: invalid signature: hash tag doesn't match";
  }
  if (key.algorithm !== signature.algorithm) {
    return 'openpgp: invalid argument: public key and signature use different algorithms';
  }
  if (holds(key.material, signature, parts)) return undefined;
  return `openpgp: invalid signature: ${FAILURES.get(key.algorithm) ?? 'Unsupported public key algorithm used in signature'}`;
}

const CANNOT_SIGN: ReadonlySet<number> = new Set([
  ALGORITHM.rsaEncryptOnly,
  ALGORITHM.elgamal,
  ALGORITHM.ecdh,
]);

const FAILURES: ReadonlyMap<number, string> = new Map([
  [ALGORITHM.rsa, 'RSA verification failure'],
  [ALGORITHM.rsaSignOnly, 'RSA verification failure'],
  [ALGORITHM.dsa, 'DSA verification failure'],
  [ALGORITHM.ecdsa, 'ECDSA verification failure'],
  [ALGORITHM.eddsaLegacy, 'EdDSA verification failure'],
  [ALGORITHM.ed25519, 'Ed25519 verification failure'],
  [ALGORITHM.ed448, 'ed448 verification failure'],
]);

function hasHashTag(signature: SignaturePacket, parts: readonly Uint8Array[]): boolean {
  const digest = digestOf(signature.hash, parts);
  return digest[0] === signature.hashTag[0] && digest[1] === signature.hashTag[1];
}

function digestOf(hash: string, parts: readonly Uint8Array[]): Uint8Array {
  const hasher = createHash(hash);
  for (const part of parts) hasher.update(part);
  return hasher.digest();
}

function holds(
  material: KeyMaterial,
  signature: SignaturePacket,
  parts: readonly Uint8Array[],
): boolean {
  try {
    switch (material.type) {
      case 'rsa':
        return holdsRsa(material, signature, parts);
      case 'dsa':
      case 'ecdsa': {
        const value = encodeElement(DER_TAG.sequence, ...signature.values.map(derInteger));
        return isVerified(signature, parts, imported(material), value);
      }
      case 'ed25519':
      case 'ed448': {
        const value = edwardsSignature(material.type, signature);
        if (value === undefined) return false;
        return verify(null, digestOf(signature.hash, parts), imported(material), value);
      }
      case 'encryption':
        return false;
    }
  } catch {
    // OpenSSL refuses a key that no signature can be checked with: it verifies nothing.
    return false;
  }
}

function isVerified(
  signature: SignaturePacket,
  parts: readonly Uint8Array[],
  key: KeyObject,
  value: Uint8Array,
): boolean {
  const verifier = createVerify(signature.hash);
  for (const part of parts) verifier.update(part);
  return verifier.verify(key, value);
}

function holdsRsa(
  material: KeyMaterial & { type: 'rsa' },
  signature: SignaturePacket,
  parts: readonly Uint8Array[],
): boolean {
  const modulus = withoutLeadingZeros(material.n);
  const exponent = material.e.reduce((number, octet) => number * 256 + octet, 0);
  const bits = modulus.length * 8 - Math.clz32(modulus[0] ?? 0) + 24;
  if (modulus.length === 0 || modulus.length > MAX_RSA_MODULUS) return false;
  if (rsaKeyProblem(modulus, bits, exponent) !== undefined) return false;
  const value = signature.values[0] as Uint8Array;
  // OpenPGP drops leading zeros of the number; the padding scheme wants them.
  if (value.length > modulus.length) return false;
  const padded = new Uint8Array(modulus.length);
  padded.set(value, modulus.length - value.length);
  return isVerified(signature, parts, imported(material), padded);
}

const OID_DSA = Uint8Array.of(0x2a, 0x86, 0x48, 0xce, 0x38, 0x04, 0x01);
const OID_EC_KEY = Uint8Array.of(0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01);

/** Imported keys: one key of a ring has all its self-signatures to check. They go when the ring goes. */
const importedKeys = new WeakMap<KeyMaterial, KeyObject>();

/** Returns the key for node:crypto. Throws for one that OpenSSL refuses. */
function imported(material: SigningMaterial): KeyObject {
  const known = importedKeys.get(material);
  if (known !== undefined) return known;
  const key = importKey(material);
  importedKeys.set(material, key);
  return key;
}

type SigningMaterial = Exclude<KeyMaterial, { type: 'encryption' }>;

function importKey(material: SigningMaterial): KeyObject {
  switch (material.type) {
    case 'rsa': {
      const [n, e] = [material.n, material.e].map(withoutLeadingZeros).map(base64url);
      return createPublicKey({ format: 'jwk', key: { kty: 'RSA', n: n ?? '', e: e ?? '' } });
    }
    case 'dsa':
      return dsaKey(material);
    case 'ecdsa':
      return ecdsaKey(material);
    default:
      return edwardsKey(material);
  }
}

function dsaKey({ p, q, g, y }: KeyMaterial & { type: 'dsa' }): KeyObject {
  if (Math.max(p.length, q.length, g.length, y.length) > MAX_DSA_MODULUS) {
    throw new RangeError(`DSA number is longer than ${MAX_DSA_MODULUS} bytes`);
  }
  const parameters = encodeElement(DER_TAG.sequence, derInteger(p), derInteger(q), derInteger(g));
  return subjectPublicKey(OID_DSA, parameters, derInteger(y));
}

function ecdsaKey({ oid, point }: KeyMaterial & { type: 'ecdsa' }): KeyObject {
  return subjectPublicKey(OID_EC_KEY, encodeElement(DER_TAG.oid, oid), point);
}

function subjectPublicKey(
  algorithm: Uint8Array,
  parameters: Uint8Array,
  publicKey: Uint8Array,
): KeyObject {
  const der = encodeElement(
    DER_TAG.sequence,
    encodeElement(DER_TAG.sequence, encodeElement(DER_TAG.oid, algorithm), parameters),
    encodeElement(DER_TAG.bitString, Uint8Array.of(0), publicKey),
  );
  return createPublicKey({ key: Buffer.from(der), format: 'der', type: 'spki' });
}

function edwardsKey({ type, point }: KeyMaterial & { type: 'ed25519' | 'ed448' }): KeyObject {
  const crv = type === 'ed25519' ? 'Ed25519' : 'Ed448';
  return createPublicKey({ format: 'jwk', key: { kty: 'OKP', crv, x: base64url(point) } });
}

/** The signature in its fixed length: the old form has it in two numbers, for Ed448 all in the first. */
function edwardsSignature(
  type: 'ed25519' | 'ed448',
  { algorithm, values }: SignaturePacket,
): Uint8Array | undefined {
  const [first, second] = values as [Uint8Array, Uint8Array | undefined];
  if (algorithm !== ALGORITHM.eddsaLegacy || second === undefined) return first;
  if (type === 'ed448') return first.length === 115 ? first.subarray(1) : undefined;
  if (first.length > 32 || second.length > 32) return undefined;
  const value = new Uint8Array(64);
  value.set(first, 32 - first.length);
  value.set(second, 64 - second.length);
  return value;
}

function withoutLeadingZeros(bytes: Uint8Array): Uint8Array {
  let at = 0;
  while (at < bytes.length && bytes[at] === 0) at++;
  return bytes.subarray(at);
}

function derInteger(bytes: Uint8Array): Uint8Array {
  const digits = withoutLeadingZeros(bytes);
  const sign = ((digits[0] ?? 0x80) & 0x80) === 0 ? new Uint8Array(0) : Uint8Array.of(0);
  return encodeElement(DER_TAG.integer, concatBytes(sign, digits));
}

function base64url(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64url');
}
