/**
 * A cursor over the children of one DER element, for formats whose refusals have fixed words: each step
 * names the complaint that the client gets when the expected element is not there.
 *
 * In scope: walking forward. Out of scope: what an element means (public-key.ts, certificate.ts).
 */

import { contentOf, type DerElement, encodingOf, readElement } from '../encoding/der.js';
import { isLogError, LogError } from '../errors.js';

/** Walks the elements of `bytes`; every complaint is a LogError KEY_MALFORMED. */
export class DerCursor {
  readonly #bytes: Uint8Array;
  #offset = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  /** True when nothing is left. */
  get atEnd(): boolean {
    return this.#offset >= this.#bytes.length;
  }

  /** Returns the identifier octet of the next element, undefined at the end. */
  get nextTag(): number | undefined {
    return this.#bytes[this.#offset];
  }

  /** Returns the content of the next element and steps over it. Throws `complaint` unless it has `tag`. */
  take(tag: number, complaint: string): Uint8Array {
    return contentOf(this.#bytes, this.#step(tag, complaint));
  }

  /** Returns the whole next element, header included, and steps over it. Throws `complaint` likewise. */
  takeEncoding(tag: number, complaint: string): Uint8Array {
    return encodingOf(this.#bytes, this.#step(tag, complaint));
  }

  /** Returns the next element whatever it is, and steps over it. Throws `complaint` on damaged DER. */
  takeAny(complaint: string): { tag: number; content: Uint8Array; encoding: Uint8Array } {
    const element = this.#step(undefined, complaint);
    return {
      tag: element.tag,
      content: contentOf(this.#bytes, element),
      encoding: encodingOf(this.#bytes, element),
    };
  }

  /** Returns the content of the next element if it has `tag`, else undefined without a step. */
  takeOptional(tag: number, complaint: string): Uint8Array | undefined {
    return this.nextTag === tag ? this.take(tag, complaint) : undefined;
  }

  #step(tag: number | undefined, complaint: string): DerElement {
    let element: DerElement;
    try {
      element = readElement(this.#bytes, this.#offset);
    } catch (cause) {
      if (!isLogError(cause)) throw cause;
      throw new LogError('KEY_MALFORMED', complaint, { cause });
    }
    if (tag !== undefined && element.tag !== tag) throw new LogError('KEY_MALFORMED', complaint);
    this.#offset = element.end;
    return element;
  }
}

/**
 * Returns the dotted form of an object identifier's content. Throws KEY_MALFORMED with `complaint`.
 */
export function dottedOid(content: Uint8Array, complaint: string): string {
  const arcs: number[] = [];
  let arc = 0;
  let fresh = true;
  for (const octet of content) {
    if (fresh && octet === 0x80) throw new LogError('KEY_MALFORMED', complaint);
    arc = arc * 128 + (octet & 0x7f);
    // Go keeps an arc in 31 bits; a longer one is no identifier that anybody knows.
    if (arc > 0x7fffffff) throw new LogError('KEY_MALFORMED', complaint);
    fresh = octet < 0x80;
    if (!fresh) continue;
    if (arcs.length === 0) {
      const first = arc < 40 ? 0 : arc < 80 ? 1 : 2;
      arcs.push(first, arc - 40 * first);
    } else {
      arcs.push(arc);
    }
    arc = 0;
  }
  if (!fresh || arcs.length === 0) throw new LogError('KEY_MALFORMED', complaint);
  return arcs.join('.');
}

/** Returns the content of a shortest-form INTEGER. Throws KEY_MALFORMED with `complaint`. */
export function integerContent(content: Uint8Array, complaint: string): Uint8Array {
  const first = content[0];
  const second = content[1];
  const padded =
    second !== undefined &&
    ((first === 0x00 && second < 0x80) || (first === 0xff && second >= 0x80));
  if (first === undefined || padded) throw new LogError('KEY_MALFORMED', complaint);
  return content;
}

/**
 * Returns the bits of a BIT STRING's content, right-aligned in octets. Throws KEY_MALFORMED with `complaint`
 * unless the unused bits are fewer than eight, and zero.
 */
export function bitStringOctets(content: Uint8Array, complaint: string): Uint8Array {
  const unused = content[0];
  const last = content[content.length - 1];
  if (unused === 0) return content.subarray(1);
  const damaged =
    unused === undefined ||
    last === undefined ||
    unused > 7 ||
    content.length === 1 ||
    (last & ((1 << unused) - 1)) !== 0;
  if (damaged) throw new LogError('KEY_MALFORMED', complaint);
  const octets = new Uint8Array(content.length - 1);
  for (let at = 0; at < octets.length; at++) {
    const carried = at === 0 ? 0 : (content[at] as number) << (8 - unused);
    octets[at] = carried | ((content[at + 1] as number) >> unused);
  }
  return octets;
}

/** Returns the value of a BOOLEAN's content. Throws KEY_MALFORMED with `complaint`. */
export function booleanValue(content: Uint8Array, complaint: string): boolean {
  const octet = content[0];
  if (content.length !== 1 || (octet !== 0 && octet !== 0xff)) {
    throw new LogError('KEY_MALFORMED', complaint);
  }
  return octet === 0xff;
}
