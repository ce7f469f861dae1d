/**
 * Signature checks as one block of bytes, which goes to another thread without being copied.
 *
 * Each check: hash (1 byte), length of key, digest and signature (4 bytes each), then the three. Pure.
 */

import type { HashAlgorithm, SignatureCheck } from '../entries/entry-kind.js';

/** A check that needs nothing but a digest. */
export type DigestCheck = Extract<SignatureCheck, { over: 'digest' }>;

const HASHES: readonly HashAlgorithm[] = ['sha256', 'sha384', 'sha512'];
const HEADER_SIZE = 13;

/** Returns the checks in a buffer of their own. */
export function packChecks(checks: readonly DigestCheck[]): ArrayBuffer {
  let size = 0;
  for (const { key, digest, signature } of checks) {
    size += HEADER_SIZE + key.length + digest.length + signature.length;
  }
  const packed = Buffer.alloc(size);
  let at = 0;
  for (const { hash, key, digest, signature } of checks) {
    at = packed.writeUInt8(HASHES.indexOf(hash), at);
    for (const part of [key, digest, signature]) at = packed.writeUInt32BE(part.length, at);
    for (const part of [key, digest, signature]) {
      packed.set(part, at);
      at += part.length;
    }
  }
  return packed.buffer;
}

/** Returns the checks of `packChecks`; their bytes lie in `packed`. */
export function unpackChecks(packed: ArrayBuffer): DigestCheck[] {
  const bytes = Buffer.from(packed);
  const checks: DigestCheck[] = [];
  for (let at = 0; at < bytes.length; ) {
    const hash = HASHES[bytes.readUInt8(at)] as HashAlgorithm;
    let from = at + HEADER_SIZE;
    const [key, digest, signature] = [1, 5, 9].map((field) => {
      const part = bytes.subarray(from, from + bytes.readUInt32BE(at + field));
      from += part.length;
      return part;
    }) as [Buffer, Buffer, Buffer];
    checks.push({ over: 'digest', hash, key, digest, signature });
    at = from;
  }
  return checks;
}
