/**
 * A walker over DER (ITU-T X.690, distinguished rules): where each element begins and ends.
 *
 * In scope: identifier and length octets, the few universal types that keys and certificates are made of.
 * Out of scope: schemas, indefinite lengths and multi-octet tags, which are refused. The walker copies nothing,
 * keeps no state and does not recurse; each step stays inside the element that it was given.
 */

import { LogError } from '../errors.js';

/** Where one element lies in the bytes that it was read from. */
export interface DerElement {
  /** The identifier octet, class and form included: 0x30 for a SEQUENCE. */
  readonly tag: number;
  /** Offset of the identifier octet. */
  readonly start: number;
  /** Offset of the first content octet. */
  readonly content: number;
  /** Offset after the last content octet. */
  readonly end: number;
}

/** Identifier octets of the universal types used here. */
export const DER_TAG = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  null: 0x05,
  oid: 0x06,
  utf8String: 0x0c,
  printableString: 0x13,
  teletexString: 0x14,
  ia5String: 0x16,
  utcTime: 0x17,
  generalizedTime: 0x18,
  bmpString: 0x1e,
  sequence: 0x30,
  set: 0x31,
} as const;

/**
 * Returns the element at `offset`, which must end at or before `limit`. Throws ENCODING_MALFORMED on a cut
 * element, a length that is not in its shortest form, an indefinite length or a multi-octet tag.
 */
export function readElement(
  bytes: Uint8Array,
  offset: number,
  limit: number = bytes.length,
): DerElement {
  if (offset + 2 > limit) throw malformed(`is cut off at byte ${offset}`);
  const tag = bytes[offset] as number;
  if ((tag & 0x1f) === 0x1f) throw malformed(`has a multi-octet tag at byte ${offset}`);
  const first = bytes[offset + 1] as number;
  let length = first;
  let content = offset + 2;
  if (first >= 0x80) {
    const octets = first & 0x7f;
    if (octets === 0 || octets > 4) throw malformed(`has a length of ${octets} octets`);
    if (content + octets > limit) throw malformed(`is cut off at byte ${content}`);
    length = 0;
    for (let i = 0; i < octets; i++) length = length * 256 + (bytes[content++] as number);
    const shortest = length >= 0x80 && length >= 256 ** (octets - 1);
    if (!shortest) throw malformed(`has a length not in its shortest form at byte ${offset}`);
  }
  const end = content + length;
  if (end > limit) throw malformed(`has an element of ${length} bytes that is cut off`);
  return { tag, start: offset, content, end };
}

/** Returns the one element that fills `bytes`. Throws ENCODING_MALFORMED, for bytes that follow it too. */
export function readOnlyElement(bytes: Uint8Array, tag?: number): DerElement {
  const element = readElement(bytes, 0);
  if (element.end !== bytes.length) throw malformed('has bytes after its last element');
  return tag === undefined ? element : expectTag(element, tag);
}

/** Returns the elements inside `parent`, in order. Throws ENCODING_MALFORMED. */
export function readChildren(bytes: Uint8Array, parent: DerElement): DerElement[] {
  const children: DerElement[] = [];
  for (let offset = parent.content; offset < parent.end; ) {
    const child = readElement(bytes, offset, parent.end);
    children.push(child);
    offset = child.end;
  }
  return children;
}

/** Returns `element` when it is there and has this tag. Throws ENCODING_MALFORMED. */
function expectTag(element: DerElement | undefined, tag: number): DerElement {
  if (element?.tag !== tag) {
    const found = element === undefined ? 'nothing' : `0x${element.tag.toString(16)}`;
    throw malformed(`has ${found} where tag 0x${tag.toString(16)} belongs`);
  }
  return element;
}

/** Returns the content octets, without a copy. */
export function contentOf(bytes: Uint8Array, element: DerElement): Uint8Array {
  return bytes.subarray(element.content, element.end);
}

/** Returns the whole element, identifier and length octets included, without a copy. */
export function encodingOf(bytes: Uint8Array, element: DerElement): Uint8Array {
  return bytes.subarray(element.start, element.end);
}

/** Returns the value of an INTEGER. Throws ENCODING_MALFORMED unless it is in its shortest form. */
export function readInteger(bytes: Uint8Array, element: DerElement | undefined): bigint {
  const { content, end } = expectTag(element, DER_TAG.integer);
  if (content === end) throw malformed('has an INTEGER without content');
  const first = bytes[content] as number;
  const signOfSecond = (bytes[content + 1] ?? 0) >> 7;
  if (end - content > 1 && (first === 0 || first === 0xff) && signOfSecond === first >> 7) {
    throw malformed('has an INTEGER that is not in its shortest form');
  }
  let hex = '0x';
  for (let i = content; i < end; i++) hex += (bytes[i] as number).toString(16).padStart(2, '0');
  const unsigned = BigInt(hex);
  return first < 0x80 ? unsigned : unsigned - (1n << BigInt(8 * (end - content)));
}

/** Longest arc of an object identifier that is read: 128 bits, as in the UUID arcs, take 19 octets. */
export const MAX_OID_ARC_OCTETS = 19;

/** Returns an OBJECT IDENTIFIER in dotted decimal. Throws ENCODING_MALFORMED. */
export function readOid(bytes: Uint8Array, element: DerElement | undefined): string {
  const { content, end } = expectTag(element, DER_TAG.oid);
  if (content === end) throw malformed('has an object identifier without content');
  let text = '';
  for (let offset = content; offset < end; ) {
    const last = lastOctetOfArc(bytes, offset, end);
    const arc = arcValue(bytes, offset, last);
    text += offset === content ? firstArcs(arc) : `.${arc}`;
    offset = last + 1;
  }
  return text;
}

/** Returns the content of a BIT STRING of whole octets. Throws ENCODING_MALFORMED. */
export function readBitString(bytes: Uint8Array, element: DerElement | undefined): Uint8Array {
  const { content, end } = expectTag(element, DER_TAG.bitString);
  if (content === end || bytes[content] !== 0) {
    throw malformed('has a BIT STRING that is not made of whole octets');
  }
  return bytes.subarray(content + 1, end);
}

/** Returns the DER of an element with this identifier octet around the given contents. */
export function encodeElement(tag: number, ...contents: readonly Uint8Array[]): Uint8Array {
  let length = 0;
  for (const part of contents) length += part.length;
  const lengthOctets: number[] = [];
  for (let left = length; left > 0; left = Math.floor(left / 256)) lengthOctets.unshift(left % 256);
  const header = length < 0x80 ? [tag, length] : [tag, 0x80 | lengthOctets.length, ...lengthOctets];
  const element = new Uint8Array(header.length + length);
  element.set(header);
  let offset = header.length;
  for (const part of contents) {
    element.set(part, offset);
    offset += part.length;
  }
  return element;
}

function lastOctetOfArc(bytes: Uint8Array, offset: number, end: number): number {
  if (bytes[offset] === 0x80) throw malformed('has an object identifier with a padded arc');
  let last = offset;
  while (last < end && (bytes[last] as number) >= 0x80) last++;
  if (last === end) throw malformed('has an object identifier that is cut off');
  if (last - offset >= MAX_OID_ARC_OCTETS) throw malformed('has an object identifier arc too long');
  return last;
}

function arcValue(bytes: Uint8Array, offset: number, last: number): number | bigint {
  // Seven octets hold 49 bits: exact as a number, which nearly every arc is.
  if (last - offset < 7) {
    let arc = 0;
    for (let i = offset; i <= last; i++) arc = arc * 128 + ((bytes[i] as number) & 0x7f);
    return arc;
  }
  let arc = 0n;
  for (let i = offset; i <= last; i++) arc = arc * 128n + BigInt((bytes[i] as number) & 0x7f);
  return arc;
}

function firstArcs(arc: number | bigint): string {
  if (arc < 40) return `0.${arc}`;
  if (arc < 80) return `1.${typeof arc === 'bigint' ? arc - 40n : arc - 40}`;
  return `2.${typeof arc === 'bigint' ? arc - 80n : arc - 80}`;
}

function malformed(problem: string): LogError {
  return new LogError('ENCODING_MALFORMED', `DER ${problem}`);
}
