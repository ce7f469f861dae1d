/**
 * COSE_Sign1 (RFC 9052 section 4.2), tagged, and the two algorithms that Rekor verifies: ES256 and PS256.
 *
 * In scope: bytes to a message, the bytes that are signed, the signature. Out of scope: the entry around it.
 */

import { Buffer } from 'node:buffer';
import { constants, createPublicKey, verify } from 'node:crypto';
import { concatBytes, utf8 } from '../../encoding/bytes.js';
import { goQuote } from '../../encoding/go-quote.js';
import { LogError } from '../../errors.js';
import { bigintOf } from '../../pki/curves.js';
import { encodeEcdsaSignature } from '../../pki/ecdsa-signature.js';
import type { PublicKey } from '../../pki/public-key.js';
import { rsaKeyProblem } from '../../pki/rsa-digest.js';
import type { SignatureVerifier } from '../entry-kind.js';
import { rawItem } from './cbor-item.js';
import { checkItem } from './cbor-syntax.js';
import { type CoseHeaders, LABEL, parameter, readByteString, readHeaders } from './headers.js';

/** A message; its signature has not been checked. */
export interface Sign1Message {
  readonly headers: CoseHeaders;
  /** Undefined when it is somewhere else. */
  readonly payload: Uint8Array | undefined;
  readonly signature: Uint8Array;
}

/** A message that carries its payload. */
export type AttachedMessage = Sign1Message & { readonly payload: Uint8Array };

/** The algorithms, by the names that messages have for them. */
export type CoseAlgorithm = 'ES256' | 'PS256';

/** Most bytes of both headers: they are walked over several times. */
export const MAX_HEADERS_LENGTH = 262_144;

/** Returns the message in `bytes`. Throws ENTRY_MALFORMED, ENTRY_TOO_LARGE. */
export function readSign1(bytes: Uint8Array): Sign1Message {
  if (bytes[0] !== TAG_18 || bytes[1] !== LIST_OF_FOUR) {
    throw malformed('cbor: invalid COSE_Sign1_Tagged object');
  }
  const list = bytes.subarray(1);
  checkItem(list, 'forbidden');
  const protectedItem = rawItem(list, 1);
  const unprotectedItem = rawItem(list, protectedItem.end);
  const payload = rawItem(list, unprotectedItem.end);
  if (unprotectedItem.end > MAX_HEADERS_LENGTH) {
    const reason = `COSE headers of ${unprotectedItem.end} bytes exceed ${MAX_HEADERS_LENGTH}`;
    throw new LogError('ENTRY_TOO_LARGE', reason);
  }
  const payloadBytes = readByteString(payload.raw);
  const signature = readByteString(rawItem(list, payload.end).raw);
  if (signature === undefined || signature.length === 0) throw malformed('empty signature');
  const headers = readHeaders(protectedItem.raw, unprotectedItem.raw);
  return { headers, payload: payloadBytes, signature };
}

/** Returns the algorithm that goes with `key`. Throws KEY_MALFORMED with Rekor's reason. */
export function coseAlgorithm(key: PublicKey): CoseAlgorithm {
  switch (key.type) {
    case 'rsa':
      if (key.modulusBits >= 2048) return 'PS256';
      throw new LogError('KEY_MALFORMED', 'RSA key must be at least 2048 bits long');
    case 'ecdsa':
      if (key.curve.name === 'P-256') return 'ES256';
      throw new LogError('KEY_MALFORMED', `unsupported elliptic curve ${key.curve.name}`);
    case 'ed25519':
      throw unsupported('ed25519.PublicKey');
    case 'unsupported':
      throw unsupported(GO_TYPES[key.algorithm] ?? '<nil>');
  }
}

/**
 * Throws unless the protected header names the algorithm of the key; with external data it may name none.
 * ENTRY_MALFORMED.
 */
export function assertAlgorithm(
  { headers }: Sign1Message,
  expected: CoseAlgorithm,
  hasExternalData: boolean,
): void {
  const found = parameter(headers.protected, LABEL.algorithm);
  if (found === undefined) {
    if (hasExternalData) return;
    throw malformed('algorithm not found');
  }
  if (found.kind === 'text') throw malformed(`Algorithm(${goQuote(found.value)})`);
  if (found.kind !== 'integer' || found.value === ALGORITHM_NUMBERS[expected]) return;
  const name = ALGORITHM_NAMES.get(found.value) ?? `Algorithm(${found.value})`;
  throw malformed(`algorithm mismatch: verifier ${expected}: header ${name}`);
}

/** Throws SIGNATURE_INVALID unless `key` made the signature over headers, payload and `externalData`. */
export async function verifySign1(
  { headers, payload, signature }: AttachedMessage,
  externalData: Uint8Array,
  key: PublicKey,
  verifySignatures: SignatureVerifier,
): Promise<void> {
  const signed = concatBytes(
    Uint8Array.of(LIST_OF_FOUR),
    text('Signature1'),
    byteString(headers.protectedBytes),
    byteString(externalData),
    byteString(payload),
  );
  const holds =
    key.type === 'rsa'
      ? await verifyPss(key, signed, signature)
      : await verifyEs256(key, signed, signature, verifySignatures);
  if (!holds) throw new LogError('SIGNATURE_INVALID', 'verification error');
}

const TAG_18 = 0xd2;
const LIST_OF_FOUR = 0x84;

const ALGORITHM_NUMBERS: Readonly<Record<CoseAlgorithm, bigint>> = { ES256: -7n, PS256: -37n };

/** The names that messages have for numbers (IANA, COSE Algorithms). */
const ALGORITHM_NAMES: ReadonlyMap<bigint, string> = new Map([
  [-37n, 'PS256'],
  [-38n, 'PS384'],
  [-39n, 'PS512'],
  [-257n, 'RS256'],
  [-258n, 'RS384'],
  [-259n, 'RS512'],
  [-7n, 'ES256'],
  [-35n, 'ES384'],
  [-36n, 'ES512'],
  [-8n, 'EdDSA'],
  [0n, 'Reserved'],
]);

const GO_TYPES: Readonly<Record<string, string>> = {
  '1.3.101.110': '*ecdh.PublicKey',
  '1.2.840.10040.4.1': '*dsa.PublicKey',
};

/** ECDSA signatures are two integers of 32 bytes each, and nothing else. */
const ES256_SIGNATURE_LENGTH = 64;

async function verifyEs256(
  { der }: PublicKey,
  message: Uint8Array,
  signature: Uint8Array,
  verifySignatures: SignatureVerifier,
): Promise<boolean> {
  if (signature.length !== ES256_SIGNATURE_LENGTH) return false;
  const encoded = encodeEcdsaSignature({
    r: bigintOf(signature.subarray(0, 32)),
    s: bigintOf(signature.subarray(32)),
  });
  const [verdict] = await verifySignatures([
    { over: 'message', message, hash: 'sha256', key: der, signature: encoded },
  ]);
  return verdict === undefined;
}

function verifyPss(
  key: PublicKey & { type: 'rsa' },
  message: Uint8Array,
  signature: Uint8Array,
): Promise<boolean> {
  const { modulus, modulusBits, exponent } = key;
  const isUsable = rsaKeyProblem(modulus, modulusBits, exponent) === undefined;
  if (!isUsable || signature.length !== modulus.length) return Promise.resolve(false);
  return new Promise((resolve) => {
    try {
      const options = {
        key: createPublicKey({ format: 'der', type: 'spki', key: Buffer.from(key.der) }),
        padding: constants.RSA_PKCS1_PSS_PADDING,
        saltLength: 32,
      };
      verify('sha256', message, options, signature, (error, holds) => {
        // An error is OpenSSL's word for a key that it does not take: such a key verifies nothing.
        resolve(error === null && holds);
      });
    } catch {
      resolve(false);
    }
  });
}

function text(value: string): Uint8Array {
  const bytes = utf8(value);
  return concatBytes(Uint8Array.of(0x60 + bytes.length), bytes);
}

function byteString(bytes: Uint8Array): Uint8Array {
  const { length } = bytes;
  if (length < 24) return concatBytes(Uint8Array.of(0x40 + length), bytes);
  if (length < 256) return concatBytes(Uint8Array.of(0x58, length), bytes);
  const head = new DataView(new ArrayBuffer(length < 65_536 ? 3 : 5));
  head.setUint8(0, length < 65_536 ? 0x59 : 0x5a);
  if (length < 65_536) head.setUint16(1, length);
  else head.setUint32(1, length);
  return concatBytes(new Uint8Array(head.buffer), bytes);
}

function unsupported(type: string): LogError {
  return new LogError('KEY_MALFORMED', `unsupported algorithm type ${type}`);
}

function malformed(reason: string): LogError {
  return new LogError('ENTRY_MALFORMED', reason);
}
