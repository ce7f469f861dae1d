/**
 * Text in quotation marks as Go prints it (`%q`): the refusals of certificates show names in this form.
 *
 * In scope: bytes to a quoted text. Out of scope: reading such a text back.
 */

import { Buffer } from 'node:buffer';

const SHORT_ESCAPES: Readonly<Record<string, string>> = {
  '\x07': '\\a',
  '\b': '\\b',
  '\t': '\\t',
  '\n': '\\n',
  '\v': '\\v',
  '\f': '\\f',
  '\r': '\\r',
  '"': '\\"',
  '\\': '\\\\',
};

/**
 * Returns `octets`, a string of which each character stands for one byte, in quotation marks: what is UTF-8
 * and printable as it is, the rest escaped.
 */
export function goQuote(octets: string): string {
  if (/^[ !#-[\]-~]*$/.test(octets)) return `"${octets}"`;
  // A decoder that marks damage could not tell it from a real U+FFFD, so each character is cut out first.
  const parts = octets.replace(CHARACTER_OR_OCTET, (part) => {
    if (part.length === 1) return quotedAscii(part);
    return quotedCharacter(Buffer.from(part, 'latin1').toString('utf8'));
  });
  return `"${parts}"`;
}

/** One UTF-8 sequence of two to four bytes (table 3-7 of the Unicode standard), else any single byte. */
const CHARACTER_OR_OCTET =
  /[\xc2-\xdf][\x80-\xbf]|(?:\xe0[\xa0-\xbf]|[\xe1-\xec\xee\xef][\x80-\xbf]|\xed[\x80-\x9f])[\x80-\xbf]|(?:\xf0[\x90-\xbf]|[\xf1-\xf3][\x80-\xbf]|\xf4[\x80-\x8f])[\x80-\xbf]{2}|./gs;

function quotedAscii(character: string): string {
  if (Object.hasOwn(SHORT_ESCAPES, character)) return SHORT_ESCAPES[character] as string;
  if (character >= ' ' && character <= '~') return character;
  return `\\x${hexadecimal(character.charCodeAt(0), 2)}`;
}

function quotedCharacter(character: string): string {
  if (/[\p{L}\p{M}\p{N}\p{P}\p{S}]/u.test(character)) return character;
  const point = character.codePointAt(0) as number;
  return point > 0xffff ? `\\U${hexadecimal(point, 8)}` : `\\u${hexadecimal(point, 4)}`;
}

function hexadecimal(value: number, width: number): string {
  return value.toString(16).padStart(width, '0');
}
