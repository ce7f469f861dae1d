/**
 * Signature checks as one block of bytes, which goes to another thread without being copied.
 *
 * Each check: what it is over (1 byte), hash (1), length of key, of digest or message, and of signature (4 bytes each),
 * then the three. Pure.
 */

import type { HashAlgorithm, SignatureCheck } from '../entries/entry-kind.js';

const HASHES: readonly HashAlgorithm[] = ['sha256', 'sha384', 'sha512'];
const OVER = { digest: 0, message: 1 } as const;
const HEADER_SIZE = 14;

/** Returns the checks in a buffer of their own. */
export function packChecks(checks: readonly SignatureCheck[]): ArrayBuffer {
  let size = 0;
  for (const check of checks) {
    size += HEADER_SIZE;
    for (const part of partsOf(check)) size += part.length;
  }
  const packed = Buffer.from(new ArrayBuffer(size));
  let at = 0;
  for (const check of checks) {
    at = packed.writeUInt8(OVER[check.over], at);
    at = packed.writeUInt8(HASHES.indexOf(check.hash), at);
    const parts = partsOf(check);
    for (const part of parts) at = packed.writeUInt32BE(part.length, at);
    for (const part of parts) {
      packed.set(part, at);
      at += part.length;
    }
  }
  return packed.buffer;
}

/** Returns the checks of `packChecks`; their bytes lie in `packed`. */
export function unpackChecks(packed: ArrayBuffer): SignatureCheck[] {
  const bytes = Buffer.from(packed);
  const checks: SignatureCheck[] = [];
  for (let at = 0; at < bytes.length; ) {
    const isOverDigest = bytes.readUInt8(at) === OVER.digest;
    const hash = HASHES[bytes.readUInt8(at + 1)] as HashAlgorithm;
    let from = at + HEADER_SIZE;
    const [key, signed, signature] = [2, 6, 10].map((field) => {
      const part = bytes.subarray(from, from + bytes.readUInt32BE(at + field));
      from += part.length;
      return part;
    }) as [Buffer, Buffer, Buffer];
    checks.push(
      isOverDigest
        ? { over: 'digest', hash, key, digest: signed, signature }
        : { over: 'message', hash, key, message: signed, signature },
    );
    at = from;
  }
  return checks;
}

function partsOf(check: SignatureCheck): readonly [Uint8Array, Uint8Array, Uint8Array] {
  return [check.key, check.over === 'digest' ? check.digest : check.message, check.signature];
}
