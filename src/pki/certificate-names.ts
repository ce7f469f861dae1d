/**
 * Names in a certificate as text that people search for: every alternative name under what it is, other names of any
 * type included, and the issuer's distinguished name as RFC 4514 writes it.
 *
 * In scope: names to text. Out of scope: which names Rekor's index has (subject-names.ts), letter case.
 */

import { Buffer, isUtf8 } from 'node:buffer';
import { DER_TAG } from '../encoding/der.js';
import { fromGoUtf8 } from '../encoding/go-utf8.js';
import { toHex } from '../encoding/hex.js';
import { isLogError } from '../errors.js';
import type { Certificate } from './certificate.js';
import { DerCursor, dottedOid } from './der-cursor.js';
import { ipAddressText } from './ip-address.js';

/** What a name is. */
export type NameType = 'email' | 'uri' | 'dns' | 'ip' | 'other-name';

/** Yields the subject alternative names; other names as far as their value is a string. Never throws. */
export function* alternativeNamesOf({
  alternativeNames: names,
}: Pick<Certificate, 'alternativeNames'>): Iterable<readonly [type: NameType, name: string]> {
  if (names === undefined) return;
  for (const email of names.emails) yield ['email', email];
  for (const { text } of names.uris) yield ['uri', text];
  for (const dns of names.dns) yield ['dns', dns];
  for (const address of names.addresses) yield ['ip', ipAddressText(address)];
  const named = new DerCursor(new DerCursor(names.encoding).take(DER_TAG.sequence, 'names'));
  while (!named.atEnd) {
    const { tag, content } = named.takeAny('name');
    const name = tag === OTHER_NAME ? otherNameText(content) : undefined;
    if (name !== undefined) yield ['other-name', name];
  }
}

/**
 * Returns a distinguished name that `checkName` let pass as RFC 4514 writes it, the most specific part first:
 * `CN=sigstore-intermediate,O=sigstore.dev`. A type without a short name stands as its number, its value as text.
 */
export function distinguishedNameText(encoding: Uint8Array): string {
  const parts: string[] = [];
  const names = new DerCursor(new DerCursor(encoding).take(DER_TAG.sequence, 'name'));
  while (!names.atEnd) {
    const attributes: string[] = [];
    const set = new DerCursor(names.take(DER_TAG.set, 'name'));
    while (!set.atEnd) {
      const attribute = new DerCursor(set.take(DER_TAG.sequence, 'attribute'));
      const type = dottedOid(attribute.take(DER_TAG.oid, 'type'), 'type');
      const { tag, content } = attribute.takeAny('value');
      attributes.push(`${SHORT_NAMES.get(type) ?? type}=${escapeValue(stringText(tag, content))}`);
    }
    parts.push(attributes.join('+'));
  }
  return parts.reverse().join(',');
}

// Context-specific, constructed tag 0 of GeneralName.
const OTHER_NAME = 0xa0;
const EXPLICIT_VALUE = 0xa0;

/** RFC 4514 section 3, and the two that certificates have beside them. */
const SHORT_NAMES: ReadonlyMap<string, string> = new Map([
  ['2.5.4.3', 'CN'],
  ['2.5.4.7', 'L'],
  ['2.5.4.8', 'ST'],
  ['2.5.4.10', 'O'],
  ['2.5.4.11', 'OU'],
  ['2.5.4.6', 'C'],
  ['2.5.4.9', 'STREET'],
  ['0.9.2342.19200300.100.1.25', 'DC'],
  ['0.9.2342.19200300.100.1.1', 'UID'],
  ['2.5.4.5', 'serialNumber'],
  ['1.2.840.113549.1.9.1', 'emailAddress'],
]);

/** Returns the text of another name, undefined when it holds none. Never throws. */
export function otherNameText(content: Uint8Array): string | undefined {
  try {
    const parts = new DerCursor(content);
    parts.take(DER_TAG.oid, 'type');
    const { tag, content: value } = new DerCursor(parts.take(EXPLICIT_VALUE, 'value')).takeAny(
      'value',
    );
    const isText =
      tag === DER_TAG.utf8String || tag === DER_TAG.ia5String || tag === DER_TAG.printableString;
    return isText && value.length > 0 && isUtf8(value) ? fromGoUtf8(value) : undefined;
  } catch (error) {
    // A damaged other name is nothing to search for; the certificate stays usable.
    if (isLogError(error)) return undefined;
    throw error;
  }
}

function stringText(tag: number, content: Uint8Array): string {
  const octets = Buffer.from(content.buffer, content.byteOffset, content.length);
  if (tag === DER_TAG.bmpString) return Buffer.from(octets).swap16().toString('utf16le');
  if (tag === DER_TAG.teletexString) return octets.toString('latin1');
  return octets.toString('utf8');
}

/** RFC 4514 section 2.4; control characters as hex pairs, so that a name stays one line. */
function escapeValue(value: string): string {
  const escaped = value
    .replace(/[",+;<>\\]/g, '\\$&')
    // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is escaped
    .replace(/[\u0000-\u001f\u007f]/g, (c) => `\\${toHex(Uint8Array.of(c.charCodeAt(0)))}`);
  const led = /^[ #]/.test(escaped) ? `\\${escaped}` : escaped;
  // A value of one space has been escaped as the leading one.
  return value.length > 1 && value.endsWith(' ') ? `${led.slice(0, -1)}\\ ` : led;
}
