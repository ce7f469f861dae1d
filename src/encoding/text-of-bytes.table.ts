/** Hex and base64 by tables: the back end of `#text-of-bytes` in the browser. */

const PAIRS: readonly string[] = Array.from({ length: 256 }, (_, byte) =>
  byte.toString(16).padStart(2, '0'),
);
const PAD = 0x3d;
const DIGITS = Uint8Array.from(
  'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/',
  (digit) => digit.charCodeAt(0),
);
const decoder = new TextDecoder();

/** Returns the lower-case hex of `bytes`. */
export function hexOf(bytes: Uint8Array): string {
  let text = '';
  for (let i = 0; i < bytes.length; i++) text += PAIRS[bytes[i] as number];
  return text;
}

/** Returns the standard base64 of `bytes`, padded. */
export function base64Of(bytes: Uint8Array): string {
  const table = DIGITS;
  const out = new Uint8Array(Math.ceil(bytes.length / 3) * 4);
  let to = 0;
  let from = 0;
  for (const last = bytes.length - 2; from < last; from += 3) {
    const group =
      ((bytes[from] as number) << 16) |
      ((bytes[from + 1] as number) << 8) |
      (bytes[from + 2] as number);
    out[to++] = table[group >> 18] as number;
    out[to++] = table[(group >> 12) & 63] as number;
    out[to++] = table[(group >> 6) & 63] as number;
    out[to++] = table[group & 63] as number;
  }
  if (from < bytes.length) {
    const first = bytes[from] as number;
    const second = bytes[from + 1];
    out[to++] = table[first >> 2] as number;
    out[to++] = table[((first & 3) << 4) | ((second ?? 0) >> 4)] as number;
    out[to++] = second === undefined ? PAD : (table[(second & 15) << 2] as number);
    out[to++] = PAD;
  }
  return decoder.decode(out);
}

/** Returns undefined: there is no shorter way here than through every digit. */
export function bytesOfExactBase64(_text: string): Uint8Array | undefined {
  return undefined;
}
