/**
 * Verification of one signature by one public key, with the reasons that Rekor gives: RSA PKCS#1 v1.5, ECDSA in DER
 * or fixed width, Ed25519 over messages and Ed25519ph over digests.
 *
 * In scope: the choice of algorithm by key, native code wherever there is some. Out of scope: which key
 * and what bytes (entries/). Owns a small cache of keys met lately; it holds nothing but public keys.
 */

import { Buffer } from 'node:buffer';
import { createPublicKey, hash, type KeyObject, verify } from 'node:crypto';
import { BoundedCache } from '../caching/bounded-cache.js';
import type { Curve } from './curves.js';
import { DIGEST_LENGTH, DIGEST_TITLE, type DigestAlgorithm } from './digest-algorithm.js';
import { type EcdsaCheck, verifyEcdsaDigests } from './ecdsa-digest.js';
import { encodeEcdsaSignature, readEcdsaSignature } from './ecdsa-signature.js';
import { ed25519phProblem } from './ed25519ph.js';
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

/** A signature over a message. */
export interface MessageSignature {
  readonly key: PublicKey;
  /** What the message is hashed with; an Ed25519 key signs the message itself. */
  readonly algorithm: DigestAlgorithm;
  readonly message: Uint8Array;
  readonly signature: Uint8Array;
}

/**
 * Returns the verdicts on `signatures`, in order; ECDSA over digests, and over messages by P-256 keys not met before,
 * costs less together. Never throws for a bad one.
 */
export function verifyTogether(
  signatures: readonly (DigestSignature | MessageSignature)[],
): Verdict[] {
  const asked = signatures.map((each) =>
    'message' in each && isNewP256Key(each.key) ? overDigestOf(each) : each,
  );
  const overDigests = verifyDigestSignatures(asked.filter((each) => 'digest' in each));
  let next = 0;
  return asked.map((each) => ('digest' in each ? overDigests[next++] : messageVerdict(each)));
}

function verifyDigestSignatures(signatures: readonly DigestSignature[]): Verdict[] {
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

function messageVerdict({ key, algorithm, message, signature }: MessageSignature): Verdict {
  switch (key.type) {
    case 'unsupported':
      return UNSUPPORTED;
    case 'rsa': {
      const problem = rsaKeyProblem(key.modulus, key.modulusBits, key.exponent);
      if (problem !== undefined) return problem;
      const holds =
        signature.length === key.modulus.length &&
        verifyNatively(algorithm, message, key, signature);
      return holds ? undefined : RSA_FAILURE;
    }
    case 'ecdsa': {
      const read = readEcdsaSignature(signature);
      if (read.value === undefined) return read.failure;
      // One encoding for both: what was fixed-width becomes the DER that OpenSSL reads.
      const encoded = encodeEcdsaSignature(read.value);
      return verifyNatively(algorithm, message, key, encoded) ? undefined : read.failure;
    }
    case 'ed25519': {
      const holds = signature.length === 64 && verifyNatively(null, message, key, signature);
      return holds ? undefined : 'failed to verify signature';
    }
  }
}

function verifyNatively(
  algorithm: DigestAlgorithm | null,
  message: Uint8Array,
  key: PublicKey,
  signature: Uint8Array,
): boolean {
  const imported = importKey(key);
  try {
    return imported !== undefined && verify(algorithm, message, imported, signature);
  } catch {
    // A malformed signature is no error to OpenSSL; what is one, verifies nothing.
    return false;
  }
}

function overDigestOf({ key, algorithm, message, signature }: MessageSignature): DigestSignature {
  return { key, algorithm, digest: hash(algorithm, message, 'buffer'), signature };
}

/** Keys met lately, imported if need be: signers with one key for years are common, and so are keys that are used once. */
const metKeys = new BoundedCache<string, KeyObject | 'not imported'>(4096, () => 1);

/**
 * Returns whether a P-256 key is met for the first time. To import it and ask native code costs more than a check over
 * the digest, which does without; so only who comes again is imported. On larger curves importing pays at once.
 */
function isNewP256Key(key: PublicKey): boolean {
  if (key.type !== 'ecdsa' || key.curve.name !== 'P-256') return false;
  const name = nameOf(key);
  if (metKeys.get(name) !== undefined) return false;
  metKeys.set(name, 'not imported');
  return true;
}

function importKey(key: PublicKey): KeyObject | undefined {
  const name = nameOf(key);
  const known = metKeys.get(name);
  if (known !== undefined && known !== 'not imported') return known;
  try {
    const imported = createPublicKey(importOptions(key));
    metKeys.set(name, imported);
    return imported;
  } catch {
    // OpenSSL refuses numbers that Go's parser takes; such a key verifies nothing.
    return undefined;
  }
}

function nameOf({ der }: PublicKey): string {
  return hash('sha256', der, 'base64');
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
