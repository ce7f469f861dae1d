/**
 * The source text of parts of a JSON document that is known to be well-formed: what JSON.parse loses (a name that is
 * there twice, 2^63 against 2^63 - 1, `1.0` against `1`) is still there. Readers of fields walk over it as Go's
 * encoding/json does. Linear, nothing recurses, and nothing is kept of what the caller does not take.
 */

import { utf8 } from './bytes.js';
import { decodeGoJson } from './go-json.js';

/** The text of a member of an object. */
export interface MemberText {
  /** Unescaped. */
  readonly name: string;
  readonly value: string;
}

/** Returns the members of an object in the order of the document, repeated names too. */
export function* memberTexts(object: string): Generator<MemberText> {
  for (const item of itemTexts(object)) {
    const end = endOfString(item, 0);
    const literal = item.slice(0, end);
    const name = literal.includes('\\') ? (valueOfText(literal) as string) : literal.slice(1, -1);
    yield { name, value: item.slice(item.indexOf(':', end) + 1).trim() };
  }
}

/** Returns the texts of the items of an array, or of the members (`"name": value`) of an object. */
export function* itemTexts(container: string): Generator<string> {
  const text = container.trim();
  let depth = 0;
  let start = 1;
  for (let i = 0; i < text.length; i++) {
    switch (text.charCodeAt(i)) {
      case QUOTE:
        i = endOfString(text, i) - 1;
        break;
      case OPEN_ARRAY:
      case OPEN_OBJECT:
        depth++;
        break;
      case CLOSE_ARRAY:
      case CLOSE_OBJECT:
        depth--;
        break;
      case COMMA:
        if (depth > 1) break;
        yield text.slice(start, i).trim();
        start = i + 1;
    }
  }
  const last = text.slice(start, -1).trim();
  if (last !== '') yield last;
}

/** Returns the value of a part. Only for an escaped lone surrogate JSON.parse does not do what Go does. */
export function valueOfText(text: string): unknown {
  return text.includes('\\u') ? decodeGoJson(utf8(text)) : JSON.parse(text);
}

/**
 * Returns whether a member called `key` goes to the field `field`, an ASCII name: letter case does not matter, and
 * of the two letters outside ASCII that fold into it, toLowerCase knows the other (U+212A).
 */
export function isSameGoName(field: string, key: string): boolean {
  if (field === key) return true;
  if (field.length !== key.length) return false;
  return field.toLowerCase() === key.toLowerCase().replaceAll('\u017f', 's');
}

const QUOTE = 0x22;
const COMMA = 0x2c;
const OPEN_ARRAY = 0x5b;
const BACKSLASH = 0x5c;
const CLOSE_ARRAY = 0x5d;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;

/** Returns the offset after the string literal that opens at `from`; a quote ends it unless it is escaped. */
function endOfString(text: string, from: number): number {
  for (let quote = text.indexOf('"', from + 1); quote >= 0; quote = text.indexOf('"', quote + 1)) {
    let backslashes = 0;
    while (text.charCodeAt(quote - 1 - backslashes) === BACKSLASH) backslashes++;
    if (backslashes % 2 === 0) return quote + 1;
  }
  return text.length;
}
