/**
 * Verification of one signature by one public key, with the reasons that Rekor gives: RSA PKCS#1 v1.5, ECDSA in DER
 * or fixed width, Ed25519 over messages and Ed25519ph over digests.
 *
 * In scope: the choice of algorithm by key, native code wherever there is some. Out of scope: which key
 * and what bytes (entries/). Owns a small cache of imported keys; it holds nothing but public keys.
 */

import { Buffer } from 'node:buffer';
import { createHash, createPublicKey, type KeyObject, verify } from 'node:crypto';
import { LogError } from '../errors.js';
import type { Curve } from './curves.js';
import { DIGEST_LENGTH, DIGEST_TITLE, type DigestAlgorithm } from './digest-algorithm.js';
import { type EcdsaCheck, verifyEcdsaDigests } from './ecdsa-digest.js';
import { encodeEcdsaSignature, readEcdsaSignature } from './ecdsa-signature.js';
import { ed25519phProblem } from './ed25519ph.js';
import { KeyCache } from './key-cache.js';
import type { PublicKey } from './public-key.js';
import { rsaKeyProblem, verifyRsaDigest } from './rsa-digest.js';

/** Why a signature does not verify, in Rekor's words; undefined when it does. */
export type Verdict = string | undefined;

const RSA_FAILURE = 'crypto/rsa: verification error';
const UNSUPPORTED = 'unsupported public key type';

/** A signature over a digest. */
export interface DigestSignature {
  readonly key: PublicKey;
  /** What the digest was made with. */
  readonly algorithm: DigestAlgorithm;
  readonly digest: Uint8Array;
  readonly signature: Uint8Array;
}

/**
 * Returns the verdicts on `signatures`, in order; those with keys of one curve cost less together. Never throws for a
 * bad one.
 */
export function verifyDigestSignatures(signatures: readonly DigestSignature[]): Verdict[] {
  const byCurve = new Map<Curve, EcdsaCheckOf[]>();
  const verdicts: Verdict[] = [];
  for (const [at, { key, algorithm, digest, signature }] of signatures.entries()) {
    if (key.type === 'ecdsa' && digest.length === DIGEST_LENGTH[algorithm]) {
      const read = readEcdsaSignature(signature);
      verdicts[at] = read.failure;
      if (read.value === undefined) continue;
      const ofCurve = byCurve.get(key.curve) ?? [];
      byCurve.set(key.curve, ofCurve);
      ofCurve.push({ at, point: key.point, digest, signature: read.value });
    } else verdicts[at] = aloneVerdict(key, algorithm, digest, signature);
  }
  for (const [curve, checks] of byCurve) {
    const holds = verifyEcdsaDigests(curve, checks);
    for (const [i, { at }] of checks.entries()) if (holds[i] === true) verdicts[at] = undefined;
  }
  return verdicts;
}

interface EcdsaCheckOf extends EcdsaCheck {
  /** Which signature it belongs to. */
  readonly at: number;
}

/** The verdict where nothing is gained by company. */
function aloneVerdict(
  key: PublicKey,
  algorithm: DigestAlgorithm,
  digest: Uint8Array,
  signature: Uint8Array,
): Verdict {
  if (key.type === 'unsupported') return UNSUPPORTED;
  if (key.type === 'ed25519' && algorithm !== 'sha512') {
    return `unsupported hash algorithm: "${DIGEST_TITLE[algorithm]}" not in [SHA-512]`;
  }
  if (digest.length !== DIGEST_LENGTH[algorithm] || key.type === 'ecdsa') {
    return 'unexpected length of digest for hash function specified';
  }
  if (key.type === 'ed25519') {
    const problem = ed25519phProblem(key.key, digest, signature);
    return problem === undefined ? undefined : `failed to verify signature: ${problem}`;
  }
  const problem = rsaKeyProblem(key.modulus, key.modulusBits, key.exponent);
  if (problem !== undefined) return problem;
  const native = importKey(key);
  if (native === undefined) return RSA_FAILURE;
  const { length } = key.modulus;
  return verifyRsaDigest(native, length, algorithm, digest, signature) ? undefined : RSA_FAILURE;
}

/**
 * Returns the verdict on `signature` over `message`. RSA and ECDSA hash it with `algorithm`, Ed25519 signs
 * the message itself. The work runs in Node's thread pool. Never rejects for a bad signature.
 */
export async function verifyMessageSignature(
  key: PublicKey,
  algorithm: DigestAlgorithm,
  message: Uint8Array,
  signature: Uint8Array,
): Promise<Verdict> {
  switch (key.type) {
    case 'unsupported':
      return UNSUPPORTED;
    case 'rsa': {
      const problem = rsaKeyProblem(key.modulus, key.modulusBits, key.exponent);
      if (problem !== undefined) return problem;
      if (signature.length !== key.modulus.length) return RSA_FAILURE;
      return (await verifyNatively(algorithm, message, key, signature)) ? undefined : RSA_FAILURE;
    }
    case 'ecdsa': {
      const read = readEcdsaSignature(signature);
      if (read.value === undefined) return read.failure;
      // One encoding for both: what was fixed-width becomes the DER that OpenSSL reads.
      const encoded = encodeEcdsaSignature(read.value);
      return (await verifyNatively(algorithm, message, key, encoded)) ? undefined : read.failure;
    }
    case 'ed25519': {
      const holds =
        signature.length === 64 && (await verifyNatively(null, message, key, signature));
      return holds ? undefined : 'failed to verify signature';
    }
  }
}

/** Imported keys: signers with one key for years are common, and so are keys that are used once. */
const importedKeys = new KeyCache<KeyObject>(2048);

function importKey(key: PublicKey): KeyObject | undefined {
  const name = createHash('sha256').update(key.der).digest('base64');
  const known = importedKeys.get(name);
  if (known !== undefined) return known;
  try {
    const imported = createPublicKey(importOptions(key));
    importedKeys.set(name, imported);
    return imported;
  } catch {
    // OpenSSL refuses numbers that Go's parser takes; such a key verifies nothing.
    return undefined;
  }
}

/** JWK where it is the cheaper way in: it spares OpenSSL's decoder search, half of the cost for ECDSA. */
function importOptions(key: PublicKey): Parameters<typeof createPublicKey>[0] {
  if (key.type === 'ecdsa' && key.curve.name !== 'P-224') {
    const { fieldLength, name } = key.curve;
    return {
      format: 'jwk',
      key: {
        kty: 'EC',
        crv: name,
        x: base64Url(key.point.subarray(1, 1 + fieldLength)),
        y: base64Url(key.point.subarray(1 + fieldLength)),
      },
    };
  }
  return { format: 'der', type: 'spki', key: Buffer.from(key.der) };
}

function base64Url(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('base64url');
}

function verifyNatively(
  algorithm: DigestAlgorithm | null,
  message: Uint8Array,
  key: PublicKey,
  signature: Uint8Array,
): Promise<boolean> {
  const imported = importKey(key);
  if (imported === undefined) return Promise.resolve(false);
  return new Promise((resolve, reject) => {
    verify(algorithm, message, imported, signature, (error, holds) => {
      // A malformed signature is a verdict (false); an error here is the library's.
      if (error) reject(new LogError('SIGNATURE_INVALID', 'verification failed', { cause: error }));
      else resolve(holds);
    });
  });
}
