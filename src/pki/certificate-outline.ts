/**
 * Certificates read for their names alone: where subject, issuer, key and extensions lie, and the alternative names.
 *
 * In scope: what tells who signed, of certificates that a log has taken; a tenth of the time that certificate.ts takes, which
 * reads what a certificate may do as well. What is not asked for is only stepped over, object identifiers and the list of
 * names included; what cannot be stepped over is refused at once. Out of scope: whether it is one that Rekor would take. State: spellings of object identifiers that were
 * met, within a bound.
 */

import { Buffer, isUtf8 } from 'node:buffer';
import { DER_TAG, readElement, readOid, readOnlyElement } from '../encoding/der.js';
import { LogError } from '../errors.js';
import { distinguishedNameText, type NameType, otherNameText } from './certificate-names.js';
import { checkName } from './distinguished-name.js';
import { ipAddressText } from './ip-address.js';

/** Where the parts of a certificate lie; all share its memory. */
export interface CertificateOutline {
  readonly der: Uint8Array;
  /** DER of the names. */
  readonly issuer: Uint8Array;
  readonly subject: Uint8Array;
  /** DER of the SubjectPublicKeyInfo, as it stands. */
  readonly publicKey: Uint8Array;
  readonly extensions: readonly OutlinedExtension[];
  /** Returns the subject alternative names, in their order. Throws ENCODING_MALFORMED, KEY_MALFORMED for one that is none. */
  names(): readonly OutlinedName[];
}

/** An extension. */
export interface OutlinedExtension {
  /** Dotted. */
  readonly oid: string;
  readonly critical: boolean;
  readonly value: Uint8Array;
}

/** What an alternative name is: what people look for, and the two rare ones beside it. */
export type OutlinedNameType = NameType | 'directory-name' | 'registered-id';

/** An alternative name. */
export type OutlinedName = readonly [type: OutlinedNameType, name: string];

/** Returns the outline of the certificate in `der`. Throws ENCODING_MALFORMED, KEY_MALFORMED. */
export function outlineCertificate(der: Uint8Array): CertificateOutline {
  return new Outline(der);
}

const VERSION = 0xa0;
const EXTENSIONS = 0xa3;
const ALTERNATIVE_NAMES = Buffer.from('551d11', 'hex');

/** Steps over one element after the other without an object for each: an entry of a log has dozens. */
class Stepper {
  content = 0;
  end = 0;

  /** Returns the tag of the element at `at`, which ends at or before `limit`. Throws as readElement does. */
  over(bytes: Uint8Array, at: number, limit: number): number {
    const tag = bytes[at] as number;
    const first = bytes[at + 1] as number;
    this.content = at + 2;
    this.end = this.content + first;
    if (first < 0x80 && this.end <= limit && (tag & 0x1f) !== 0x1f) return tag;
    const element = readElement(bytes, at, limit);
    this.content = element.content;
    this.end = element.end;
    return element.tag;
  }

  /** The same of an element that must have this tag. Throws KEY_MALFORMED. */
  take(bytes: Uint8Array, at: number, limit: number, tag: number): void {
    if (this.over(bytes, at, limit) === tag) return;
    throw new LogError('KEY_MALFORMED', 'the certificate has another part where one belongs');
  }
}

const step = new Stepper();

/** Where one extension lies, in offsets of the certificate. */
interface ExtensionPlace {
  readonly oid: number;
  readonly oidEnd: number;
  readonly critical: boolean;
  readonly value: number;
  readonly end: number;
}

/** Where one alternative name lies. */
interface NamePlace {
  readonly type: OutlinedNameType;
  readonly content: number;
  readonly end: number;
}

class Outline implements CertificateOutline {
  readonly der: Uint8Array;
  readonly issuer: Uint8Array;
  readonly subject: Uint8Array;
  readonly publicKey: Uint8Array;
  readonly #bytes: Buffer;
  readonly #places: ExtensionPlace[] = [];
  readonly #named: NamePlace[] = [];
  #extensions: readonly OutlinedExtension[] | undefined;
  #names: readonly OutlinedName[] | undefined;

  constructor(der: Uint8Array) {
    const bytes = Buffer.from(der.buffer, der.byteOffset, der.length);
    const whole = readOnlyElement(bytes, DER_TAG.sequence);
    step.take(bytes, whole.content, whole.end, DER_TAG.sequence);
    const { content, end } = step;
    let at = content;
    const next = (tag: number): Uint8Array => {
      const start = at;
      step.take(bytes, at, end, tag);
      at = step.end;
      return bytes.subarray(start, at);
    };
    const skip = (tag: number): void => {
      step.take(bytes, at, end, tag);
      at = step.end;
    };
    if (bytes[at] === VERSION) skip(VERSION);
    skip(DER_TAG.integer);
    skip(DER_TAG.sequence);
    this.issuer = next(DER_TAG.sequence);
    skip(DER_TAG.sequence);
    this.subject = next(DER_TAG.sequence);
    this.publicKey = next(DER_TAG.sequence);
    this.der = der;
    this.#bytes = bytes;
    while (at < end) {
      const tag = step.over(bytes, at, end);
      at = step.end;
      if (tag === EXTENSIONS) this.#stepOverExtensions(step.content, step.end);
    }
  }

  get extensions(): readonly OutlinedExtension[] {
    const bytes = this.#bytes;
    this.#extensions ??= this.#places.map(({ oid, oidEnd, critical, value, end }) => ({
      oid: oidText(bytes, oid, oidEnd),
      critical,
      value: bytes.subarray(value, end),
    }));
    return this.#extensions;
  }

  names(): readonly OutlinedName[] {
    this.#names ??= this.#readNames();
    return this.#names;
  }

  #stepOverExtensions(from: number, to: number): void {
    const bytes = this.#bytes;
    step.take(bytes, from, to, DER_TAG.sequence);
    const { content, end: listEnd } = step;
    for (let at = content; at < listEnd; ) {
      step.take(bytes, at, listEnd, DER_TAG.sequence);
      const { content: inside, end } = step;
      step.take(bytes, inside, end, DER_TAG.oid);
      const { content: oid, end: oidEnd } = step;
      if (!isPlainOid(bytes, oid, oidEnd)) oidText(bytes, oid, oidEnd);
      const isMarked = bytes[oidEnd] === DER_TAG.boolean;
      if (isMarked) step.take(bytes, oidEnd, end, DER_TAG.boolean);
      const critical = isMarked && bytes[step.content] !== 0;
      step.take(bytes, step.end, end, DER_TAG.octetString);
      const place = { oid, oidEnd, critical, value: step.content, end: step.end };
      this.#places.push(place);
      if (isAlternativeNames(bytes, oid, oidEnd)) this.#stepOverNames(place.value, place.end);
      at = end;
    }
  }

  #stepOverNames(value: number, end: number): void {
    const bytes = this.#bytes;
    step.take(bytes, value, end, DER_TAG.sequence);
    const { content, end: listEnd } = step;
    if (listEnd !== end) throw new LogError('ENCODING_MALFORMED', 'DER has bytes after the names');
    for (let at = content; at < listEnd; ) {
      const type = NAME_TYPES.get(step.over(bytes, at, listEnd));
      at = step.end;
      if (type !== undefined) this.#named.push({ type, content: step.content, end: at });
    }
  }

  #readNames(): readonly OutlinedName[] {
    const names: OutlinedName[] = [];
    for (const { type, content, end } of this.#named) {
      const name = nameText(type, this.#bytes.subarray(content, end));
      if (name !== undefined) names.push([type, name]);
    }
    return names;
  }
}

function isAlternativeNames(bytes: Buffer, start: number, end: number): boolean {
  if (end - start !== ALTERNATIVE_NAMES.length) return false;
  return ALTERNATIVE_NAMES.every((octet, at) => bytes[start + at] === octet);
}

/** Tags of GeneralName. */
const NAME_TYPES: ReadonlyMap<number, OutlinedNameType> = new Map([
  [0xa0, 'other-name'],
  [0x81, 'email'],
  [0x82, 'dns'],
  [0xa4, 'directory-name'],
  [0x86, 'uri'],
  [0x87, 'ip'],
  [0x88, 'registered-id'],
]);

function nameText(type: OutlinedNameType, content: Buffer): string | undefined {
  switch (type) {
    case 'other-name':
      return otherNameText(content);
    case 'ip':
      return ipAddressText(content);
    case 'directory-name':
      checkName(content);
      return distinguishedNameText(content);
    case 'registered-id':
      return oidText(content, 0, content.length);
    default:
      return isUtf8(content) ? content.toString('utf8') : content.toString('latin1');
  }
}

/** True for an object identifier whose arcs are all short and whole, as nearly every one is. */
function isPlainOid(bytes: Buffer, start: number, end: number): boolean {
  let arc = start;
  for (let at = start; at < end; at++) {
    const octet = bytes[at] as number;
    if (octet < 0x80) arc = at + 1;
    else if ((at === arc && octet === 0x80) || at - arc >= 4) return false;
  }
  return arc === end && end > start;
}

/** The same two dozen in every certificate; of those that somebody makes up the first so many. */
const oidTexts = new Map<string, string>();
const MAX_OID_TEXTS = 4_096;
const MAX_OID_OCTETS = 16;

function oidText(bytes: Buffer, content: number, end: number): string {
  const octets = bytes.toString('latin1', content, end);
  const known = oidTexts.get(octets);
  if (known !== undefined) return known;
  const text = readOid(bytes, { tag: DER_TAG.oid, start: content, content, end });
  const isKept = oidTexts.size < MAX_OID_TEXTS && octets.length <= MAX_OID_OCTETS;
  if (isKept) oidTexts.set(octets, text);
  return text;
}
