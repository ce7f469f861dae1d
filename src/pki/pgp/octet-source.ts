/**
 * Reading OpenPGP data octet by octet: a source that may break off with a fault (damaged armour), and in it the
 * bodies of packets, whose length is known, given in parts, or "to the end" (RFC 4880 section 4.2).
 *
 * In scope: positions and lengths. Out of scope: what the octets mean. A length is never trusted with memory: what
 * is taken are views of what is there. A source belongs to the reader that walks it.
 */

import { concatBytes } from '../../encoding/bytes.js';
import { endOfData, type PgpFault, structuralFault, truncated } from './pgp-fault.js';

/** A position in bytes that end, or break off with a fault. */
export class OctetSource {
  readonly #bytes: Uint8Array;
  readonly #fault: PgpFault | undefined;
  #at = 0;

  constructor(bytes: Uint8Array, fault?: PgpFault) {
    this.#bytes = bytes;
    this.#fault = fault;
  }

  /** Returns at most `length` octets, fewer or none at the end. Throws the fault at the place where it is. */
  takeSome(length: number): Uint8Array {
    const taken = this.#bytes.subarray(this.#at, Math.min(this.#at + length, this.#bytes.length));
    this.#at += taken.length;
    if (taken.length < length && this.#fault !== undefined) throw this.#fault;
    return taken;
  }

  /** Returns all octets that are left before the end or the fault. */
  takeWhatIsThere(): Uint8Array {
    const taken = this.#bytes.subarray(this.#at);
    this.#at = this.#bytes.length;
    return taken;
  }

  /** Returns exactly `length` octets. Throws when there are fewer. */
  take(length: number): Uint8Array {
    const taken = this.takeSome(length);
    if (taken.length < length) throw truncated();
    return taken;
  }

  /** Returns true when every octet has been taken and no fault follows. */
  get isAtEnd(): boolean {
    return this.#at >= this.#bytes.length && this.#fault === undefined;
  }
}

/** How long a packet says it is. */
export type BodyLength =
  | { readonly type: 'known'; readonly length: number }
  | { readonly type: 'parts'; readonly firstLength: number }
  | { readonly type: 'to-the-end' };

/** The body of one packet. What its reader leaves in it is read as further packets, as Rekor's library does. */
export class PacketBody {
  readonly #source: OctetSource;
  readonly #isToTheEnd: boolean;
  #remaining: number;
  #hasMoreParts: boolean;
  #partCount = 1;

  constructor(source: OctetSource, length: BodyLength) {
    this.#source = source;
    this.#isToTheEnd = length.type === 'to-the-end';
    this.#hasMoreParts = length.type === 'parts';
    this.#remaining = remainingOf(length);
  }

  /** Returns a body that is all of `bytes`. */
  static of(bytes: Uint8Array): PacketBody {
    return new PacketBody(new OctetSource(bytes), { type: 'known', length: bytes.length });
  }

  /** Returns exactly `length` octets. Throws when the body has fewer. */
  take(length: number): Uint8Array {
    const parts: Uint8Array[] = [];
    let missing = length;
    while (missing > 0) {
      const part = this.#takePart(missing);
      if (part === undefined) throw truncated();
      parts.push(part);
      missing -= part.length;
    }
    return parts.length === 1 ? (parts[0] as Uint8Array) : concatBytes(...parts);
  }

  /** Returns exactly `length` octets like `take`; where there is none at all, the data counts as ended. */
  takeOrEnd(length: number): Uint8Array {
    const first = this.#takePart(length);
    if (first === undefined) throw endOfData();
    return first.length === length ? first : concatBytes(first, this.take(length - first.length));
  }

  /** Returns one octet as a number. */
  takeOctet(): number {
    return this.take(1)[0] as number;
  }

  /** Returns everything that is left. Throws when the source ends before the body does. */
  takeRest(): Uint8Array {
    const parts: Uint8Array[] = [];
    for (let part = this.#takePart(); part !== undefined; part = this.#takePart()) parts.push(part);
    return concatBytes(...parts);
  }

  /** Passes over what is left, whatever its state. */
  skipRest(): void {
    try {
      this.takeRest();
    } catch {
      // The fault that made the caller skip is the one to report; the source keeps its own for the next read.
    }
  }

  /** Returns between one octet and `most`, undefined at the end of the body. */
  #takePart(most = Number.POSITIVE_INFINITY): Uint8Array | undefined {
    while (this.#remaining === 0) {
      if (!this.#hasMoreParts) return undefined;
      this.#partCount++;
      if (this.#partCount > MAX_BODY_PARTS) throw structuralFault('packet has too many parts');
      const next = readNewLength(this.#source);
      this.#remaining = remainingOf(next);
      this.#hasMoreParts = next.type === 'parts';
    }
    const part = this.#source.takeSome(Math.min(most, this.#remaining, MAX_PART));
    if (part.length === 0) {
      if (this.#isToTheEnd) return undefined;
      throw truncated();
    }
    this.#remaining -= part.length;
    return part;
  }
}

/** Most parts of a body: writers make parts of 512 octets and more. */
const MAX_BODY_PARTS = 4096;
/** Octets taken at once; any number beyond the largest ring that is read will do. */
const MAX_PART = 1 << 20;

function remainingOf(length: BodyLength): number {
  if (length.type === 'known') return length.length;
  return length.type === 'parts' ? length.firstLength : Number.POSITIVE_INFINITY;
}

/** Reads a length of a new-format header (RFC 4880 section 4.2.2). */
export function readNewLength(source: OctetSource): BodyLength {
  const first = source.take(1)[0] as number;
  if (first < 192) return { type: 'known', length: first };
  if (first < 224) {
    return { type: 'known', length: ((first - 192) << 8) + (source.take(1)[0] as number) + 192 };
  }
  if (first < 255) return { type: 'parts', firstLength: 2 ** (first & 0x1f) };
  return { type: 'known', length: readUint(source.take(4)) };
}

/** Returns the big-endian number in up to six octets. */
export function readUint(octets: Uint8Array): number {
  let value = 0;
  for (const octet of octets) value = value * 256 + octet;
  return value;
}
