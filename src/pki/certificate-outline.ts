/**
 * Certificates read for their names alone: where subject, issuer, key and extensions lie, and the alternative names.
 *
 * In scope: what tells who signed, of certificates that a log has taken; a third of the time that certificate.ts takes, which
 * reads what a certificate may do as well. Out of scope: whether it is one that Rekor would take. State: spellings of
 * object identifiers that were met, within a bound.
 */

import { Buffer, isUtf8 } from 'node:buffer';
import {
  DER_TAG,
  type DerElement,
  readElement,
  readOid,
  readOnlyElement,
} from '../encoding/der.js';
import { LogError } from '../errors.js';
import { type NameType, otherNameText } from './certificate-names.js';
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
}

/** An extension. */
export interface OutlinedExtension {
  /** Dotted. */
  readonly oid: string;
  readonly critical: boolean;
  readonly value: Uint8Array;
}

/** Returns the outline of the certificate in `der`. Throws ENCODING_MALFORMED, KEY_MALFORMED. */
export function outlineCertificate(der: Uint8Array): CertificateOutline {
  const bytes = Buffer.from(der.buffer, der.byteOffset, der.length);
  const whole = readOnlyElement(bytes, DER_TAG.sequence);
  const body = take(bytes, whole.content, whole.end, DER_TAG.sequence);
  let at = body.content;
  const next = (tag: number): DerElement => {
    const element = take(bytes, at, body.end, tag);
    at = element.end;
    return element;
  };
  if (bytes[at] === VERSION) next(VERSION);
  next(DER_TAG.integer);
  next(DER_TAG.sequence);
  const issuer = next(DER_TAG.sequence);
  next(DER_TAG.sequence);
  const subject = next(DER_TAG.sequence);
  const publicKey = next(DER_TAG.sequence);
  const extensions: OutlinedExtension[] = [];
  while (at < body.end) {
    const element = readElement(bytes, at, body.end);
    at = element.end;
    if (element.tag === EXTENSIONS) readExtensions(bytes, element, extensions);
  }
  return {
    der,
    issuer: bytes.subarray(issuer.start, issuer.end),
    subject: bytes.subarray(subject.start, subject.end),
    publicKey: bytes.subarray(publicKey.start, publicKey.end),
    extensions,
  };
}

/** Returns the subject alternative names, in their order. Throws ENCODING_MALFORMED for a list that is cut off. */
export function outlinedNames({
  extensions,
}: CertificateOutline): (readonly [type: NameType, name: string])[] {
  const names: (readonly [NameType, string])[] = [];
  for (const { oid, value } of extensions) {
    if (oid !== ALTERNATIVE_NAMES) continue;
    const bytes = value as Buffer;
    const list = readOnlyElement(bytes, DER_TAG.sequence);
    for (let at = list.content; at < list.end; ) {
      const { tag, content, end } = readElement(bytes, at, list.end);
      at = end;
      const type = NAME_TYPES.get(tag);
      const name = type === undefined ? undefined : nameText(type, bytes.subarray(content, end));
      if (type !== undefined && name !== undefined) names.push([type, name]);
    }
  }
  return names;
}

const VERSION = 0xa0;
const EXTENSIONS = 0xa3;
const ALTERNATIVE_NAMES = '2.5.29.17';

/** Tags of GeneralName. */
const NAME_TYPES: ReadonlyMap<number, NameType> = new Map([
  [0xa0, 'other-name'],
  [0x81, 'email'],
  [0x82, 'dns'],
  [0x86, 'uri'],
  [0x87, 'ip'],
]);

function nameText(type: NameType, content: Buffer): string | undefined {
  if (type === 'other-name') return otherNameText(content);
  if (type === 'ip') return ipAddressText(content);
  return isUtf8(content) ? content.toString('utf8') : content.toString('latin1');
}

function readExtensions(bytes: Buffer, outer: DerElement, found: OutlinedExtension[]): void {
  const list = take(bytes, outer.content, outer.end, DER_TAG.sequence);
  for (let at = list.content; at < list.end; ) {
    const extension = take(bytes, at, list.end, DER_TAG.sequence);
    at = extension.end;
    const oid = take(bytes, extension.content, extension.end, DER_TAG.oid);
    const isMarked = bytes[oid.end] === DER_TAG.boolean;
    const flag = isMarked ? take(bytes, oid.end, extension.end, DER_TAG.boolean) : oid;
    const value = take(bytes, flag.end, extension.end, DER_TAG.octetString);
    found.push({
      oid: oidText(bytes, oid),
      critical: isMarked && bytes[flag.content] !== 0,
      value: bytes.subarray(value.content, value.end),
    });
  }
}

/** The same two dozen in every certificate; of those that somebody makes up the first so many. */
const oidTexts = new Map<string, string>();
const MAX_OID_TEXTS = 4_096;
const MAX_OID_OCTETS = 16;

function oidText(bytes: Buffer, element: DerElement): string {
  const octets = bytes.toString('latin1', element.content, element.end);
  const known = oidTexts.get(octets);
  if (known !== undefined) return known;
  const text = readOid(bytes, element);
  const isKept = oidTexts.size < MAX_OID_TEXTS && octets.length <= MAX_OID_OCTETS;
  if (isKept) oidTexts.set(octets, text);
  return text;
}

function take(bytes: Uint8Array, at: number, end: number, tag: number): DerElement {
  const element = readElement(bytes, at, end);
  if (element.tag === tag) return element;
  throw new LogError('KEY_MALFORMED', 'the certificate has another part where one belongs');
}
