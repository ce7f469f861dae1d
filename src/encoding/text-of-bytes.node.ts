/** Hex and base64 by Node's own code: the back end of `#text-of-bytes` there. */

import { Buffer } from 'node:buffer';

/** Returns the lower-case hex of `bytes`. */
export function hexOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('hex');
}

/** Returns the standard base64 of `bytes`, padded. */
export function base64Of(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('base64');
}

/** Returns the bytes whose standard base64 is `text`, undefined where there are none or nobody can tell soon. */
export function bytesOfExactBase64(text: string): Uint8Array | undefined {
  // Node skips what is no digit, so only the way back shows that nothing was skipped.
  const bytes = Buffer.from(text, 'base64');
  return bytes.toString('base64') === text
    ? new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length)
    : undefined;
}
