/**
 * What an item of CBOR means, as far as COSE headers ask: numbers, texts, bytes, lists. Everything else is only
 * checked: a header with a broken time or with a map that has a key twice is refused.
 *
 * In scope: items of bytes that checkItem has passed. Out of scope: syntax (cbor-syntax.ts). Recursion is as deep as
 * the levels that the syntax allows.
 */

import { fromUtf8 } from '../../encoding/bytes.js';
import { toHex } from '../../encoding/hex.js';
import { isLogError, LogError } from '../../errors.js';
import { isGoTime } from '../shared/go-time.js';
import { type CborHead, exactArgument, headAt, itemEnd, MAJOR, majorName } from './cbor-syntax.js';

/** An item. `other` is what no header is asked for. */
export type CborItem =
  /** In the range of 64 bits with sign. */
  | { readonly kind: 'integer'; readonly value: bigint }
  | { readonly kind: 'text'; readonly value: string }
  | { readonly kind: 'bytes'; readonly value: Uint8Array }
  | { readonly kind: 'list'; readonly items: readonly CborItem[] }
  | { readonly kind: 'other'; readonly identity: Identity };

/** What makes two keys of a map one: equal names. A symbol equals nothing, and undefined cannot be a key. */
export type Identity = string | symbol | undefined;

/** Returns the item that `bytes` is. Throws ENTRY_MALFORMED. */
export function readItem(bytes: Uint8Array): CborItem {
  return new ItemReader(bytes).read(true);
}

/** Returns what `item` is as the key of a map. */
export function identityOf(item: CborItem): Identity {
  switch (item.kind) {
    case 'integer':
      return `integer ${item.value}`;
    case 'text':
      return `text ${item.value}`;
    case 'bytes':
      return `bytes ${toHex(item.value)}`;
    case 'list':
      return undefined;
    case 'other':
      return item.identity;
  }
}

/** Returns the offset of the item at `from` without the tags in front that only say that CBOR follows. */
export function skipSelfDescription(bytes: Uint8Array, from: number): number {
  let at = from;
  while ((bytes[at] as number) >> 5 === MAJOR.tag) {
    const { argument, end } = headAt(bytes, at);
    if (argument !== SELF_DESCRIBED) break;
    at = end;
  }
  return at;
}

const SELF_DESCRIBED = 55_799;
const TAG = { time: 0, epoch: 1, bignum: 2, negativeBignum: 3 } as const;
const MAX_INT64 = (1n << 63n) - 1n;

class ItemReader {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  read(mayDescribeItself: boolean): CborItem {
    if (mayDescribeItself) this.#at = skipSelfDescription(this.#bytes, this.#at);
    const from = this.#at;
    const head = headAt(this.#bytes, from);
    this.#at = head.end;
    switch (head.major) {
      case MAJOR.positive:
      case MAJOR.negative:
        return this.#readInteger(from, head);
      case MAJOR.bytes:
        return { kind: 'bytes', value: this.#take(head.argument) };
      case MAJOR.text:
        return { kind: 'text', value: textOf(this.#take(head.argument)) };
      case MAJOR.list:
        return this.#readList(head.argument);
      case MAJOR.map:
        return this.#readMap(head.argument);
      case MAJOR.tag:
        return this.#readTag(from, head);
      default:
        return { kind: 'other', identity: this.#identityOfSimple(from, head) };
    }
  }

  #take(length: number): Uint8Array {
    this.#at += length;
    return this.#bytes.subarray(this.#at - length, this.#at);
  }

  #readInteger(from: number, head: CborHead): CborItem {
    const argument = exactArgument(this.#bytes, from, head);
    if (argument <= MAX_INT64) {
      return { kind: 'integer', value: head.major === MAJOR.positive ? argument : -1n - argument };
    }
    // Below the range it becomes a big number, above it an error.
    if (head.major === MAJOR.negative) return { kind: 'other', identity: undefined };
    const target = 'Go value of type int64';
    throw malformed(
      `cbor: cannot unmarshal positive integer into ${target} (${argument} overflows Go's int64)`,
    );
  }

  #readList(count: number): CborItem {
    const items: CborItem[] = [];
    for (let item = 0; item < count; item++) items.push(this.read(true));
    return { kind: 'list', items };
  }

  #readMap(count: number): CborItem {
    const seen = new Set<Identity>();
    for (let entry = 0; entry < count; entry++) {
      const identity = identityOf(this.read(true));
      if (identity === undefined) throw malformed('cbor: invalid map key type');
      this.read(true);
      if (seen.has(identity)) {
        throw malformed(`cbor: found duplicate map key at map element index ${entry}`);
      }
      seen.add(identity);
    }
    return { kind: 'other', identity: undefined };
  }

  #readTag(from: number, head: CborHead): CborItem {
    const content = headAt(this.#bytes, this.#at);
    checkTagContent(head.argument, content, this.#bytes[this.#at] as number);
    switch (head.argument) {
      case TAG.time:
        return { kind: 'other', identity: identityOfTime(textOf(this.#takeString(content))) };
      case TAG.epoch:
        return { kind: 'other', identity: this.#identityOfEpoch() };
      case TAG.bignum:
      case TAG.negativeBignum:
        this.#takeString(content);
        return { kind: 'other', identity: undefined };
    }
    const number = exactArgument(this.#bytes, from, head);
    const inner = identityOf(this.read(false));
    const identity = typeof inner === 'string' ? `tag ${number} (${inner})` : inner;
    return { kind: 'other', identity };
  }

  /** Takes a string of which only the head has been looked at. */
  #takeString({ argument, end }: CborHead): Uint8Array {
    this.#at = end;
    return this.#take(argument);
  }

  #identityOfEpoch(): Identity {
    const from = this.#at;
    const head = headAt(this.#bytes, from);
    this.#at = head.end;
    if (head.major === MAJOR.simple) return `local time ${floatOf(this.#bytes, from, head)}`;
    const argument = exactArgument(this.#bytes, from, head);
    if (argument > MAX_INT64) {
      const type = majorName(head.major);
      throw malformed(`cbor: cannot unmarshal ${type} into Go value of type time.Time`);
    }
    return `local time ${head.major === MAJOR.positive ? argument : -1n - argument}`;
  }

  #identityOfSimple(from: number, head: CborHead): Identity {
    switch (head.info) {
      case 20:
      case 21:
        return `boolean ${head.info}`;
      case 22:
      case 23:
        return 'nil';
      case 25:
      case 26:
      case 27: {
        const value = floatOf(this.#bytes, from, head);
        return Number.isNaN(value) ? Symbol('NaN') : `float ${value}`;
      }
      default:
        return `simple ${head.argument}`;
    }
  }
}

/** The tags that the library knows have contents of certain types. */
function checkTagContent(tag: number, { major }: CborHead, firstByte: number): void {
  switch (tag) {
    case TAG.time:
      if (major === MAJOR.text) return;
      throw malformed(
        `cbor: tag number 0 must be followed by text string, got ${majorName(major)}`,
      );
    case TAG.epoch: {
      const isFloat = firstByte >= 0xf9 && firstByte <= 0xfb;
      if (major === MAJOR.positive || major === MAJOR.negative || isFloat) return;
      throw malformed(
        `cbor: tag number 1 must be followed by integer or floating-point number, got ${majorName(major)}`,
      );
    }
    case TAG.bignum:
    case TAG.negativeBignum:
      if (major === MAJOR.bytes) return;
      throw malformed(
        `cbor: tag number 2 or 3 must be followed by byte string, got ${majorName(major)}`,
      );
  }
}

function identityOfTime(text: string): Identity {
  if (!isGoTime(text)) throw malformed(`cbor: cannot set ${text} for time.Time`);
  // Go compares the zones too, and each but these two is an object of its own.
  if (text.endsWith('Z')) return `time ${text}`;
  return /[+-]00:00$/.test(text) ? `local time ${Date.parse(text) / 1000}` : Symbol('time');
}

function floatOf(bytes: Uint8Array, from: number, { info, end }: CborHead): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset + from + 1, end - from - 1);
  if (info === 26) return view.getFloat32(0);
  return info === 27 ? view.getFloat64(0) : float16Of(view.getUint16(0));
}

/** RFC 8949 appendix D. */
function float16Of(half: number): number {
  const exponent = (half >> 10) & 31;
  const fraction = half & 1023;
  const sign = half < 0x8000 ? 1 : -1;
  if (exponent === 31) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  return sign * (exponent === 0 ? fraction * 2 ** -24 : (1024 + fraction) * 2 ** (exponent - 25));
}

function textOf(bytes: Uint8Array): string {
  try {
    return fromUtf8(bytes);
  } catch (cause) {
    if (!isLogError(cause)) throw cause;
    throw new LogError('ENTRY_MALFORMED', 'cbor: invalid UTF-8 string', { cause });
  }
}

function malformed(reason: string): LogError {
  return new LogError('ENTRY_MALFORMED', reason);
}

/** Returns the bytes of the item at `from`, and the offset after it. */
export function rawItem(bytes: Uint8Array, from: number): { raw: Uint8Array; end: number } {
  const end = itemEnd(bytes, from);
  return { raw: bytes.subarray(from, end), end };
}
