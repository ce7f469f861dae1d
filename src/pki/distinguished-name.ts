/**
 * Distinguished names (RFC 5280 section 4.1.2.4), checked for being well-formed: every attribute value is
 * a string of a known type with characters of that type.
 *
 * In scope: refusal of damaged names, in Rekor's words; the short name that a message shows. Out of scope:
 * all other values; a log shows the certificate itself.
 */

import { Buffer, isUtf8 } from 'node:buffer';
import { DER_TAG } from '../encoding/der.js';
import { toHex } from '../encoding/hex.js';
import { LogError } from '../errors.js';
import { DerCursor, dottedOid } from './der-cursor.js';

const INVALID = 'x509: invalid RDNSequence';
const NUMERIC_STRING = 0x12;
const PRINTABLE = /^[A-Za-z0-9'()*+,\-./ :=?&]*$/;

/** Returns nothing; throws KEY_MALFORMED unless `encoding` is one well-formed Name. */
export function checkName(encoding: Uint8Array): void {
  const parts = new DerCursor(new DerCursor(encoding).take(DER_TAG.sequence, INVALID));
  while (!parts.atEnd) {
    const attributes = new DerCursor(parts.take(DER_TAG.set, INVALID));
    while (!attributes.atEnd) {
      const complaint = `${INVALID}: invalid attribute`;
      const attribute = new DerCursor(attributes.take(DER_TAG.sequence, complaint));
      const typeComplaint = `${complaint} type`;
      dottedOid(attribute.take(DER_TAG.oid, typeComplaint), typeComplaint);
      const { tag, content } = attribute.takeAny(`${complaint} value`);
      const problem = stringProblem(tag, content);
      if (problem !== undefined) {
        throw new LogError('KEY_MALFORMED', `${complaint} value: ${problem}`);
      }
    }
  }
}

/**
 * Returns the common name (the last one) in `encoding`, a name that checkName let pass, else the first
 * organization, else undefined. UTF-8, each character of the result standing for one byte.
 */
export function shortName(encoding: Uint8Array): string | undefined {
  let commonName = '';
  let organization: string | undefined;
  const parts = new DerCursor(new DerCursor(encoding).take(DER_TAG.sequence, INVALID));
  while (!parts.atEnd) {
    const attributes = new DerCursor(parts.take(DER_TAG.set, INVALID));
    while (!attributes.atEnd) {
      const attribute = new DerCursor(attributes.take(DER_TAG.sequence, INVALID));
      const type = toHex(attribute.take(DER_TAG.oid, INVALID));
      const { tag, content } = attribute.takeAny(INVALID);
      if (type === COMMON_NAME) commonName = stringOctets(tag, content);
      else if (type === ORGANIZATION) organization ??= stringOctets(tag, content);
    }
  }
  return commonName === '' ? organization : commonName;
}

// 2.5.4.3 and 2.5.4.10.
const COMMON_NAME = '550403';
const ORGANIZATION = '55040a';

function stringOctets(tag: number, content: Uint8Array): string {
  const text =
    tag === DER_TAG.bmpString
      ? Buffer.from(content).swap16().toString('utf16le')
      : tag === DER_TAG.teletexString
        ? latin1(content)
        : undefined;
  return text === undefined ? latin1(content) : latin1(Buffer.from(text, 'utf8'));
}

function stringProblem(tag: number, content: Uint8Array): string | undefined {
  switch (tag) {
    case DER_TAG.teletexString:
      return undefined;
    case DER_TAG.printableString:
      return PRINTABLE.test(latin1(content)) ? undefined : 'invalid PrintableString';
    case DER_TAG.utf8String:
      return isUtf8(content) ? undefined : 'invalid UTF-8 string';
    case DER_TAG.bmpString:
      return isBasicPlane(content) ? undefined : 'invalid BMPString';
    case DER_TAG.ia5String:
      return content.every((octet) => octet < 0x80) ? undefined : 'invalid IA5String';
    case NUMERIC_STRING:
      return /^[0-9 ]*$/.test(latin1(content)) ? undefined : 'invalid NumericString';
    default:
      return `unsupported string type: ${tag}`;
  }
}

function latin1(content: Uint8Array): string {
  return Buffer.from(content.buffer, content.byteOffset, content.length).toString('latin1');
}

function isBasicPlane(content: Uint8Array): boolean {
  if (content.length % 2 !== 0) return false;
  for (let at = 0; at < content.length; at += 2) {
    const unit = ((content[at] as number) << 8) | (content[at + 1] as number);
    const reserved = unit >= 0xfffe || (unit >= 0xfdd0 && unit <= 0xfdef);
    if (reserved || (unit >= 0xd800 && unit <= 0xdfff)) return false;
  }
  return true;
}
