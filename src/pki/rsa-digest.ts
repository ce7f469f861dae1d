/**
 * RSASSA-PKCS1-v1_5 (RFC 8017 section 8.2) over a digest: the public operation runs natively, and the whole
 * encoded DigestInfo is compared, so nothing can hide behind or inside it.
 *
 * In scope: digest and message signatures of that padding. Out of scope: PSS, which Rekor refuses.
 */

import { constants, type KeyObject, publicDecrypt } from 'node:crypto';
import { concatBytes, equalBytes } from '../encoding/bytes.js';
import type { DigestAlgorithm } from './digest-algorithm.js';

/** DER of DigestInfo up to the digest. */
const DIGEST_INFO: Readonly<Record<DigestAlgorithm, Uint8Array>> = {
  sha256: Uint8Array.from([
    0x30, 0x31, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01, 0x05,
    0x00, 0x04, 0x20,
  ]),
  sha384: Uint8Array.from([
    0x30, 0x41, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x02, 0x05,
    0x00, 0x04, 0x30,
  ]),
  sha512: Uint8Array.from([
    0x30, 0x51, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x03, 0x05,
    0x00, 0x04, 0x40,
  ]),
};

/** Returns true when `signature` by `key`, whose modulus has `modulusLength` bytes, is over `digest`. */
export function verifyRsaDigest(
  key: KeyObject,
  modulusLength: number,
  algorithm: DigestAlgorithm,
  digest: Uint8Array,
  signature: Uint8Array,
): boolean {
  if (signature.length !== modulusLength) return false;
  let recovered: Uint8Array;
  try {
    recovered = publicDecrypt({ key, padding: constants.RSA_PKCS1_PADDING }, signature);
  } catch {
    // Padding that is not type 1, or a number beyond the modulus: not a signature by this key.
    return false;
  }
  return equalBytes(recovered, concatBytes(DIGEST_INFO[algorithm], digest));
}

/** Returns why Rekor's library refuses to use an RSA key at all, undefined for a usable one. */
export function rsaKeyProblem(
  modulus: Uint8Array,
  modulusBits: number,
  exponent: number,
): string | undefined {
  if (modulusBits < 1024) {
    return `crypto/rsa: ${modulusBits}-bit keys are insecure (see https://go.dev/pkg/crypto/rsa#hdr-Minimum_key_size)`;
  }
  if (((modulus[modulus.length - 1] as number) & 1) === 0) {
    return 'crypto/rsa: public modulus is even';
  }
  if (exponent < 2) return 'crypto/rsa: public exponent too small or negative';
  if (exponent % 2 === 0) return 'crypto/rsa: public exponent is even';
  if (exponent > 0x7fffffff) return 'crypto/rsa: public exponent too large';
  return undefined;
}
