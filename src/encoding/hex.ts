import { hexOf } from '#text-of-bytes';
import { LogError } from '../errors.js';

const NOT_A_DIGIT = 255;
const DIGITS = new Uint8Array(128).fill(NOT_A_DIGIT);
for (let digit = 0; digit < 16; digit++) {
  const text = digit.toString(16);
  DIGITS[text.charCodeAt(0)] = digit;
  DIGITS[text.toUpperCase().charCodeAt(0)] = digit;
}

/** Returns the lower-case hex of `bytes`, two digits a byte. */
export function toHex(bytes: Uint8Array): string {
  return hexOf(bytes);
}

/** Returns the bytes of hex `text`, of either case. Throws ENCODING_MALFORMED on an odd length or another character. */
export function fromHex(text: string): Uint8Array {
  if (text.length % 2 !== 0) {
    throw new LogError('ENCODING_MALFORMED', `hex has an odd length of ${text.length}`);
  }
  const bytes = new Uint8Array(text.length / 2);
  for (let i = 0; i < bytes.length; i++) {
    const high = digitAt(text, 2 * i);
    const low = digitAt(text, 2 * i + 1);
    bytes[i] = high * 16 + low;
  }
  return bytes;
}

function digitAt(text: string, position: number): number {
  const code = text.charCodeAt(position);
  const digit = code < 128 ? (DIGITS[code] as number) : NOT_A_DIGIT;
  if (digit === NOT_A_DIGIT) {
    throw new LogError('ENCODING_MALFORMED', `hex has another character at position ${position}`);
  }
  return digit;
}
