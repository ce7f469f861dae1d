import { sha256 as nobleSha256 } from '@noble/hashes/sha2.js';

/** Returns the 32-byte SHA-256 digest of `bytes`. The back end of `#sha256` in the browser. */
export function sha256(bytes: Uint8Array): Uint8Array {
  return nobleSha256(bytes);
}
