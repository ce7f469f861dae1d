/**
 * The members of messages in protobuf's JSON mapping, read in one pass over the bytes as Go's protojson reads
 * them: by the camel or the snake name, each at most once, null as absent, nothing unknown.
 *
 * In scope: what one message, list or scalar may look like, and Go's words for what is wrong with it. Out of
 * scope: which messages there are (request-json.ts), and the words for what is not even JSON: a reader stops at it
 * with words of its own, and whoever called it asks the scanner of encoding/ for Go's.
 *
 * Depth is that of the messages that callers nest, never of the input: an unknown member ends the reading before
 * its value is looked at. State: the offset, in the reader; a reader reads one value.
 */

import { fromProtoBase64 } from '../../encoding/base64.js';
import { fromUtf8, utf8 } from '../../encoding/bytes.js';
import { LogError } from '../../errors.js';
import { proto32OfNumber } from './proto-number.js';

/** Most items of one list: far beyond what any entry may have, far below what a body has room for. */
export const MAX_LIST_ITEMS = 1_000;

/** Longest piece of a body that an error message shows, bytes. */
const MAX_SHOWN_LENGTH = 100;

/** A message: its members by each of their two spellings. */
export interface MessageShape<Name extends string> {
  readonly names: ReadonlyMap<string, Name>;
  /** The members of its oneof, and that oneof's full name. */
  readonly oneof?: { readonly name: string; readonly members: readonly Name[] };
}

/** Returns the shape of a message from its members, `camelName: snake_name`. */
export function messageShape<Name extends string>(
  members: Readonly<Record<Name, string>>,
  oneof?: NonNullable<MessageShape<NoInfer<Name>>['oneof']>,
): MessageShape<Name> {
  const names = new Map<string, Name>();
  for (const [camel, snake] of Object.entries<string>(members)) {
    names.set(camel, camel as Name).set(snake, camel as Name);
  }
  return oneof === undefined ? { names } : { names, oneof };
}

const QUOTE = 0x22;
const COMMA = 0x2c;
const COLON = 0x3a;
const OPEN_ARRAY = 0x5b;
const BACKSLASH = 0x5c;
const CLOSE_ARRAY = 0x5d;
const LETTER_N = 0x6e;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;
const SPACE = 0x20;
const END = -1;

/** Reads one value of a document, from its first byte on. Every method throws ENCODING_MALFORMED. */
export class ProtoJsonReader {
  readonly #bytes: Buffer;
  readonly #start: number;
  #at = 0;
  /** Of the last string literal: where its text lies, and whether that is ASCII without escapes. */
  #from = 0;
  #to = 0;
  #isPlain = true;

  constructor(bytes: Uint8Array) {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
    this.#next();
    this.#start = this.#at;
  }

  /** Returns true when there is nothing but white space left. */
  isAtEnd(): boolean {
    return this.#next() === END;
  }

  /** Reads an object and calls `readMember`, which reads the value, with the camel name of each member that is not null. */
  readMessage<Name extends string>(
    shape: MessageShape<Name>,
    readMember: (name: Name) => void,
  ): void {
    this.#open(OPEN_OBJECT);
    const seen: Name[] = [];
    let isOneofSet = false;
    for (let first = true; this.#hasNext(CLOSE_OBJECT, first); first = false) {
      const at = this.#at;
      const name = this.#readName(shape, at);
      if (seen.includes(name)) throw this.#wrong(at, `duplicate field ${this.#shown(at)}`);
      seen.push(name);
      if (this.#next() === LETTER_N) {
        this.#skipNull();
        continue;
      }
      if (shape.oneof?.members.includes(name)) {
        if (isOneofSet) {
          const what = `error parsing ${this.#shown(at)}, oneof ${shape.oneof.name} is already set`;
          throw this.#wrong(at, what);
        }
        isOneofSet = true;
      }
      readMember(name);
    }
  }

  /** Reads an array and calls `readItem` for each item. */
  readList(readItem: () => void): void {
    this.#open(OPEN_ARRAY);
    let count = 0;
    for (let first = true; this.#hasNext(CLOSE_ARRAY, first); first = false) {
      count++;
      if (count > MAX_LIST_ITEMS) {
        throw this.#wrong(this.#at, `list has more than ${MAX_LIST_ITEMS} items`);
      }
      readItem();
    }
  }

  /** Returns the bytes of the base64 string that is the value of the member `name`. */
  readBytes(name: string): Uint8Array {
    const at = this.#at;
    if (this.#next() !== QUOTE) throw this.#invalidValue(at, 'bytes', name);
    this.#skipString();
    const digits = this.#isPlain
      ? this.#bytes.subarray(this.#from, this.#to)
      : utf8(this.#escapedText(at));
    const bytes = fromProtoBase64(digits);
    if (bytes === undefined) throw this.#invalidValue(at, 'bytes', name);
    return bytes;
  }

  /** Returns the string that is the value of the member `name`. */
  readText(name: string): string {
    const at = this.#at;
    if (this.#next() !== QUOTE) throw this.#invalidValue(at, 'string', name);
    return this.#readString();
  }

  /** Returns the number of an enum's value: written as one (unknown ones too) or as one of `numbers`' names. */
  readEnum(name: string, numbers: ReadonlyMap<string, number>): number {
    const at = this.#at;
    const first = this.#next();
    const number =
      first === QUOTE ? numbers.get(this.#readString()) : proto32OfNumber(this.#readNumber());
    if (number === undefined) throw this.#invalidValue(at, 'enum', name);
    return number;
  }

  #readName<Name extends string>(shape: MessageShape<Name>, at: number): Name {
    if (this.#next() !== QUOTE) throw this.#unexpected(at);
    const text = this.#readString();
    if (this.#next() !== COLON) throw this.#unexpected(this.#at);
    this.#at++;
    const name = shape.names.get(text);
    if (name === undefined) throw this.#wrong(at, `unknown field ${this.#shown(at)}`);
    return name;
  }

  #open(bracket: number): void {
    if (this.#next() !== bracket) throw this.#unexpected(this.#at);
    this.#at++;
  }

  /** Moves to the next member or item; returns false behind the closing bracket. */
  #hasNext(bracket: number, isFirst: boolean): boolean {
    const byte = this.#next();
    if (byte === bracket) {
      this.#at++;
      return false;
    }
    if (isFirst) return true;
    if (byte !== COMMA) throw this.#unexpected(this.#at);
    this.#at++;
    this.#next();
    return true;
  }

  /** Moves over white space; returns the byte there. */
  #next(): number {
    for (;;) {
      const byte = this.#bytes[this.#at];
      if (byte === undefined) return END;
      if (byte !== SPACE && byte !== 0x0a && byte !== 0x0d && byte !== 0x09) return byte;
      this.#at++;
    }
  }

  #skipNull(): void {
    if (this.#bytes.toString('latin1', this.#at, this.#at + 4) !== 'null')
      throw this.#unexpected(this.#at);
    this.#at += 4;
  }

  #readString(): string {
    const at = this.#at;
    this.#skipString();
    return this.#isPlain
      ? this.#bytes.toString('latin1', this.#from, this.#to)
      : this.#escapedText(at);
  }

  #skipString(): void {
    const bytes = this.#bytes;
    let to = this.#at + 1;
    this.#from = to;
    this.#isPlain = true;
    for (;;) {
      const byte = bytes[to];
      if (byte === QUOTE) break;
      if (byte === undefined || byte < SPACE) throw this.#unexpected(to);
      if (byte === BACKSLASH) to++;
      if (byte === BACKSLASH || byte > 0x7f) this.#isPlain = false;
      to++;
    }
    this.#to = to;
    this.#at = to + 1;
  }

  /** Returns the text of the string literal that was just skipped and opens at `at`. */
  #escapedText(at: number): string {
    let text: string;
    try {
      text = fromUtf8(this.#bytes.subarray(at, this.#at));
    } catch {
      throw this.#syntaxError(at, 'invalid UTF-8 in string');
    }
    let value: string;
    try {
      value = JSON.parse(text) as string;
    } catch {
      throw this.#unexpected(at);
    }
    // With `u` a surrogate is matched only if it is no half of a pair.
    if (/\p{Surrogate}/u.test(value)) throw this.#syntaxError(at, 'invalid escape code in string');
    return value;
  }

  /** Returns the text of the number here, '' where there is none. */
  #readNumber(): string {
    const from = this.#at;
    while (isInNumber(this.#bytes[this.#at])) this.#at++;
    return this.#bytes.toString('latin1', from, this.#at);
  }

  #invalidValue(at: number, type: string, name: string): LogError {
    return this.#wrong(at, `invalid value for ${type} field ${name}: ${this.#shown(at)}`);
  }

  #unexpected(at: number): LogError {
    return this.#syntaxError(at, `unexpected token ${this.#shown(at)}`);
  }

  #wrong(at: number, what: string): LogError {
    return new LogError('ENCODING_MALFORMED', `proto: ${this.#place(at)}: ${what}`);
  }

  #syntaxError(at: number, what: string): LogError {
    return new LogError('ENCODING_MALFORMED', `proto: syntax error ${this.#place(at)}: ${what}`);
  }

  /** Returns the place that Go names: it counts from the start of the value, and characters. */
  #place(at: number): string {
    const before = this.#bytes.subarray(this.#start, at);
    let line = 1;
    let column = 1;
    for (const byte of before) {
      if (byte === 0x0a) {
        line++;
        column = 1;
      } else if ((byte & 0xc0) !== 0x80) column++;
    }
    return `(line ${line}:${column})`;
  }

  /** Returns the token at `at` as it is written, cut where it is long. */
  #shown(at: number): string {
    let end = at + 1;
    if (this.#bytes[at] === QUOTE) {
      while (end < this.#bytes.length && this.#bytes[end] !== QUOTE) {
        end += this.#bytes[end] === BACKSLASH ? 2 : 1;
      }
      end++;
    } else while (isInWord(this.#bytes[at]) && isInWord(this.#bytes[end])) end++;
    const token = this.#bytes.subarray(at, Math.min(end, at + MAX_SHOWN_LENGTH)).toString();
    return end - at > MAX_SHOWN_LENGTH ? `${token}…` : token;
  }
}

function isInNumber(byte: number | undefined): boolean {
  if (byte === undefined) return false;
  const isDigit = byte >= 0x30 && byte <= 0x39;
  return isDigit || byte === 0x2b || byte === 0x2d || byte === 0x2e || (byte | 0x20) === 0x65;
}

function isInWord(byte: number | undefined): boolean {
  if (byte === undefined) return false;
  const lower = byte | 0x20;
  return isInNumber(byte) || (lower >= 0x61 && lower <= 0x7a);
}
