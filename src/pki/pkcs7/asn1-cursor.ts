/**
 * A walker over the DER of signed messages that is as strict, and as lenient, as Go's encoding/asn1: what follows
 * the last known member of a SEQUENCE is passed over, tags may have several octets, an optional member is absent
 * when its tag is another one. Both servers must judge a message alike, or they would not store the same leaf.
 *
 * In scope: headers, the universal types that CMS is made of, Go's words for what is wrong. Out of scope: schemas.
 * Copies nothing, does not recurse, allocates nothing by a declared length. Every complaint is ENTRY_MALFORMED.
 */

import {
  booleanOf,
  CONTEXT,
  checkBitString,
  checkInteger,
  dotted,
  type Header,
  matches,
  readHeader,
  signedValue,
  structural,
  syntax,
  TAG,
  UNIVERSAL,
} from './asn1-element.js';
import { checkString } from './asn1-string.js';

/** One element. */
export interface Asn1Value {
  /** 0 universal, 2 context-specific. */
  readonly tagClass: number;
  readonly tag: number;
  readonly isCompound: boolean;
  readonly content: Uint8Array;
  /** The whole element, header included. */
  readonly encoding: Uint8Array;
}

/** Walks the elements of `bytes` in order. */
export class Asn1Cursor {
  readonly #bytes: Uint8Array;
  #offset = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  /** True when nothing is left. */
  get atEnd(): boolean {
    return this.#offset === this.#bytes.length;
  }

  /** Returns what has not been read. */
  get rest(): Uint8Array {
    return this.#bytes.subarray(this.#offset);
  }

  /** Returns the next element, whatever it is. */
  any(): Asn1Value {
    this.#expectMore();
    return this.#step(this.#header());
  }

  /** Returns the next element, undefined at the end. */
  anyOptional(): Asn1Value | undefined {
    return this.atEnd ? undefined : this.any();
  }

  /** Returns the content of a SEQUENCE; `name` is its type in Go's complaint. */
  sequence(name: string): Asn1Value {
    return this.#take(TAG.sequence, true, name);
  }

  /** Returns the SEQUENCE that comes next, undefined at the end and before anything else. */
  optionalSequence(): Asn1Value | undefined {
    return this.#takeOptional(UNIVERSAL, TAG.sequence, true);
  }

  /** Returns the elements of a SET OF SEQUENCE. */
  setOf(): Asn1Value[] {
    return elementsOf(this.#take(TAG.set, true, '', true).content, 'sequences');
  }

  /** Returns the context-specific, compound element `[tag]`, undefined at the end and before anything else. */
  optionalTagged(tag: number): Asn1Value | undefined {
    return this.#takeOptional(CONTEXT, tag, true);
  }

  /** Returns the universal element inside an explicit `[number]`. */
  explicit(number: number, tag: number): Asn1Value {
    this.#expectMore();
    const found = this.optionalExplicit(number, tag);
    if (found === undefined) throw structural("explicitly tagged member didn't match");
    return found;
  }

  /**
   * Returns the universal element inside an explicit `[number]`, undefined where there is none. As in Go, the outer
   * length only has to be there: the inner element decides where the next one begins.
   */
  optionalExplicit(number: number, tag: number): Asn1Value | undefined {
    if (this.atEnd) return undefined;
    const outer = this.#header();
    if (outer.content === this.#bytes.length) throw structural('explicit tag has no child');
    const isTagged = outer.tagClass === CONTEXT && outer.tag === number;
    if (!isTagged || (outer.length > 0 && !outer.isCompound)) return undefined;
    if (outer.length === 0) throw structural('zero length explicit tag was not an asn1.Flag');
    const inner = readHeader(this.#bytes, outer.content);
    const isCompound = tag === TAG.sequence;
    return matches(inner, UNIVERSAL, tag, isCompound) ? this.#step(inner) : undefined;
  }

  /** Returns the dotted form of an OBJECT IDENTIFIER. */
  oid(): string {
    return dotted(this.#take(TAG.oid, false, 'ObjectIdentifier').content);
  }

  /** Returns the content of an INTEGER in its shortest form. */
  integer(name = ''): Uint8Array {
    return checkInteger(this.#take(TAG.integer, false, name).content);
  }

  /** Returns the content of an INTEGER of at most 64 bits. */
  smallInteger(): Uint8Array {
    const content = this.integer('int');
    if (content.length > 8) throw structural('integer too large');
    return content;
  }

  /** Returns the value of an INTEGER of at most 64 bits. */
  smallIntegerValue(): bigint {
    return signedValue(this.smallInteger());
  }

  /** Steps over an INTEGER of at most 64 bits, if there is one; over one with the context tag `tag` if that is given. */
  skipOptionalSmallInteger(tag?: number): void {
    const found =
      tag === undefined
        ? this.#takeOptional(UNIVERSAL, TAG.integer, false)
        : this.#takeOptional(CONTEXT, tag, false);
    if (found !== undefined && checkInteger(found.content).length > 8) {
      throw structural('integer too large');
    }
  }

  /** Returns the INTEGER that comes next, undefined at the end and before anything else. */
  optionalInteger(): Uint8Array | undefined {
    const found = this.#takeOptional(UNIVERSAL, TAG.integer, false);
    return found === undefined ? undefined : checkInteger(found.content);
  }

  /** Returns a BOOLEAN, undefined at the end and before anything else. */
  optionalBoolean(): boolean | undefined {
    const found = this.#takeOptional(UNIVERSAL, TAG.boolean, false);
    return found === undefined ? undefined : booleanOf(found.content);
  }

  /** Returns the content of an OCTET STRING. */
  octets(): Uint8Array {
    return this.#take(TAG.octetString, false, '').content;
  }

  /** Returns a BIT STRING as it is. */
  bitString(): Asn1Value {
    const found = this.#take(TAG.bitString, false, 'BitString');
    checkBitString(found.content);
    return found;
  }

  /** Steps over a BIT STRING, if there is one. */
  skipOptionalBitString(): void {
    const found = this.#takeOptional(UNIVERSAL, TAG.bitString, false);
    if (found !== undefined) checkBitString(found.content);
  }

  /** Returns a UTCTime or GeneralizedTime, undefined at the end and before anything else. */
  optionalTime(): Asn1Value | undefined {
    return (
      this.#takeOptional(UNIVERSAL, TAG.utcTime, false) ??
      this.#takeOptional(UNIVERSAL, TAG.generalizedTime, false)
    );
  }

  /** Returns a UTCTime or GeneralizedTime. */
  time(): Asn1Value {
    return this.optionalTime() ?? this.#take(TAG.utcTime, false, 'Time');
  }

  #take(tag: number, isCompound: boolean, name: string, isSet = false): Asn1Value {
    this.#expectMore();
    const header = this.#header();
    if (!matches(header, UNIVERSAL, tag, isCompound)) {
      throw structural(
        `tags don't match (${tag} vs {class:${header.tagClass} tag:${header.tag} ` +
          `length:${header.length} isCompound:${header.isCompound}}) {optional:false ` +
          'explicit:false application:false private:false defaultValue:<nil> tag:<nil> ' +
          `stringType:0 timeType:0 set:${isSet} omitEmpty:false} ${name} @${header.content}`,
      );
    }
    return this.#step(header);
  }

  #takeOptional(tagClass: number, tag: number, isCompound: boolean): Asn1Value | undefined {
    if (this.atEnd) return undefined;
    const header = this.#header();
    return matches(header, tagClass, tag, isCompound) ? this.#step(header) : undefined;
  }

  #expectMore(): void {
    if (this.atEnd) throw syntax('sequence truncated');
  }

  #header(): Header {
    return readHeader(this.#bytes, this.#offset);
  }

  #step({ tagClass, tag, isCompound, content, length }: Header): Asn1Value {
    const end = content + length;
    if (end > this.#bytes.length) throw syntax('data truncated');
    const start = this.#offset;
    this.#offset = end;
    return {
      tagClass,
      tag,
      isCompound,
      content: this.#bytes.subarray(content, end),
      encoding: this.#bytes.subarray(start, end),
    };
  }
}

/** What the elements of a list have to be. */
export type ListOf = 'anything' | 'sequences' | 'sets' | 'strings';

/** Returns the elements in the content of a list. */
export function elementsOf(content: Uint8Array, of: ListOf): Asn1Value[] {
  checkElements(content, of);
  const elements: Asn1Value[] = [];
  for (const cursor = new Asn1Cursor(content); !cursor.atEnd; ) {
    const element = cursor.any();
    if (of === 'strings') checkString(element.tag, element.content);
    elements.push(element);
  }
  return elements;
}

/** Go looks at the headers of a whole list first: which complaint comes first depends on it. */
function checkElements(content: Uint8Array, of: ListOf): void {
  for (let offset = 0; offset < content.length; ) {
    const header = readHeader(content, offset);
    const fits =
      of === 'anything' ||
      (of === 'strings' && isString(header)) ||
      (of === 'sequences' && matches(header, UNIVERSAL, TAG.sequence, true)) ||
      (of === 'sets' && matches(header, UNIVERSAL, TAG.set, true));
    if (!fits) throw structural('sequence tag mismatch');
    offset = header.content + header.length;
    if (offset > content.length) throw syntax('truncated sequence');
  }
}

const STRING_TAGS: ReadonlySet<number> = new Set([
  TAG.utf8String,
  TAG.numericString,
  TAG.printableString,
  TAG.teletexString,
  TAG.ia5String,
  TAG.generalString,
  TAG.bmpString,
]);

function isString({ tagClass, tag, isCompound }: Header): boolean {
  return tagClass === UNIVERSAL && !isCompound && STRING_TAGS.has(tag);
}
