/**
 * Text in quotation marks as Go prints it (`%q`): refusals show names and values in this form.
 *
 * In scope: a string, or bytes that need not be UTF-8, to a quoted text. Out of scope: reading such a text back.
 */

/**
 * Returns `text` in quotation marks: what is printable as it is, the rest escaped. A lone surrogate from U+DC80
 * to U+DCFF stands for a byte of 0x80 to 0xff that is no UTF-8.
 */
export function goQuote(text: string): string {
  return `"${text.replace(ESCAPED, escapeOf)}"`;
}

/** Returns `octets`, a string of which each character stands for one byte, in quotation marks as `goQuote` does. */
export function goQuoteOctets(octets: string): string {
  if (/^[ !#-[\]-~]*$/.test(octets)) return `"${octets}"`;
  // A decoder that marks damage could not tell it from a real U+FFFD, so each character is cut out first.
  return goQuote(
    octets.replace(SEQUENCE_OR_HIGH_OCTET, (part) =>
      part.length === 1
        ? String.fromCharCode(LONE_BYTE + part.charCodeAt(0))
        : DECODER.decode(Uint8Array.from(part, (octet) => octet.charCodeAt(0))),
    ),
  );
}

const DECODER = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** One UTF-8 sequence of two to four bytes (table 3-7 of the Unicode standard), else a byte outside ASCII. */
const SEQUENCE_OR_HIGH_OCTET =
  /[\xc2-\xdf][\x80-\xbf]|(?:\xe0[\xa0-\xbf]|[\xe1-\xec\xee\xef][\x80-\xbf]|\xed[\x80-\x9f])[\x80-\xbf]|(?:\xf0[\x90-\xbf]|[\xf1-\xf3][\x80-\xbf]|\xf4[\x80-\x8f])[\x80-\xbf]{2}|[\x80-\xff]/g;

/** Added to a byte that is no UTF-8, this is the surrogate that stands for it. */
const LONE_BYTE = 0xdc00;

/** All that Go does not print, the space excepted, and the two characters that are special in the quotes. */
const ESCAPED = /(?! )[\p{C}\p{Z}"\\]/gu;

const SHORT_ESCAPES: ReadonlyMap<string, string> = new Map([
  ['\x07', '\\a'],
  ['\b', '\\b'],
  ['\t', '\\t'],
  ['\n', '\\n'],
  ['\v', '\\v'],
  ['\f', '\\f'],
  ['\r', '\\r'],
  ['"', '\\"'],
  ['\\', '\\\\'],
]);

function escapeOf(character: string): string {
  const short = SHORT_ESCAPES.get(character);
  if (short !== undefined) return short;
  const point = character.codePointAt(0) as number;
  if (point < 0x80) return `\\x${hexadecimal(point, 2)}`;
  const isLoneByte = point >= LONE_BYTE + 0x80 && point <= LONE_BYTE + 0xff;
  if (isLoneByte) return `\\x${hexadecimal(point - LONE_BYTE, 2)}`;
  return point > 0xffff ? `\\U${hexadecimal(point, 8)}` : `\\u${hexadecimal(point, 4)}`;
}

function hexadecimal(value: number, width: number): string {
  return value.toString(16).padStart(width, '0');
}
