/**
 * Base64 (RFC 4648 section 4 and 5) both ways, in a strict reading and in the reading of Go's
 * encoding/base64, whose leniency and error offsets Rekor's clients see.
 *
 * The same code runs in a browser: what is written as every encoder writes it goes the short way that the platform has
 * (`#text-of-bytes`), anything else through tables.
 */

import { base64Of, bytesOfExactBase64 } from '#text-of-bytes';
import { LogError } from '../errors.js';

const STANDARD = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
const URL_SAFE = `${STANDARD.slice(0, 62)}-_`;
const PAD = 0x3d;
const MINUS = 0x2d;
const UNDERSCORE = 0x5f;
const NOT_A_DIGIT = 255;

const standardDigits = digitTable(STANDARD);
const urlDigits = digitTable(URL_SAFE);
const encoder = new TextEncoder();

/** Returns the standard base64 of `bytes`, padded. */
export function toBase64(bytes: Uint8Array): string {
  return base64Of(bytes);
}

/**
 * Returns the bytes of standard base64 `text`. Throws ENCODING_MALFORMED unless encoding the result gives
 * `text` again: padding is required, unused trailing bits are zero, nothing else may stand in it.
 */
export function fromBase64(text: string): Uint8Array {
  const exact = bytesOfExactBase64(text);
  if (exact !== undefined) return exact;
  const ascii = encoder.encode(text);
  if (ascii.length % 4 !== 0) {
    throw new LogError('ENCODING_MALFORMED', `base64 has ${ascii.length} bytes, no multiple of 4`);
  }
  const end = unpaddedLength(ascii);
  const bytes = new Uint8Array(Math.floor((end * 3) / 4));
  if (!decodeDigits(standardDigits, ascii, end, bytes)) {
    const wrong = ascii.findIndex((byte) => standardDigits[byte] === NOT_A_DIGIT);
    throw new LogError('ENCODING_MALFORMED', `base64 has another character at byte ${wrong}`);
  }
  if (end % 4 !== 0) {
    const unused = end % 4 === 2 ? 15 : 3;
    if (((standardDigits[ascii[end - 1] as number] as number) & unused) !== 0) {
      throw new LogError('ENCODING_MALFORMED', 'base64 has unused bits that are not zero');
    }
  }
  return bytes;
}

/**
 * Returns the bytes of `text` as Go's base64.StdEncoding reads it: CR and LF are skipped anywhere, unused
 * trailing bits are not looked at. Throws ENCODING_MALFORMED with Go's text and offset.
 */
export function fromGoBase64(text: string): Uint8Array {
  return bytesOfExactBase64(text) ?? fromGo(standardDigits, text);
}

/** Returns the bytes of `text` as Go's base64.URLEncoding reads it (padded); else like `fromGoBase64`. */
export function fromGoBase64Url(text: string): Uint8Array {
  return fromGo(urlDigits, text);
}

/**
 * Returns the bytes of base64 as Go's protojson reads it, undefined where it does not: the URL-safe digits if either
 * of the two that are special to them occurs, padded exactly when the length is a multiple of 4; else like
 * `fromGoBase64`.
 */
export function fromProtoBase64(ascii: Uint8Array): Uint8Array | undefined {
  const table = ascii.includes(MINUS) || ascii.includes(UNDERSCORE) ? urlDigits : standardDigits;
  const decode = ascii.length % 4 === 0 ? decodePadded : decodeUnpadded;
  const bytes = decode(table, ascii);
  if (bytes !== undefined) return bytes;
  const oneLine = ascii.filter((byte) => !isLineEnd(byte));
  return oneLine.length < ascii.length ? decode(table, oneLine) : undefined;
}

function digitTable(alphabet: string): Uint8Array {
  const table = new Uint8Array(256).fill(NOT_A_DIGIT);
  for (let digit = 0; digit < 64; digit++) table[alphabet.charCodeAt(digit)] = digit;
  return table;
}

/** Returns the length without the last one or two bytes, where those are padding. */
function unpaddedLength(ascii: Uint8Array): number {
  const length = ascii.length;
  if (ascii[length - 1] !== PAD) return length;
  return ascii[length - 2] === PAD ? length - 2 : length - 1;
}

/** Decodes ascii[0, end) into `bytes`; returns false when there is a byte that is no digit. */
function decodeDigits(
  table: Uint8Array,
  ascii: Uint8Array,
  end: number,
  bytes: Uint8Array,
): boolean {
  let to = 0;
  let from = 0;
  for (const whole = end - 3; from < whole; from += 4) {
    const a = table[ascii[from] as number] as number;
    const b = table[ascii[from + 1] as number] as number;
    const c = table[ascii[from + 2] as number] as number;
    const d = table[ascii[from + 3] as number] as number;
    if ((a | b | c | d) > 63) return false;
    bytes[to++] = (a << 2) | (b >> 4);
    bytes[to++] = (b << 4) | (c >> 2);
    bytes[to++] = (c << 6) | d;
  }
  if (from === end) return true;
  // A last quantum of two or three digits; a missing one counts as zero bits.
  const a = table[ascii[from] as number] as number;
  const b = from + 1 < end ? (table[ascii[from + 1] as number] as number) : 0;
  const c = from + 2 < end ? (table[ascii[from + 2] as number] as number) : 0;
  if ((a | b | c) > 63) return false;
  if (to < bytes.length) bytes[to++] = (a << 2) | (b >> 4);
  if (to < bytes.length) bytes[to++] = (b << 4) | (c >> 2);
  return true;
}

function fromGo(table: Uint8Array, text: string): Uint8Array {
  const ascii = encoder.encode(text);
  const bytes = decodePadded(table, ascii);
  if (bytes !== undefined) return bytes;
  const oneLine = ascii.filter((byte) => !isLineEnd(byte));
  const joined = oneLine.length < ascii.length ? decodePadded(table, oneLine) : undefined;
  if (joined !== undefined) return joined;
  throw new LogError(
    'ENCODING_MALFORMED',
    `illegal base64 data at input byte ${goFault(table, ascii)}`,
  );
}

/** Returns the bytes of padded base64 without line ends, or undefined; unused bits may be anything. */
function decodePadded(table: Uint8Array, ascii: Uint8Array): Uint8Array | undefined {
  if (ascii.length % 4 !== 0) return undefined;
  const end = unpaddedLength(ascii);
  const bytes = new Uint8Array(Math.floor((end * 3) / 4));
  return decodeDigits(table, ascii, end, bytes) ? bytes : undefined;
}

/** Returns the bytes of base64 without padding and line ends, or undefined; unused bits may be anything. */
function decodeUnpadded(table: Uint8Array, ascii: Uint8Array): Uint8Array | undefined {
  if (ascii.length % 4 === 1) return undefined;
  const bytes = new Uint8Array(Math.floor((ascii.length * 3) / 4));
  return decodeDigits(table, ascii, ascii.length, bytes) ? bytes : undefined;
}

/** Returns the offset that Go reports for bytes that it cannot decode, by Go's walk, quantum by quantum. */
function goFault(table: Uint8Array, ascii: Uint8Array): number {
  let inQuantum = 0;
  for (const [offset, byte] of ascii.entries()) {
    if (isLineEnd(byte)) continue;
    if (table[byte] !== NOT_A_DIGIT) {
      inQuantum = (inQuantum + 1) % 4;
      continue;
    }
    return byte === PAD && inQuantum >= 2 ? paddingFault(ascii, offset, inQuantum) : offset;
  }
  // Go counts back from the end by digits, not by bytes, line ends between them or not.
  return ascii.length - inQuantum;
}

/** Returns where Go finds a fault at or after the first padding character, which stands at `offset`. */
function paddingFault(ascii: Uint8Array, offset: number, inQuantum: number): number {
  const next = skipLineEnds(ascii, offset + 1);
  if (inQuantum === 3 || next === ascii.length) return next;
  return ascii[next] === PAD ? skipLineEnds(ascii, next + 1) : next - 1;
}

function skipLineEnds(ascii: Uint8Array, offset: number): number {
  let next = offset;
  while (next < ascii.length && isLineEnd(ascii[next] as number)) next++;
  return next;
}

function isLineEnd(byte: number): boolean {
  return byte === 0x0a || byte === 0x0d;
}
