/**
 * JSON as Go's encoding/json reads it, which is what Rekor's clients are used to.
 *
 * The language is the same as that of JSON.parse, so a well-formed document is read by JSON.parse. What
 * differs is written here: damaged UTF-8 and lone surrogates become U+FFFD, nesting ends at 10,000, errors
 * are worded as in Go, and a decoder reads one value and leaves the rest.
 *
 * In scope: bytes to values. Out of scope: Go's assignment of values to typed fields. Time and memory are
 * linear in the input; nothing here recurses. The scanner for the slow path is go-json-scan.ts.
 *
 * THE OBJECTS that come back are ordinary ones. All members of the document, `__proto__` and `constructor`
 * too, are own data properties; the last of several equal names wins. A name that the document lacks must not
 * be looked up by a bare `object[name]`, which finds Object.prototype: use `member`.
 */

import { GO_JSON_MAX_DEPTH, scanGoJson } from './go-json-scan.js';
import { fromGoUtf8 } from './go-utf8.js';

/**
 * Returns the value of a document that is one JSON value, as json.Unmarshal into `any` gives it; numbers are
 * doubles, those out of range infinite. Throws ENCODING_MALFORMED with Go's text.
 */
export function decodeGoJson(bytes: Uint8Array): unknown {
  const text = fromGoUtf8(bytes);
  if (isShallow(text)) {
    try {
      return JSON.parse(withoutLoneSurrogates(text));
    } catch {
      // Not well-formed: the scan below finds the words for it.
    }
  }
  scanGoJson(bytes, 'document');
  return JSON.parse(withoutLoneSurrogates(text));
}

/**
 * Returns the first value of `bytes` and the offset of the byte after it, as a json.Decoder reads it; what
 * follows is not looked at. Throws ENCODING_MALFORMED with Go's text: `EOF` when there is nothing but white
 * space, `unexpected EOF` when the value is cut off.
 */
export function decodeFirstGoJson(bytes: Uint8Array): { value: unknown; end: number } {
  const text = fromGoUtf8(bytes);
  if (isShallow(text)) {
    try {
      return { value: JSON.parse(withoutLoneSurrogates(text)), end: endOfContent(bytes) };
    } catch {
      // Something follows, or it is malformed: the scan below tells which.
    }
  }
  const end = scanGoJson(bytes, 'first-value');
  const first = fromGoUtf8(bytes.subarray(0, end));
  return { value: JSON.parse(withoutLoneSurrogates(first)), end };
}

/** Returns true for a JSON object: no null, no array, no scalar. */
export function isJsonObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Returns the member `name` of a JSON object, undefined if `value` is none or has no such member. */
export function member(value: unknown, name: string): unknown {
  return isJsonObject(value) && Object.hasOwn(value, name) ? value[name] : undefined;
}

/** True when the text cannot nest too deep: it has not enough brackets for that, wherever they stand. */
function isShallow(text: string): boolean {
  if (text.length <= GO_JSON_MAX_DEPTH) return true;
  let left = GO_JSON_MAX_DEPTH;
  for (const bracket of '[{') {
    // A document of megabytes is base64 for the most part: this search leaps over it, a loop would take as long as
    // reading it twice.
    for (let at = text.indexOf(bracket); at >= 0; at = text.indexOf(bracket, at + 1)) {
      left -= 1;
      if (left < 0) return false;
    }
  }
  return true;
}

function endOfContent(bytes: Uint8Array): number {
  let end = bytes.length;
  while (end > 0 && isSpace(bytes[end - 1] as number)) end--;
  return end;
}

function isSpace(byte: number): boolean {
  return byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09;
}

const SURROGATE_ESCAPE = /\\u[dD][89a-fA-F]/;
// In this order: an escaped pair, an escaped half, any other escape (so that `\\` hides no backslash).
const ESCAPES =
  /\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|\\u[dD][89a-fA-F][0-9a-fA-F]{2}|\\./gs;
const ESCAPED_HALF_LENGTH = 6;

function withoutLoneSurrogates(text: string): string {
  // A plain search leaps over what the pattern steps through: a payload of base64 has no backslash.
  if (!text.includes('\\u') || !SURROGATE_ESCAPE.test(text)) return text;
  return text.replace(ESCAPES, (found) =>
    found.length === ESCAPED_HALF_LENGTH ? '\\ufffd' : found,
  );
}
