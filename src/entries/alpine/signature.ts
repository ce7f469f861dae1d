/**
 * Signatures of Alpine packages: over the SHA-1 of a file's bytes, RSA (PKCS #1 v1.5) or ECDSA, by keys of any size, as
 * abuild-sign makes them.
 *
 * In scope: the check, with Rekor's reasons. Out of scope: what is signed (package.ts). SHA-1 is what the format
 * has: whoever can make two packages with one SHA-1 can move a signature between them.
 */

import { Buffer } from 'node:buffer';
import { createPublicKey, verify } from 'node:crypto';
import { encodeEcdsaSignature, readEcdsaSignature } from '../../pki/ecdsa-signature.js';
import type { PublicKey } from '../../pki/public-key.js';
import { rsaKeyProblem } from '../../pki/rsa-digest.js';

/** Returns why `signature` by `key` is not over `message`, in Rekor's words; undefined when it is. */
export function sha1SignatureProblem(
  key: PublicKey,
  message: Uint8Array,
  signature: Uint8Array,
): string | undefined {
  switch (key.type) {
    case 'rsa': {
      const unusable = rsaKeyProblem(key.modulus, key.modulusBits, key.exponent);
      if (unusable !== undefined) return unusable;
      const holds =
        signature.length === key.modulus.length && verifySha1(key.der, message, signature);
      return holds ? undefined : 'crypto/rsa: verification error';
    }
    case 'ecdsa': {
      const { value, failure } = readEcdsaSignature(signature);
      const holds =
        value !== undefined && verifySha1(key.der, message, encodeEcdsaSignature(value));
      return holds ? undefined : failure;
    }
    // Ed25519 signs messages, and all that Rekor has of the message here is its digest.
    case 'ed25519':
      return 'message cannot be nil';
    case 'unsupported':
      return 'unsupported public key type';
  }
}

function verifySha1(key: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
  try {
    const imported = createPublicKey({ format: 'der', type: 'spki', key: Buffer.from(key) });
    return verify('sha1', message, imported, signature);
  } catch {
    // OpenSSL refuses numbers that Go's parser takes; such a key or signature proves nothing.
    return false;
  }
}
