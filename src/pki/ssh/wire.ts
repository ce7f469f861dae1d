/**
 * The data types of the SSH protocol (RFC 4251 section 5): integers, strings, multiple precision integers.
 *
 * In scope: bytes to values and back, with the reasons that Rekor's library gives. Out of scope: what the values
 * mean. The reader copies nothing, and no length is believed beyond the bytes that are there.
 */

import { concatBytes, utf8 } from '../../encoding/bytes.js';
import { type ErrorCode, LogError } from '../../errors.js';

/** Why bytes are refused that end too early. */
const SHORT_READ = 'ssh: short read';
/** Why bytes are refused that are not there at all, or go on after the last member. */
const PARSE_ERROR = 'ssh: parse error in message type 0';

/** Reads values one after the other. Every method throws the code given at the start for damaged bytes. */
export class WireReader {
  readonly #bytes: Uint8Array;
  readonly #code: ErrorCode;
  #at = 0;

  constructor(bytes: Uint8Array, code: ErrorCode) {
    this.#bytes = bytes;
    this.#code = code;
  }

  /** True when nothing is left. */
  get atEnd(): boolean {
    return this.#at === this.#bytes.length;
  }

  /** Throws when nothing is left where a group of values begins. */
  assertMore(): void {
    if (this.atEnd) throw this.failure(PARSE_ERROR);
  }

  /** Throws when anything is left. */
  assertEnd(complaint: string = PARSE_ERROR): void {
    if (!this.atEnd) throw this.failure(complaint);
  }

  /** Returns the next `length` bytes. */
  octets(length: number, complaint: string = SHORT_READ): Uint8Array {
    const end = this.#at + length;
    if (end > this.#bytes.length) throw this.failure(complaint);
    const octets = this.#bytes.subarray(this.#at, end);
    this.#at = end;
    return octets;
  }

  /** Returns the next 32-bit number. */
  uint32(complaint: string = SHORT_READ): number {
    return this.octets(4, complaint).reduce((value, octet) => value * 256 + octet, 0);
  }

  /** Returns the bytes of the next string. */
  string(complaint: string = SHORT_READ): Uint8Array {
    return this.octets(this.uint32(complaint), complaint);
  }

  /** Returns the next string, whose absence is reported as that of a member of a Go struct. */
  field(name: string, owner = ''): Uint8Array {
    return this.string(`ssh: unmarshal error for field ${name} of type ${owner}`);
  }

  /** Returns the next integer in its shortest two's complement form; zero is no byte at all. */
  mpint(): Uint8Array {
    return shortest(this.string());
  }

  /** Returns what is left. */
  rest(): Uint8Array {
    return this.octets(this.#bytes.length - this.#at);
  }

  /** Returns a reader of bytes inside these. */
  nested(bytes: Uint8Array): WireReader {
    return new WireReader(bytes, this.#code);
  }

  /** Returns the error for bytes that break a rule. */
  failure(reason: string): LogError {
    return new LogError(this.#code, reason);
  }
}

/** Returns a number in 32 bits. */
export function wireUint32(value: number): Uint8Array {
  return Uint8Array.of(value >>> 24, value >>> 16, value >>> 8, value);
}

/** Returns strings, each after its length. */
export function wireStrings(...values: readonly (Uint8Array | string)[]): Uint8Array {
  const parts: Uint8Array[] = [];
  for (const value of values) {
    const octets = typeof value === 'string' ? utf8(value) : value;
    parts.push(wireUint32(octets.length), octets);
  }
  return concatBytes(...parts);
}

/** Returns true for an integer below zero, as `WireReader.mpint` returns it. */
export function isNegative(integer: Uint8Array): boolean {
  return (integer[0] ?? 0) >= 0x80;
}

/** Returns the absolute value, unsigned and without leading zeros. */
export function magnitudeOf(integer: Uint8Array): Uint8Array {
  const unsigned = isNegative(integer) ? negated(integer) : integer;
  let start = 0;
  while (unsigned[start] === 0) start++;
  return unsigned.subarray(start);
}

/** Returns the length in bits of an unsigned number without leading zeros. */
export function bitLength(magnitude: Uint8Array): number {
  const [first] = magnitude;
  return first === undefined ? 0 : magnitude.length * 8 - (Math.clz32(first) - 24);
}

function shortest(integer: Uint8Array): Uint8Array {
  let start = 0;
  while (start < integer.length) {
    const first = integer[start] as number;
    const sign = (integer[start + 1] ?? 0) >> 7;
    const isLast = start + 1 === integer.length;
    const isSpare = isLast ? first === 0 : (first === 0 || first === 0xff) && first >> 7 === sign;
    if (!isSpare) break;
    start++;
  }
  return integer.subarray(start);
}

function negated(integer: Uint8Array): Uint8Array {
  const result = integer.map((octet) => ~octet & 0xff);
  for (let at = result.length - 1; at >= 0; at--) {
    const sum = ((result[at] as number) + 1) & 0xff;
    result[at] = sum;
    if (sum !== 0) break;
  }
  return result;
}
