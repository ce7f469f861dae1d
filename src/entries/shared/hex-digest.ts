/**
 * Digests in hex, as Rekor reads them: the length counts in bytes of UTF-8, and comes first.
 */

import { utf8 } from '../../encoding/bytes.js';
import { LogError } from '../../errors.js';

/**
 * Returns the `length` bytes that `value` spells in hex, in either letter case. Throws ENTRY_MALFORMED with
 * Rekor's reason.
 */
export function readHexDigest(value: string, length: number): Uint8Array {
  // A UTF-16 string has at most three bytes of UTF-8 a unit: what is longer than the bytes need not be encoded.
  const octets = value.length <= 2 * length ? utf8(value) : undefined;
  if (octets?.length !== 2 * length)
    throw new LogError('ENTRY_MALFORMED', 'invalid value for hash');
  return readHex(octets);
}

/**
 * Returns the bytes that UTF-8 text spells in hex, in either letter case. Throws ENTRY_MALFORMED with the words of Go,
 * which names the first byte that is no digit before it counts them.
 */
export function readHex(octets: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(octets.length >> 1);
  for (let at = 0; at < octets.length; at++) {
    const octet = octets[at] as number;
    const digit = hexDigit(octet);
    if (digit === undefined) {
      throw new LogError('ENTRY_MALFORMED', `encoding/hex: invalid byte: ${goCharacter(octet)}`);
    }
    bytes[at >> 1] = ((bytes[at >> 1] as number) << 4) | digit;
  }
  if (octets.length % 2 !== 0) {
    throw new LogError('ENTRY_MALFORMED', 'encoding/hex: odd length hex string');
  }
  return bytes;
}

function hexDigit(octet: number): number | undefined {
  if (octet >= 0x30 && octet <= 0x39) return octet - 0x30;
  const letter = octet | 0x20;
  return letter >= 0x61 && letter <= 0x66 ? letter - 0x57 : undefined;
}

/** A byte as Go's %#U prints it: `U+0067 'g'`, without the character where it cannot be printed. */
function goCharacter(octet: number): string {
  const name = `U+${octet.toString(16).toUpperCase().padStart(4, '0')}`;
  const printable = (octet >= 0x20 && octet < 0x7f) || (octet > 0xa0 && octet !== 0xad);
  return printable ? `${name} '${String.fromCharCode(octet)}'` : name;
}
