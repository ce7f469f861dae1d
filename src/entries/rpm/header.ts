/**
 * Header structures of RPM packages: https://rpm-software-management.github.io/rpm/manual/format_header.html
 *
 * A header is an introduction with two lengths, an index of tags, and the data that the index points into.
 *
 * In scope: where a header ends, its tags, their values. Out of scope: what the tags mean (package.ts). Every count
 * and length is held against the bytes that are there before anything is read by it; values are views of them.
 */

import { fromGoUtf8 } from '../../encoding/go-utf8.js';
import { LogError } from '../../errors.js';

/** The bytes of a header. */
export interface HeaderBytes {
  /** The whole header, padding included: what signatures and digests are over. */
  readonly raw: Uint8Array;
  readonly index: Uint8Array;
  readonly data: Uint8Array;
}

/** What the data holds for one tag. */
export interface TagValue {
  readonly tag: number;
  readonly type: number;
  readonly count: number;
  readonly content: Uint8Array;
}

/** Values by tag. */
export type Tags = ReadonlyMap<number, TagValue>;

/** Types of data, as far as they are told apart. */
export const TAG_TYPE = {
  char: 1,
  int8: 2,
  int16: 3,
  int32: 4,
  int64: 5,
  string: 6,
  binary: 7,
  stringArray: 8,
  localizedString: 9,
} as const;

/**
 * Returns the bytes of the header at the start of `bytes`. A signature header is padded to eight bytes. Throws
 * ENTRY_MALFORMED with Rekor's reason when it is none, or not all there.
 */
export function cutHeader(bytes: Uint8Array, isSignature: boolean): HeaderBytes {
  const intro = take(bytes, 0, INTRO_LENGTH, 'error reading RPM header');
  const view = new DataView(intro.buffer, intro.byteOffset, intro.length);
  if (view.getUint32(0) !== MAGIC) throw malformed('bad magic for header');
  const indexLength = view.getUint32(8) * ENTRY_LENGTH;
  const stated = view.getUint32(12);
  const dataLength = isSignature ? Math.ceil(stated / 8) * 8 : stated;
  const index = take(bytes, INTRO_LENGTH, indexLength, 'error reading RPM header table');
  const dataStart = INTRO_LENGTH + indexLength;
  const data = take(bytes, dataStart, dataLength, 'error reading RPM header data');
  return { raw: bytes.subarray(0, dataStart + dataLength), index, data };
}

/**
 * Returns the values of the `wanted` tags; of several with one tag the last. Throws ENTRY_MALFORMED when any tag
 * points outside the data, wanted or not.
 */
export function readTags({ index, data }: HeaderBytes, wanted: ReadonlySet<number>): Tags {
  const tags = new Map<number, TagValue>();
  const view = new DataView(index.buffer, index.byteOffset, index.length);
  let textLeft = MAX_TEXT_SHARE * data.length;
  for (let at = 0; at < index.length; at += ENTRY_LENGTH) {
    const tag = view.getInt32(at);
    const type = view.getInt32(at + 4);
    const start = view.getInt32(at + 8);
    const count = view.getInt32(at + 12);
    const size = SIZES.get(type);
    if (start < 0 || start > data.length) throw malformed(`tag ${tag} is out of bounds`);
    const end = size === undefined ? endOfStrings(data, start, count, tag) : start + size * count;
    if (end < start || end > data.length) throw malformed(`tag ${tag} is out of bounds`);
    if (size === undefined) textLeft -= end - start;
    // Values do not overlap: an index that has the same text read again and again is made to take time.
    if (textLeft < 0) throw malformed(`tag ${tag} overlaps others`);
    if (wanted.has(tag)) tags.set(tag, { tag, type, count, content: data.subarray(start, end) });
  }
  return tags;
}

/** Returns true for a tag that is there and holds strings. */
export function holdsStrings(tags: Tags, tag: number): boolean {
  const type = tags.get(tag)?.type;
  return type !== undefined && STRING_TYPES.has(type);
}

/**
 * Returns the first string of a tag, undefined for a tag without any. Throws ENTRY_MALFORMED with Rekor's reason for a
 * tag that is not there or holds no strings.
 */
export function firstString(tags: Tags, tag: number): string | undefined {
  const value = tags.get(tag);
  if (value === undefined) throw malformed(`No such entry ${tag}`);
  if (!holdsStrings(tags, tag)) {
    throw malformed(`unsupported datatype for string: ${value.type}, tag: ${tag}`);
  }
  if (value.count < 0) throw malformed(`tag ${tag} has a negative count`);
  if (value.count === 0) return undefined;
  return fromGoUtf8(value.content.subarray(0, value.content.indexOf(0)));
}

/**
 * Returns the first number of a tag, undefined for a tag without any. Throws ENTRY_MALFORMED with Rekor's reason for a
 * tag that is not there or holds no numbers.
 */
export function firstNumber(tags: Tags, tag: number): bigint | undefined {
  const value = tags.get(tag);
  if (value === undefined) throw malformed(`No such entry ${tag}`);
  const { type, content } = value;
  const size = NUMBER_TYPES.has(type) ? (SIZES.get(type) as number) : undefined;
  if (size === undefined) throw malformed(`tag ${tag} isn't an int type`);
  if (content.length < size) return undefined;
  return content.subarray(0, size).reduce((sum, octet) => sum * 256n + BigInt(octet), 0n);
}

/** Returns the bytes of a tag, undefined when it is not there. Throws ENTRY_MALFORMED for another type. */
export function binaryValue(tags: Tags, tag: number): Uint8Array | undefined {
  const value = tags.get(tag);
  if (value === undefined) return undefined;
  if (value.type === TAG_TYPE.binary) return value.content;
  throw malformed(`unsupported datatype for bytes: ${value.type}, tag: ${tag}`);
}

const MAGIC = 0x8eade801;
const INTRO_LENGTH = 16;
const ENTRY_LENGTH = 16;

/** Text that all tags together may have, in lengths of the data. */
const MAX_TEXT_SHARE = 2;

/** Bytes of one value; types that are not here are strings, which NUL ends. */
const SIZES: ReadonlyMap<number, number> = new Map([
  [0, 0],
  [TAG_TYPE.char, 1],
  [TAG_TYPE.int8, 1],
  [TAG_TYPE.int16, 2],
  [TAG_TYPE.int32, 4],
  [TAG_TYPE.int64, 8],
  [TAG_TYPE.binary, 1],
]);

const STRING_TYPES: ReadonlySet<number> = new Set([
  TAG_TYPE.string,
  TAG_TYPE.stringArray,
  TAG_TYPE.localizedString,
]);

const NUMBER_TYPES: ReadonlySet<number> = new Set([
  TAG_TYPE.char,
  TAG_TYPE.int8,
  TAG_TYPE.int16,
  TAG_TYPE.int32,
  TAG_TYPE.int64,
]);

function take(bytes: Uint8Array, start: number, length: number, step: string): Uint8Array {
  const left = bytes.length - start;
  if (length <= left) return bytes.subarray(start, start + length);
  throw malformed(`${step}: ${left === 0 ? 'EOF' : 'unexpected EOF'}`);
}

function endOfStrings(data: Uint8Array, start: number, count: number, tag: number): number {
  let end = start;
  for (let left = count; left > 0; ) {
    if (end === data.length) throw malformed(`tag ${tag} is truncated`);
    if (data[end++] === 0) left--;
  }
  return end;
}

function malformed(reason: string): LogError {
  return new LogError('ENTRY_MALFORMED', reason);
}
