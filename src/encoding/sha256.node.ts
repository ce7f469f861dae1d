import { hash } from 'node:crypto';

/** Returns the 32-byte SHA-256 digest of `bytes`. The back end of `#sha256` on Node. */
export function sha256(bytes: Uint8Array): Uint8Array {
  return hash('sha256', bytes, 'buffer');
}

/** Returns that digest in lower-case hex. */
export function sha256Hex(bytes: Uint8Array): string {
  return hash('sha256', bytes, 'hex');
}
