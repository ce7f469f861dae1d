import { sha256 } from '#sha256';

/** Returns the log ID: the lower-case hex SHA-256 of a DER SubjectPublicKeyInfo. */
export function logIDOf(publicKeyDer: Uint8Array): string {
  return Buffer.from(sha256(publicKeyDer)).toString('hex');
}
