/**
 * UTF-8 as Go's unicode/utf8 reads it where it is damaged: every byte that begins no valid sequence
 * becomes one U+FFFD. (A browser's decoder replaces a truncated sequence by a single one.)
 */

const REPLACEMENT = [0xef, 0xbf, 0xbd] as const;
const strictDecoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Returns the text of `bytes`, U+FFFD in place of each damaged byte; a byte order mark is kept. */
export function fromGoUtf8(bytes: Uint8Array): string {
  try {
    return strictDecoder.decode(bytes);
  } catch {
    // Damaged: the repaired bytes are valid by construction.
    return strictDecoder.decode(repair(bytes));
  }
}

function repair(bytes: Uint8Array): Uint8Array {
  const out = new Uint8Array(bytes.length * REPLACEMENT.length);
  let to = 0;
  let from = 0;
  while (from < bytes.length) {
    const length = sequenceLength(bytes, from);
    if (length === 0) {
      out.set(REPLACEMENT, to);
      to += REPLACEMENT.length;
      from += 1;
      continue;
    }
    for (let i = 0; i < length; i++) out[to++] = bytes[from++] as number;
  }
  return out.subarray(0, to);
}

/** Returns the length of the valid sequence at `from` (table 3-7 of the Unicode standard), 0 if there is none. */
function sequenceLength(bytes: Uint8Array, from: number): number {
  const lead = bytes[from] as number;
  if (lead < 0x80) return 1;
  if (lead < 0xc2 || lead > 0xf4) return 0;
  const length = lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
  const second = bytes[from + 1] ?? 0;
  // The second byte alone keeps out overlong forms, surrogates and what lies above U+10FFFF.
  const low = lead === 0xe0 ? 0xa0 : lead === 0xf0 ? 0x90 : 0x80;
  const high = lead === 0xed ? 0x9f : lead === 0xf4 ? 0x8f : 0xbf;
  if (second < low || second > high) return 0;
  for (let i = 2; i < length; i++) {
    const continuation = bytes[from + i] ?? 0;
    if (continuation < 0x80 || continuation > 0xbf) return 0;
  }
  return length;
}
