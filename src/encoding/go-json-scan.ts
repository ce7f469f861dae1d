/**
 * The syntax of JSON, walked byte by byte, with the error texts of Go's encoding/json.
 *
 * In scope: where a value ends and what is wrong with it. Out of scope: what it means (go-json.ts). The
 * nesting is kept in an array of at most 10,001 bytes: any input is walked in linear time.
 *
 * Go notices the end of its input by feeding one more space to its automaton. `Scan.at` past the end reads
 * as that space, so that `tru` and `-` fail with the texts that Go has for them.
 */

import { LogError } from '../errors.js';

/** Deepest nesting of arrays and objects that Go reads. */
export const GO_JSON_MAX_DEPTH = 10_000;

/** Whether the bytes must be one value (json.Unmarshal) or only begin with one (json.Decoder). */
export type ScanScope = 'document' | 'first-value';

interface Scan {
  readonly bytes: Uint8Array;
  readonly scope: ScanScope;
  at: number;
}

/** What may come next, between tokens. */
type Expected = 'value' | 'value-or-end' | 'name' | 'name-or-end' | 'colon' | 'after-value';

const QUOTE = 0x22;
const COMMA = 0x2c;
const COLON = 0x3a;
const OPEN_ARRAY = 0x5b;
const CLOSE_ARRAY = 0x5d;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;
const BACKSLASH = 0x5c;
const SPACE = 0x20;

/** Returns the offset after the first value. Throws ENCODING_MALFORMED with the text that Go has. */
export function scanGoJson(bytes: Uint8Array, scope: ScanScope): number {
  const scan: Scan = { bytes, scope, at: 0 };
  scanValue(scan);
  const end = scan.at;
  if (scope === 'document') {
    skipSpace(scan);
    if (scan.at < bytes.length) throw wrong(scan, 'after top-level value');
  }
  return end;
}

function scanValue(scan: Scan): void {
  // The closing bracket of each container that is open.
  const closers: number[] = [];
  let expected = 'value' as Expected;
  for (;;) {
    if (expected === 'after-value' && closers.length === 0) return;
    skipSpace(scan);
    if (scan.at >= scan.bytes.length) throw cutOff(scan);
    const byte = peek(scan);
    const closer = closers[closers.length - 1];
    switch (expected) {
      case 'after-value':
        expected = afterValue(scan, byte, closers);
        break;
      case 'colon':
        if (byte !== COLON) throw wrong(scan, 'after object key');
        scan.at++;
        expected = 'value';
        break;
      case 'name':
      case 'name-or-end':
        if (byte === closer && expected === 'name-or-end') {
          expected = close(scan, closers);
          break;
        }
        if (byte !== QUOTE) throw wrong(scan, 'looking for beginning of object key string');
        scanString(scan);
        expected = 'colon';
        break;
      default:
        expected =
          byte === closer && expected === 'value-or-end'
            ? close(scan, closers)
            : beginValue(scan, byte, closers);
    }
  }
}

function afterValue(scan: Scan, byte: number, closers: number[]): Expected {
  const inArray = closers[closers.length - 1] === CLOSE_ARRAY;
  if (byte === COMMA) {
    scan.at++;
    return inArray ? 'value' : 'name';
  }
  if (byte === closers[closers.length - 1]) return close(scan, closers);
  throw wrong(scan, inArray ? 'after array element' : 'after object key:value pair');
}

function close(scan: Scan, closers: number[]): Expected {
  closers.pop();
  scan.at++;
  return 'after-value';
}

function beginValue(scan: Scan, byte: number, closers: number[]): Expected {
  if (byte === OPEN_ARRAY || byte === OPEN_OBJECT) {
    if (closers.length === GO_JSON_MAX_DEPTH) throw wrong(scan, 'exceeded max depth');
    closers.push(byte === OPEN_ARRAY ? CLOSE_ARRAY : CLOSE_OBJECT);
    scan.at++;
    return byte === OPEN_ARRAY ? 'value-or-end' : 'name-or-end';
  }
  if (byte === QUOTE) scanString(scan);
  else if (byte === 0x2d || isDigit(byte)) scanNumber(scan);
  else scanLiteral(scan, byte);
  return 'after-value';
}

const LITERALS: readonly string[] = ['true', 'false', 'null'];

function scanLiteral(scan: Scan, first: number): void {
  const literal = LITERALS.find((candidate) => candidate.charCodeAt(0) === first);
  if (literal === undefined) throw wrong(scan, 'looking for beginning of value');
  scan.at++;
  for (let i = 1; i < literal.length; i++) {
    if (peek(scan) !== literal.charCodeAt(i)) {
      throw wrong(scan, `in literal ${literal} (expecting '${literal[i]}')`);
    }
    scan.at++;
  }
}

function scanString(scan: Scan): void {
  scan.at++;
  for (;;) {
    const byte = peek(scan);
    if (scan.at >= scan.bytes.length) throw cutOff(scan);
    if (byte === QUOTE) break;
    if (byte === BACKSLASH) {
      scan.at++;
      scanEscape(scan);
      continue;
    }
    if (byte < SPACE) throw wrong(scan, 'in string literal');
    scan.at++;
  }
  scan.at++;
}

const SHORT_ESCAPES = new Set(Array.from('bfnrt\\/"', (letter) => letter.charCodeAt(0)));
const LETTER_U = 0x75;

function scanEscape(scan: Scan): void {
  const letter = peek(scan);
  if (letter !== LETTER_U && !SHORT_ESCAPES.has(letter)) {
    throw wrong(scan, 'in string escape code');
  }
  scan.at++;
  if (letter !== LETTER_U) return;
  for (let i = 0; i < 4; i++) {
    if (!isHexDigit(peek(scan))) throw wrong(scan, 'in \\u hexadecimal character escape');
    scan.at++;
  }
}

function scanNumber(scan: Scan): void {
  if (peek(scan) === 0x2d) {
    scan.at++;
    if (!isDigit(peek(scan))) throw wrong(scan, 'in numeric literal');
  }
  if (peek(scan) === 0x30) scan.at++;
  else skipDigits(scan);
  if (peek(scan) === 0x2e) {
    scan.at++;
    if (!isDigit(peek(scan))) throw wrong(scan, 'after decimal point in numeric literal');
    skipDigits(scan);
  }
  if ((peek(scan) | 0x20) === 0x65) {
    scan.at++;
    if (peek(scan) === 0x2b || peek(scan) === 0x2d) scan.at++;
    if (!isDigit(peek(scan))) throw wrong(scan, 'in exponent of numeric literal');
    skipDigits(scan);
  }
}

function skipDigits(scan: Scan): void {
  while (isDigit(peek(scan))) scan.at++;
}

function skipSpace(scan: Scan): void {
  while (scan.at < scan.bytes.length) {
    const byte = scan.bytes[scan.at];
    if (byte !== SPACE && byte !== 0x0a && byte !== 0x0d && byte !== 0x09) return;
    scan.at++;
  }
}

function peek(scan: Scan): number {
  return scan.bytes[scan.at] ?? SPACE;
}

function isDigit(byte: number): boolean {
  return byte >= 0x30 && byte <= 0x39;
}

function isHexDigit(byte: number): boolean {
  const lower = byte | 0x20;
  return isDigit(byte) || (lower >= 0x61 && lower <= 0x66);
}

function wrong(scan: Scan, context: string): LogError {
  if (scan.at >= scan.bytes.length && scan.scope === 'first-value') return cutOff(scan);
  return new LogError(
    'ENCODING_MALFORMED',
    `invalid character ${quoteByte(peek(scan))} ${context}`,
  );
}

function cutOff(scan: Scan): LogError {
  if (scan.scope === 'document') {
    return new LogError('ENCODING_MALFORMED', 'unexpected end of JSON input');
  }
  const start: Scan = { ...scan, at: 0 };
  skipSpace(start);
  const onlySpace = start.at === scan.bytes.length;
  return new LogError('ENCODING_MALFORMED', onlySpace ? 'EOF' : 'unexpected EOF');
}

const SHORT_QUOTES = new Map<number, string>([
  [0x07, '\\a'],
  [0x08, '\\b'],
  [0x09, '\\t'],
  [0x0a, '\\n'],
  [0x0b, '\\v'],
  [0x0c, '\\f'],
  [0x0d, '\\r'],
  [0x27, "\\'"],
  [BACKSLASH, '\\\\'],
]);

/** Returns the byte as Go quotes it: as a character of Latin-1, escaped where that is not printable. */
function quoteByte(byte: number): string {
  const short = SHORT_QUOTES.get(byte);
  if (short !== undefined) return `'${short}'`;
  const hex = byte.toString(16);
  if (byte < SPACE || byte === 0x7f) return `'\\x${hex.padStart(2, '0')}'`;
  const isPrintable = byte < 0x7f || (byte > 0xa0 && byte !== 0xad);
  return isPrintable ? `'${String.fromCharCode(byte)}'` : `'\\u${hex.padStart(4, '0')}'`;
}
