/**
 * Ed25519ph (RFC 8032 section 5.1) over a SHA-512 digest: the form in which hashedrekord takes Ed25519,
 * because the log never sees the message. OpenSSL 3.0 has no such mode.
 *
 * The check is Rekor's own: R' = S·B − k·A, encoded and compared with the first half of the signature,
 * without the cofactor. A library call that multiplies by the cofactor accepts a few crafted signatures
 * more, and two logs must not disagree about what verifies.
 */

import { createHash } from 'node:crypto';
import { ed25519 } from '@noble/curves/ed25519.js';
import { equalBytes, utf8 } from '../encoding/bytes.js';

// dom2(1, ""): the prefix that separates the pre-hashed form, with an empty context.
const DOMAIN = Uint8Array.of(...utf8('SigEd25519 no Ed25519 collisions'), 1, 0);
const Point = ed25519.Point;
const ORDER = Point.Fn.ORDER;
const INVALID = 'ed25519: invalid signature';

/**
 * Returns undefined when `signature` by the 32-byte `key` is over the 64-byte SHA-512 `digest`, else why it is
 * not, in Rekor's words.
 */
export function ed25519phProblem(
  key: Uint8Array,
  digest: Uint8Array,
  signature: Uint8Array,
): string | undefined {
  let publicPoint: InstanceType<typeof Point>;
  try {
    // Encodings that are not reduced are read, as the recorded server reads them.
    publicPoint = Point.fromBytes(key, true);
  } catch {
    return 'ed25519: bad public key';
  }
  if (signature.length !== 64) return `ed25519: bad signature length: ${signature.length}`;
  const encodedR = signature.subarray(0, 32);
  const s = littleEndian(signature.subarray(32));
  if (s >= ORDER || digest.length !== 64) return INVALID;
  const hash = createHash('sha512').update(DOMAIN).update(encodedR).update(key).update(digest);
  const k = littleEndian(hash.digest()) % ORDER;
  const sB = s === 0n ? Point.ZERO : Point.BASE.multiplyUnsafe(s);
  const kA = k === 0n ? Point.ZERO : publicPoint.multiplyUnsafe(k);
  return equalBytes(sB.subtract(kA).toBytes(), encodedR) ? undefined : INVALID;
}

function littleEndian(bytes: Uint8Array): bigint {
  let value = 0n;
  for (let at = bytes.length - 1; at >= 0; at--)
    value = (value << 8n) | BigInt(bytes[at] as number);
  return value;
}
