/**
 * Identifier and length octets of DER, and the octets of its simplest types, as strict as Go's encoding/asn1.
 *
 * In scope: single elements. Out of scope: walking from one to the next (asn1-cursor.ts). Every complaint is
 * ENTRY_MALFORMED in Go's words.
 */

import { LogError } from '../../errors.js';

/** Tag numbers of the universal class. */
export const TAG = {
  boolean: 1,
  integer: 2,
  bitString: 3,
  octetString: 4,
  oid: 6,
  utf8String: 12,
  sequence: 16,
  set: 17,
  numericString: 18,
  printableString: 19,
  teletexString: 20,
  ia5String: 22,
  utcTime: 23,
  generalizedTime: 24,
  generalString: 27,
  bmpString: 30,
} as const;

/** The identifier and length octets of an element. */
export interface Header {
  readonly tagClass: number;
  readonly tag: number;
  readonly isCompound: boolean;
  readonly length: number;
  /** Offset of the first content octet. */
  readonly content: number;
}

/** Classes of tags: universal, context-specific. */
export const UNIVERSAL = 0;
export const CONTEXT = 2;

/** True for a header of this class, tag and form. */
export function matches(
  header: Header,
  tagClass: number,
  tag: number,
  isCompound: boolean,
): boolean {
  return header.tagClass === tagClass && header.tag === tag && header.isCompound === isCompound;
}

/** Returns the header at `start`; what it announces need not be there. */
export function readHeader(bytes: Uint8Array, start: number): Header {
  let offset = start;
  const next = (): number => {
    const octet = bytes[offset++];
    if (octet === undefined) throw syntax('truncated tag or length');
    return octet;
  };
  const first = next();
  let tag = first & 0x1f;
  if (tag === 0x1f) {
    const long = readBase128(bytes, offset);
    if (long.value < 0x1f) throw syntax('non-minimal tag');
    tag = long.value;
    offset = long.end;
  }
  let length = next();
  if (length === 0x80) throw syntax('indefinite length found (not DER)');
  if (length > 0x80) {
    const octets = length & 0x7f;
    length = 0;
    for (let count = 0; count < octets; count++) {
      const octet = next();
      if (length >= 0x800000) throw structural('length too large');
      length = length * 256 + octet;
      if (length === 0) throw structural('superfluous leading zeros in length');
    }
    if (length < 0x80) throw structural('non-minimal length');
  }
  return {
    tagClass: first >> 6,
    tag,
    isCompound: (first & 0x20) !== 0,
    length,
    content: offset,
  };
}

function readBase128(bytes: Uint8Array, start: number): { value: number; end: number } {
  let value = 0;
  for (let offset = start; offset < bytes.length; offset++) {
    if (offset === start + 5) throw structural('base 128 integer too large');
    const octet = bytes[offset] as number;
    if (offset === start && octet === 0x80) throw syntax('integer is not minimally encoded');
    value = value * 128 + (octet & 0x7f);
    if (octet >= 0x80) continue;
    if (value > 0x7fffffff) throw structural('base 128 integer too large');
    return { value, end: offset + 1 };
  }
  throw syntax('truncated base 128 integer');
}

/** Returns the dotted form of an object identifier's content. */
export function dotted(content: Uint8Array): string {
  if (content.length === 0) throw syntax('zero length OBJECT IDENTIFIER');
  const arcs: number[] = [];
  for (let offset = 0; offset < content.length; ) {
    const { value, end } = readBase128(content, offset);
    if (offset > 0) arcs.push(value);
    else if (value < 80) arcs.push(Math.floor(value / 40), value % 40);
    else arcs.push(2, value - 80);
    offset = end;
  }
  return arcs.join('.');
}

/** Returns `content`, that of an INTEGER, once it is known to be in its shortest form. */
export function checkInteger(content: Uint8Array): Uint8Array {
  const [first, second] = content;
  if (first === undefined) throw structural('empty integer');
  if (second !== undefined) {
    const isPadded = (first === 0 && second < 0x80) || (first === 0xff && second >= 0x80);
    if (isPadded) throw structural('integer not minimally-encoded');
  }
  return content;
}

/** Returns the value of an INTEGER's content. */
export function signedValue(content: Uint8Array): bigint {
  let value = 0n;
  for (const octet of content) value = value * 256n + BigInt(octet);
  return BigInt.asIntN(content.length * 8, value);
}

/** Returns the value of a BOOLEAN's content. */
export function booleanOf(content: Uint8Array): boolean {
  if (content.length !== 1 || (content[0] !== 0 && content[0] !== 0xff)) {
    throw syntax('invalid boolean');
  }
  return content[0] === 0xff;
}

/** Returns nothing; throws unless `content` is that of a BIT STRING. */
export function checkBitString(content: Uint8Array): void {
  const unused = content[0];
  if (unused === undefined) throw syntax('zero length BIT STRING');
  const last = content[content.length - 1] as number;
  const isDamaged =
    unused > 7 || (content.length === 1 && unused > 0) || (last & ((1 << unused) - 1)) !== 0;
  if (isDamaged) throw syntax('invalid padding bits in BIT STRING');
}

/** True for the complaints that Go calls errors of syntax, which relic takes for absence in one place. */
export function isSyntaxError(error: unknown): boolean {
  return error instanceof LogError && error.message.startsWith(SYNTAX);
}

const SYNTAX = 'asn1: syntax error: ';

/** Returns the error for bytes that are no DER at all. */
export function syntax(problem: string): LogError {
  return new LogError('ENTRY_MALFORMED', `${SYNTAX}${problem}`);
}

/** Returns the error for DER that is not what belongs there. */
export function structural(problem: string): LogError {
  return new LogError('ENTRY_MALFORMED', `asn1: structure error: ${problem}`);
}
