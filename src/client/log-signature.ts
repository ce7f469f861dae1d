/** Signatures of logs' keys, as the logs that there are make them. Uses node:crypto; the rest of the verifier does not. */

import { createPublicKey, type KeyObject, verify } from 'node:crypto';
import { LogError } from '../errors.js';

/** What Rekor v2 hashes a checkpoint with when the log's key is on a larger curve; Rekor v1 and C2SP say SHA-256. */
const HASH_OF_CURVE: Readonly<Record<string, string>> = {
  secp384r1: 'sha384',
  secp521r1: 'sha512',
};

/**
 * Returns whether `signature` over `message` is one of the log key `publicKeyDer`: Ed25519, RSA PKCS#1 v1.5 with
 * SHA-256, ECDSA in DER with SHA-256 or the hash of its curve. Throws KEY_MALFORMED for another key.
 */
export function verifyLogSignature(
  publicKeyDer: Uint8Array,
  message: Uint8Array,
  signature: Uint8Array,
): boolean {
  const key = readPublicKey(publicKeyDer);
  const byHash = (hash: string | null) => verify(hash, message, key, signature);
  switch (key.asymmetricKeyType) {
    case 'ed25519':
      return byHash(null);
    case 'rsa':
      return byHash('sha256');
    case 'ec': {
      const other = HASH_OF_CURVE[key.asymmetricKeyDetails?.namedCurve ?? ''];
      return byHash('sha256') || (other !== undefined && byHash(other));
    }
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
