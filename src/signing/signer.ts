/**
 * The log's own keys: what signs SETs and checkpoints.
 *
 * SETs and checkpoints are signed thus: every ECDSA key, of any curve, signs SHA-256 and answers in DER; RSA is
 * PKCS#1 v1.5 with SHA-256; Ed25519 is pure. An entry of the log's own is signed over a digest that fits the key.
 *
 * In scope: one interface over the key types, and its verifying twin. Out of scope: where keys lie
 * (key-file.ts), which bytes are signed (timestamp.ts, publishing/), other people's keys (pki/).
 * No mutable state.
 */

import { createPublicKey, type KeyObject, sign as signBytes, verify } from 'node:crypto';
import { ed25519ph } from '@noble/curves/ed25519.js';
import { LogError } from '../errors.js';
import { logIDOf } from './log-id.js';

/** The kinds of key that a log can sign with. */
export type SignerAlgorithm = 'ecdsa-p256' | 'ecdsa-p384' | 'ecdsa-p521' | 'ed25519' | 'rsa';

/** A private key that signs. It shows its private half to threads of this process alone. */
export interface Signer {
  readonly algorithm: SignerAlgorithm;
  /** DER SubjectPublicKeyInfo. */
  readonly publicKeyDer: Uint8Array;
  /** PEM `PUBLIC KEY`: 64 columns, trailing newline. */
  readonly publicKeyPem: string;
  /** Lower-case hex SHA-256 of `publicKeyDer`; of the log's key this is the log ID. */
  readonly keyID: string;
  /** The key for another thread of this process to sign with; undefined for one that is kept elsewhere. */
  readonly keyForThreads?: KeyObject;
  /** Returns the signature over `message`. */
  sign(message: Uint8Array): Uint8Array;
  /** Returns the signature over a digest of `message` as a hashedrekord carries it: with Ed25519 it is Ed25519ph. */
  signDigest(message: Uint8Array): DigestSignature;
}

/** Returns the signatures over several messages, in order, made elsewhere: the caller has other things to do. */
export type SignTogether = (messages: readonly Uint8Array[]) => Promise<readonly Uint8Array[]>;

/** A signature over a digest. */
export interface DigestSignature {
  readonly hash: 'sha256' | 'sha384' | 'sha512';
  readonly signature: Uint8Array;
}

/** Smallest RSA modulus that a log may sign with, in bits. */
const LEAST_RSA_BITS = 2048;

/** Returns a signer over a private key. Throws KEY_FILE_INVALID for a key that no log can sign with. */
export function signerFromKey(privateKey: KeyObject): Signer {
  const algorithm = algorithmOf(privateKey);
  const publicKey = createPublicKey(privateKey);
  const publicKeyDer = Uint8Array.from(publicKey.export({ type: 'spki', format: 'der' }));
  const digest = algorithm === 'ed25519' ? null : 'sha256';
  return Object.freeze({
    algorithm,
    publicKeyDer,
    publicKeyPem: publicKey.export({ type: 'spki', format: 'pem' }).toString(),
    keyID: logIDOf(publicKeyDer),
    keyForThreads: privateKey,
    sign: (message: Uint8Array) => signBytes(digest, message, privateKey),
    signDigest: (message: Uint8Array) => signDigest(algorithm, message, privateKey),
  });
}

const ENTRY_HASH = {
  'ecdsa-p256': 'sha256',
  'ecdsa-p384': 'sha384',
  'ecdsa-p521': 'sha512',
  ed25519: 'sha512',
  rsa: 'sha256',
} as const;

function signDigest(
  algorithm: SignerAlgorithm,
  message: Uint8Array,
  privateKey: KeyObject,
): DigestSignature {
  const hash = ENTRY_HASH[algorithm];
  if (algorithm !== 'ed25519') return { hash, signature: signBytes(hash, message, privateKey) };
  // OpenSSL 3.0 has no Ed25519ph.
  const { d } = privateKey.export({ format: 'jwk' });
  const seed = Buffer.from(d as string, 'base64url');
  return { hash, signature: ed25519ph.sign(message, seed) };
}

/**
 * Returns whether `signature` over `message` is one of the log key `publicKeyDer` (DER SubjectPublicKeyInfo).
 * Throws KEY_MALFORMED when the key cannot be read or no log could sign with it.
 */
export function verifyWithKey(
  publicKeyDer: Uint8Array,
  message: Uint8Array,
  signature: Uint8Array,
): boolean {
  const key = readPublicKey(publicKeyDer);
  switch (key.asymmetricKeyType) {
    case 'ed25519':
      return verify(null, message, key, signature);
    case 'ec':
    case 'rsa':
      return verify('sha256', message, key, signature);
    default:
      throw new LogError('KEY_MALFORMED', `no log signs with a ${key.asymmetricKeyType} key`);
  }
}

function readPublicKey(der: Uint8Array): KeyObject {
  try {
    return createPublicKey({ key: Buffer.from(der), format: 'der', type: 'spki' });
  } catch (cause) {
    throw new LogError('KEY_MALFORMED', 'the key is not a DER SubjectPublicKeyInfo', { cause });
  }
}

function algorithmOf(key: KeyObject): SignerAlgorithm {
  const details = key.asymmetricKeyDetails;
  switch (key.asymmetricKeyType) {
    case 'ed25519':
      return 'ed25519';
    case 'ec':
      return algorithmOfCurve(details?.namedCurve);
    case 'rsa':
      if ((details?.modulusLength ?? 0) >= LEAST_RSA_BITS) return 'rsa';
      throw new LogError(
        'KEY_FILE_INVALID',
        `an RSA key of ${details?.modulusLength} bits is below ${LEAST_RSA_BITS}`,
      );
    default:
      throw new LogError(
        'KEY_FILE_INVALID',
        `a log cannot sign with a ${key.asymmetricKeyType} key; use P-256, P-384, P-521, Ed25519 or RSA`,
      );
  }
}

function algorithmOfCurve(curve: string | undefined): SignerAlgorithm {
  if (curve === 'prime256v1') return 'ecdsa-p256';
  if (curve === 'secp384r1') return 'ecdsa-p384';
  if (curve === 'secp521r1') return 'ecdsa-p521';
  throw new LogError('KEY_FILE_INVALID', `a log cannot sign with the curve ${curve}`);
}
