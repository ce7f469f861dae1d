/**
 * The syntax of CBOR (RFC 8949) as the COSE library of Rekor takes it: definite lengths only, at most 32 levels,
 * tags only where they are allowed.
 *
 * In scope: heads of items and where an item ends. Out of scope: what an item means (cbor-item.ts). Nothing is
 * allocated from a declared length, and recursion ends with the levels. Messages are those of that library.
 */

import { LogError } from '../../errors.js';

/** Major types, RFC 8949 section 3.1. */
export const MAJOR = {
  positive: 0,
  negative: 1,
  bytes: 2,
  text: 3,
  list: 4,
  map: 5,
  tag: 6,
  simple: 7,
} as const;

const MAJOR_NAMES = [
  'positive integer',
  'negative integer',
  'byte string',
  'UTF-8 text string',
  'array',
  'map',
  'tag',
  'primitives',
] as const;

/** The first bytes of an item. */
export interface CborHead {
  readonly major: number;
  /** The low five bits of the first byte. */
  readonly info: number;
  /** The number that follows, or is in, the first byte; beyond 2^53 not exact. */
  readonly argument: number;
  /** The offset after the head. */
  readonly end: number;
}

const MAX_LEVELS = 32;
const MAX_ITEMS = 131_072;
const INDEFINITE = 31;

/** Whether an item may hold tags. */
export type Tags = 'allowed' | 'forbidden';

/** Throws ENTRY_MALFORMED unless `bytes` is one well-formed item and nothing else. */
export function checkItem(bytes: Uint8Array, tags: Tags): void {
  if (bytes.length === 0) throw malformed('EOF');
  const end = new Scanner(bytes, tags).itemEnd(0, 0);
  if (end === bytes.length) return;
  const rest = bytes.length - end;
  throw malformed(`cbor: ${rest} bytes of extraneous data starting at index ${end}`);
}

/** Returns the offset after the item at `from`. Throws ENTRY_MALFORMED for one that is not well-formed. */
export function itemEnd(bytes: Uint8Array, from: number): number {
  return new Scanner(bytes, 'allowed').itemEnd(from, 0);
}

/** Returns the head at `from`. Throws ENTRY_MALFORMED. */
export function headAt(bytes: Uint8Array, from: number): CborHead {
  const first = bytes[from];
  if (first === undefined) throw malformed('unexpected EOF');
  const major = first >> 5;
  const info = first & 31;
  if (info < 24) return { major, info, argument: info, end: from + 1 };
  if (info > 27) {
    const isString = major >= MAJOR.bytes && major <= MAJOR.map;
    if (info === INDEFINITE && isString) return { major, info, argument: 0, end: from + 1 };
    if (info === INDEFINITE && major === MAJOR.simple) {
      throw malformed('cbor: unexpected "break" code');
    }
    throw malformed(`cbor: invalid additional information ${info} for type ${MAJOR_NAMES[major]}`);
  }
  const end = from + 1 + (1 << (info - 24));
  if (end > bytes.length) throw malformed('unexpected EOF');
  let argument = 0;
  for (let at = from + 1; at < end; at++) argument = argument * 256 + (bytes[at] as number);
  if (major === MAJOR.simple && info === 24 && argument < 32) {
    throw malformed(`cbor: invalid simple value ${argument} for type primitives`);
  }
  return { major, info, argument, end };
}

/** Returns the argument of the head at `from`, exactly. */
export function exactArgument(
  bytes: Uint8Array,
  from: number,
  { argument, end }: CborHead,
): bigint {
  if (argument <= Number.MAX_SAFE_INTEGER) return BigInt(argument);
  let exact = 0n;
  for (let at = from + 1; at < end; at++) exact = exact * 256n + BigInt(bytes[at] as number);
  return exact;
}

/** Returns the name that messages have for a major type. */
export function majorName(major: number): string {
  return MAJOR_NAMES[major] as string;
}

class Scanner {
  readonly #bytes: Uint8Array;
  readonly #tags: Tags;

  constructor(bytes: Uint8Array, tags: Tags) {
    this.#bytes = bytes;
    this.#tags = tags;
  }

  itemEnd(from: number, level: number): number {
    const head = headAt(this.#bytes, from);
    switch (head.major) {
      case MAJOR.bytes:
      case MAJOR.text:
        return this.#stringEnd(from, head);
      case MAJOR.list:
      case MAJOR.map:
        return this.#containerEnd(from, head, level + 1);
      case MAJOR.tag:
        return this.#tagEnd(head, level);
      default:
        return head.end;
    }
  }

  #stringEnd(from: number, { major, info, argument, end }: CborHead): number {
    if (info === INDEFINITE) throw indefinite(major);
    if (isBeyondInt64(this.#bytes, from, info)) {
      throw tooLong(this.#bytes, from, 'causing integer overflow');
    }
    if (argument > this.#bytes.length - end) throw malformed('unexpected EOF');
    return end + argument;
  }

  #containerEnd(from: number, { major, info, argument, end }: CborHead, level: number): number {
    if (level > MAX_LEVELS) throw tooDeep();
    if (info === INDEFINITE) throw indefinite(major);
    if (isBeyondInt64(this.#bytes, from, info)) {
      throw tooLong(this.#bytes, from, 'it would cause integer overflow');
    }
    if (argument > MAX_ITEMS) {
      const what =
        major === MAJOR.list
          ? `elements ${MAX_ITEMS} for CBOR array`
          : `key-value pairs ${MAX_ITEMS} for CBOR map`;
      throw malformed(`cbor: exceeded max number of ${what}`);
    }
    const items = major === MAJOR.map ? 2 * argument : argument;
    let at = end;
    for (let item = 0; item < items; item++) at = this.itemEnd(at, level);
    return at;
  }

  /** A tag in a tag is a level of its own, the first is none. */
  #tagEnd(first: CborHead, levelOfFirst: number): number {
    if (this.#tags === 'forbidden') throw malformed("cbor: CBOR tag isn't allowed");
    let level = levelOfFirst;
    let at = first.end;
    for (;;) {
      const next = headAt(this.#bytes, at);
      if (next.major !== MAJOR.tag) return this.itemEnd(at, level);
      at = next.end;
      level++;
      if (level > MAX_LEVELS) throw tooDeep();
    }
  }
}

function isBeyondInt64(bytes: Uint8Array, from: number, info: number): boolean {
  return info === 27 && (bytes[from + 1] as number) >= 0x80;
}

function tooLong(bytes: Uint8Array, from: number, consequence: string): LogError {
  const head = headAt(bytes, from);
  const length = exactArgument(bytes, from, head);
  return malformed(`cbor: ${majorName(head.major)} length ${length} is too large, ${consequence}`);
}

function tooDeep(): LogError {
  return malformed(`cbor: exceeded max nested level ${MAX_LEVELS}`);
}

function indefinite(major: number): LogError {
  return malformed(`cbor: indefinite-length ${majorName(major)} isn't allowed`);
}

function malformed(reason: string): LogError {
  return new LogError('ENTRY_MALFORMED', reason);
}
