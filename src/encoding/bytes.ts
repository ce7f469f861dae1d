/**
 * Byte strings and UTF-8 text: the ground floor of the ground floor.
 *
 * In scope: UTF-8 both ways, joining and comparing. Out of scope: hex and base64 (their own files) and
 * the way Go reads damaged UTF-8 (go-utf8.ts). No state; runs in a browser as it is.
 */

import { LogError } from '../errors.js';

const encoder = new TextEncoder();
// Without ignoreBOM a leading byte order mark would vanish, and with it the equality of text and bytes.
const strictDecoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Returns the UTF-8 bytes of `text`; a lone surrogate becomes U+FFFD. */
export function utf8(text: string): Uint8Array {
  return encoder.encode(text);
}

/** Returns the text of UTF-8 `bytes`, a byte order mark included. Throws ENCODING_MALFORMED. */
export function fromUtf8(bytes: Uint8Array): string {
  try {
    return strictDecoder.decode(bytes);
  } catch (cause) {
    throw new LogError('ENCODING_MALFORMED', 'text is not valid UTF-8', { cause });
  }
}

/** Returns one new byte string: the parts, one after the other. */
export function concatBytes(...parts: readonly Uint8Array[]): Uint8Array {
  let length = 0;
  for (const part of parts) length += part.length;
  const joined = new Uint8Array(length);
  let offset = 0;
  for (const part of parts) {
    joined.set(part, offset);
    offset += part.length;
  }
  return joined;
}

/** Returns true when both byte strings have the same length and content. Not for secrets: it stops early. */
export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) {
    if (a[i] !== b[i]) return false;
  }
  return true;
}

/** Returns a negative number, 0 or a positive one: the order of unsigned bytes, a prefix first. */
export function compareBytes(a: Uint8Array, b: Uint8Array): number {
  const shared = Math.min(a.length, b.length);
  for (let i = 0; i < shared; i++) {
    const difference = (a[i] as number) - (b[i] as number);
    if (difference !== 0) return difference;
  }
  return a.length - b.length;
}
