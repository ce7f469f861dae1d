/**
 * INI text as the Go package that Rekor reads .PKGINFO with understands it (gopkg.in/ini.v1, its default options). The
 * pairs go into the leaf, so they have to come out the same to the byte.
 *
 * In scope: the pairs outside any section, and of the section DEFAULT. Out of scope: what the pairs mean. Time is
 * linear in the text.
 */

import { utf8 } from '../../encoding/bytes.js';
import { goQuote } from '../../encoding/go-quote.js';
import { trimGoSpace } from '../../encoding/go-space.js';
import { fromGoUtf8 } from '../../encoding/go-utf8.js';
import { LogError } from '../../errors.js';

/** Returns the pairs in `content`; of several with one name the last. Throws ENTRY_MALFORMED with the package's reason. */
export function readIni(content: Uint8Array): ReadonlyMap<string, string> {
  const body = withoutMark(content);
  const text = fromGoUtf8(body);
  // Each damaged byte has become three.
  const isDamaged = utf8(text).length !== body.length;
  const lines = new Lines(text);
  const pairs = new Map<string, string>();
  let isDefault = true;
  let unnamed = 1;
  while (!lines.atEnd) {
    const line = trimStart(lines.next());
    if (line === '' || line[0] === '#' || line[0] === ';') continue;
    if (line[0] === '[') {
      isDefault = sectionName(line) === DEFAULT_SECTION;
      unnamed = 1;
      continue;
    }
    const { name, rest } = splitName(line);
    const value = readValue(rest, lines);
    if (name === '') throw malformed('error creating new key: empty key name');
    const key = name === '-' ? `#${unnamed++}` : name;
    if (!isDefault) continue;
    // Names that differ in damaged bytes alone look the same in the leaf; Rekor fails on them.
    if (isDamaged && key.includes(DAMAGE) && pairs.has(key)) throw malformed('duplicate key');
    pairs.set(key, value);
  }
  return pairs;
}

/** What a byte that is no UTF-8 is read as. */
const DAMAGE = '\ufffd';

const DEFAULT_SECTION = 'DEFAULT';
const DELIMITER = /[=:]/;
const COMMENT = /[#;]/;
const TRIPLE_QUOTE = '"""';

/** Lines with their ends. `atEnd` turns true with the line that has none, which may be empty. */
class Lines {
  readonly #text: string;
  #at = 0;
  atEnd = false;

  constructor(text: string) {
    this.#text = text;
  }

  next(): string {
    const newline = this.#text.indexOf('\n', this.#at);
    const end = newline < 0 ? this.#text.length : newline + 1;
    const line = this.#text.slice(this.#at, end);
    this.#at = end;
    if (newline < 0) this.atEnd = true;
    return line;
  }
}

/** Any byte order mark goes; what follows one of UTF-16 is read as UTF-8 all the same. */
function withoutMark(content: Uint8Array): Uint8Array {
  const [first, second, third] = content;
  const isWide = (first === 0xfe && second === 0xff) || (first === 0xff && second === 0xfe);
  if (isWide) return content.subarray(2);
  const isUtf8 = first === 0xef && second === 0xbb && third === 0xbf;
  return isUtf8 ? content.subarray(3) : content;
}

function sectionName(line: string): string {
  const end = line.lastIndexOf(']');
  if (end < 0) throw malformed(`unclosed section: ${line}`);
  if (end === 1) throw malformed('empty section name');
  return line.slice(1, end);
}

/** Splits a line behind its delimiter, which does not count inside a quoted name. */
function splitName(line: string): { name: string; rest: string } {
  const quote = nameQuote(line);
  const start = quote.length;
  const close = quote === '' ? 0 : line.indexOf(quote, start);
  if (close < 0) throw malformed(`missing closing key quote: ${line}`);
  const from = quote === '' ? 0 : close + start;
  const distance = line.slice(from).search(DELIMITER);
  if (distance < 0) throw malformed(`key-value delimiter not found: ${line}`);
  const delimiter = from + distance;
  if (delimiter === 0) throw malformed(`empty key name: ${line}`);
  const name = quote === '' ? line.slice(0, delimiter) : line.slice(start, close);
  return { name: trimGoSpace(name), rest: line.slice(delimiter + 1) };
}

function nameQuote(line: string): string {
  if (line[0] === '`') return '`';
  if (line[0] !== '"') return '';
  return byteLengthOver(line, 6) && line.startsWith(TRIPLE_QUOTE) ? TRIPLE_QUOTE : '"';
}

/** True when `text` has more than `least` bytes of UTF-8; only its start is looked at. */
function byteLengthOver(text: string, least: number): boolean {
  return new TextEncoder().encode(text.slice(0, least + 1)).length > least;
}

function readValue(rest: string, lines: Lines): string {
  const line = trimStart(rest);
  if (line === '') return '';
  const isTriple = line.length > TRIPLE_QUOTE.length && line.startsWith(TRIPLE_QUOTE);
  const quote = isTriple ? TRIPLE_QUOTE : line[0] === '`' ? '`' : undefined;
  if (quote !== undefined) {
    const inside = line.slice(quote.length);
    const close = inside.lastIndexOf(quote);
    return close < 0 ? readQuotedLines(line, inside, quote, lines) : inside.slice(0, close);
  }
  const trimmed = trimGoSpace(line);
  if (trimmed.endsWith('\\')) return readContinuedLines(trimmed.slice(0, -1), lines);
  const comment = trimmed.search(COMMENT);
  return withoutQuotes(comment < 0 ? trimmed : trimGoSpace(trimmed.slice(0, comment)));
}

/** A value over several lines ends with the last quote of a line, unless a backslash ends that line. */
function readQuotedLines(line: string, first: string, quote: string, lines: Lines): string {
  const parts = [first];
  for (;;) {
    const next = lines.next();
    const close = next.lastIndexOf(quote);
    if (close >= 0) {
      const goesOn = trimGoSpace(next.slice(close + quote.length)).endsWith('\\');
      parts.push(goesOn ? next : next.slice(0, close));
      if (!goesOn) return parts.join('');
      continue;
    }
    parts.push(next);
    if (lines.atEnd) {
      throw malformed(`missing closing key quote from ${goQuote(line)} to ${goQuote(next)}`);
    }
  }
}

function readContinuedLines(first: string, lines: Lines): string {
  const parts = [first];
  for (;;) {
    const next = trimGoSpace(lines.next());
    if (!next.endsWith('\\')) return [...parts, next].join('');
    parts.push(next.slice(0, -1));
  }
}

function withoutQuotes(value: string): string {
  const quote = value[0];
  if (value.length < 2 || (quote !== '"' && quote !== "'")) return value;
  return value.indexOf(quote, 1) === value.length - 1 ? value.slice(1, -1) : value;
}

function trimStart(text: string): string {
  const kept = trimGoSpace(text);
  return kept === '' ? '' : text.slice(text.indexOf(kept));
}

function malformed(reason: string): LogError {
  return new LogError('ENTRY_MALFORMED', reason);
}
