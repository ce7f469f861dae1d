/**
 * The three canonical texts of a JSON document of TUF: the one that is signed and the one that a key is known by (OLPC
 * canonical JSON, http://wiki.laptop.org/go/Canonical_JSON, as Go programs write it), and the one that is stored
 * (RFC 8785); and the one that Go prints of a document that came as a value.
 *
 * In scope: printing. Out of scope: reading (json-source.ts). Nothing recurses.
 */

import { LogError } from '../../errors.js';
import {
  int64Of,
  isStringSource,
  type JsonMember,
  type JsonSource,
  unquote,
} from './json-source.js';

/**
 * Returns the text that signatures are over: numbers go through doubles and must come out as 64-bit integers, of
 * repeated names the last counts. Throws ENTRY_MALFORMED.
 */
export function signedText(value: JsonSource): string {
  return print(value, {
    names: inCodePoints,
    repeated: 'last',
    quote: quoteOlpc,
    number: (literal) => {
      const number = Number(literal);
      return integerText(Object.is(number, -0) ? '-0' : String(number));
    },
  });
}

/** Returns the text that a key is told apart by: numbers as they were written. Throws ENTRY_MALFORMED. */
export function identityText(value: JsonSource): string {
  return print(value, {
    names: inCodePoints,
    repeated: 'last',
    quote: quoteOlpc,
    number: integerText,
  });
}

/**
 * Returns the RFC 8785 text. Throws ENTRY_MALFORMED for repeated names and for what has no such text: a number
 * out of range, half of a surrogate pair.
 */
export function storedText(value: JsonSource): string {
  return print(value, {
    names: (a, b) => (a < b ? -1 : 1),
    repeated: 'refuse',
    quote: JSON.stringify,
    number: (literal) => {
      const number = Number(literal);
      if (!Number.isFinite(number)) throw malformed(`number ${literal} is out of range`);
      return Object.is(number, -0) ? '0' : String(number);
    },
  });
}

/**
 * Returns the text that Go prints of a document that it has read without knowing its fields: of repeated names the
 * last, numbers as they were written. The order decides where two names fold into one.
 */
export function reprintedText(value: JsonSource): string {
  return print(value, {
    names: inCodePoints,
    repeated: 'last',
    quote: JSON.stringify,
    number: (literal) => literal,
  });
}

/** Compares by Unicode code points, which is the order of the UTF-8 bytes. */
function inCodePoints(a: string, b: string): number {
  const shared = Math.min(a.length, b.length);
  for (let at = 0; at < shared; at++) {
    const difference = rankOf(a.charCodeAt(at)) - rankOf(b.charCodeAt(at));
    if (difference !== 0) return difference;
  }
  return a.length - b.length;
}

/** Units of surrogate pairs stand for code points above all others. */
function rankOf(unit: number): number {
  return unit >= 0xd800 && unit <= 0xdfff ? unit + 0x10000 : unit;
}

interface Style {
  readonly names: (a: string, b: string) => number;
  /** What becomes of repeated names; where they are refused, so is text that is not Unicode. */
  readonly repeated: 'last' | 'refuse';
  readonly quote: (text: string) => string;
  readonly number: (literal: string) => string;
}

/** A container that is being printed; `names` is undefined for an array. */
interface Open {
  readonly values: readonly JsonSource[];
  readonly names: readonly string[] | undefined;
  next: number;
}

function print(value: JsonSource, style: Style): string {
  const parts: string[] = [];
  const open: Open[] = [];
  begin(value, style, parts, open);
  for (let container = open.at(-1); container !== undefined; container = open.at(-1)) {
    const { names, values, next } = container;
    if (next === values.length) {
      parts.push(names === undefined ? ']' : '}');
      open.pop();
      continue;
    }
    container.next++;
    if (next > 0) parts.push(',');
    if (names !== undefined) parts.push(style.quote(names[next] as string), ':');
    begin(values[next] as JsonSource, style, parts, open);
  }
  return parts.join('');
}

function begin(value: JsonSource, style: Style, parts: string[], open: Open[]): void {
  if (typeof value === 'string') {
    parts.push(scalarText(value, style));
  } else if ('items' in value) {
    parts.push('[');
    open.push({ values: value.items, names: undefined, next: 0 });
  } else {
    const members = new Map(value.members.map((member) => [nameIn(style, member), member.value]));
    if (members.size < value.members.length && style.repeated === 'refuse') {
      throw malformed('an object has two members of one name');
    }
    const names = [...members.keys()].sort(style.names);
    parts.push('{');
    open.push({ values: names.map((name) => members.get(name) as JsonSource), names, next: 0 });
  }
}

function nameIn(style: Style, { name, nameSource }: JsonMember): string {
  return style.repeated === 'refuse' ? unquote(withWholePairs(nameSource)) : name;
}

function scalarText(value: string, style: Style): string {
  if (isStringSource(value)) {
    return style.quote(unquote(style.repeated === 'refuse' ? withWholePairs(value) : value));
  }
  return value === 'true' || value === 'false' || value === 'null' ? value : style.number(value);
}

const ESCAPES = /\\u[dD][89a-fA-F][0-9a-fA-F]{2}(\\u[0-9a-fA-F]{4})?|\\./g;
const SHORT_ESCAPE_LENGTH = 2;
const WHOLE_PAIR = /^\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F]/;

/**
 * Returns a literal as the library that Rekor stores with reads it: two escapes that make no surrogate pair are one
 * U+FFFD. Throws ENTRY_MALFORMED for a half without another escape.
 */
function withWholePairs(literal: string): string {
  return literal.replace(ESCAPES, (found: string, second: string | undefined) => {
    if (found.length === SHORT_ESCAPE_LENGTH || WHOLE_PAIR.test(found)) return found;
    if (second === undefined) throw malformed('a string holds half of a surrogate pair');
    return '\\ufffd';
  });
}

/** Control characters are written as they are. */
function quoteOlpc(text: string): string {
  return `"${text.replace(/["\\]/g, '\\$&')}"`;
}

function integerText(text: string): string {
  if (int64Of(text) !== undefined) return text;
  throw malformed(`Can't canonicalize floating point number '${text}'`);
}

function malformed(reason: string): LogError {
  return new LogError('ENTRY_MALFORMED', reason);
}
