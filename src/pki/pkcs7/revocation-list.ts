/**
 * Certificate revocation lists in a signed message (RFC 5280 section 5): read as far as Rekor's library reads them,
 * because a message with a damaged one is refused, and written again as it writes them.
 *
 * In scope: form. Out of scope: what is revoked.
 */

import { encodeElement } from '../../encoding/der.js';
import { Asn1Cursor, type Asn1Value, elementsOf } from './asn1-cursor.js';
import {
  booleanOf,
  checkBitString,
  checkInteger,
  dotted,
  structural,
  TAG,
} from './asn1-element.js';
import { checkString } from './asn1-string.js';
import { checkStrictTime } from './asn1-time.js';

/** Returns the DER of each list in the bag as Go writes it, undefined without a bag. Throws ENTRY_MALFORMED. */
export function readRevocationLists(bag: Asn1Value | undefined): Uint8Array[] | undefined {
  return bag === undefined ? undefined : elementsOf(bag.content, 'sequences').map(rewritten);
}

/** Returns the attributes of a distinguished name, an array for each set. Throws ENTRY_MALFORMED. */
export function readNameParts(
  name: Uint8Array,
): { readonly oid: string; readonly value: Asn1Value; readonly text: string | undefined }[][] {
  return elementsOf(new Asn1Cursor(name).sequence('').content, 'sets').map(({ content }) =>
    elementsOf(content, 'sequences').map((attribute) => {
      const fields = new Asn1Cursor(attribute.content);
      const oid = fields.oid();
      const value = fields.any();
      return { oid, value, text: checkAny(value) };
    }),
  );
}

function rewritten({ content }: Asn1Value): Uint8Array {
  const fields = new Asn1Cursor(content);
  const body = fields.sequence('TBSCertificateList');
  checkBody(body.content);
  const algorithm = algorithmOf(fields.sequence('AlgorithmIdentifier'));
  return encodeElement(0x30, body.encoding, algorithm, fields.bitString().encoding);
}

function checkBody(content: Uint8Array): void {
  const fields = new Asn1Cursor(content);
  fields.skipOptionalSmallInteger();
  algorithmOf(fields.sequence('AlgorithmIdentifier'));
  const name = fields.sequence('RDNSequence');
  readNameParts(name.encoding);
  checkStrictTime(fields.time());
  const next = fields.optionalTime();
  if (next !== undefined) checkStrictTime(next);
  const revoked = fields.optionalSequence();
  if (revoked !== undefined) checkRevoked(revoked.content);
  const extensions = fields.optionalExplicit(0, TAG.sequence);
  if (extensions !== undefined) checkExtensions(extensions.content);
}

function checkRevoked(content: Uint8Array): void {
  for (const entry of elementsOf(content, 'sequences')) {
    const fields = new Asn1Cursor(entry.content);
    fields.integer();
    checkStrictTime(fields.time());
    const extensions = fields.optionalSequence();
    if (extensions !== undefined) checkExtensions(extensions.content);
  }
}

/** Returns nothing; throws ENTRY_MALFORMED unless `content` is that of a list of extensions. */
export function checkExtensions(content: Uint8Array): void {
  for (const extension of elementsOf(content, 'sequences')) {
    const fields = new Asn1Cursor(extension.content);
    fields.oid();
    fields.optionalBoolean();
    fields.octets();
  }
}

function algorithmOf({ content }: Asn1Value): Uint8Array {
  const fields = new Asn1Cursor(content);
  fields.oid();
  fields.anyOptional();
  return encodeElement(0x30, content.subarray(0, content.length - fields.rest.length));
}

/** Returns the text of a value of any type, undefined for one that is no string. */
function checkAny({ tagClass, tag, isCompound, content, encoding }: Asn1Value): string | undefined {
  if (tagClass !== 0 || isCompound) return undefined;
  switch (tag) {
    case TAG.boolean:
      booleanOf(content);
      return undefined;
    case TAG.integer:
      if (checkInteger(content).length > 8) throw structural('integer too large');
      return undefined;
    case TAG.bitString:
      checkBitString(content);
      return undefined;
    case TAG.oid:
      dotted(content);
      return undefined;
    case TAG.utcTime:
    case TAG.generalizedTime:
      checkStrictTime({ tagClass, tag, isCompound, content, encoding });
      return undefined;
    // Go leaves a GeneralString of unknown type alone here, where the others are read.
    case TAG.generalString:
      return undefined;
    default:
      return checkString(tag, content);
  }
}
