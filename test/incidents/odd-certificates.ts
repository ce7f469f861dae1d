/** Certificates that no authority would issue, self-signed so that nothing else is wrong with them. */

import { createPublicKey, type KeyObject, sign } from 'node:crypto';
import { encodeElement } from '../../src/encoding/der.js';
import { encodePem } from '../../src/encoding/pem.js';
import {
  fromHexText,
  integer,
  OID,
  octetString,
  oid,
  sequence,
  set,
  tagged,
} from '../pki/pkcs7-builder.js';

/** What a certificate is made of; what is left out is as usual. */
export interface CertificateParts {
  readonly subject?: Uint8Array;
  readonly issuer?: Uint8Array;
  /** The value of the extension with alternative names. */
  readonly names?: Uint8Array;
  readonly extensions?: readonly Uint8Array[];
  readonly keyInfo?: Uint8Array;
}

const COMMON_NAME = fromHexText('550403');
const ALTERNATIVE_NAMES = fromHexText('551d11');
const ecdsaSha256 = sequence(oid(OID.ecdsaSha256));
const utf8Text = (text: string): Uint8Array => encodeElement(0x0c, Buffer.from(text));

/** Returns a name of one attribute. */
export function nameOf(value: Uint8Array, type = COMMON_NAME): Uint8Array {
  return sequence(set(sequence(oid(type), value)));
}

/** Returns the DER of a certificate. */
export function certificateOf(key: KeyObject, parts: CertificateParts): Uint8Array {
  const subject = parts.subject ?? nameOf(utf8Text('odd'));
  const time = (text: string) => encodeElement(0x17, Buffer.from(text));
  const keyInfo = parts.keyInfo ?? createPublicKey(key).export({ type: 'spki', format: 'der' });
  const extensions = [
    ...(parts.names === undefined
      ? []
      : [sequence(oid(ALTERNATIVE_NAMES), octetString(parts.names))]),
    ...(parts.extensions ?? []),
  ];
  const body = sequence(
    tagged(0, integer(2)),
    integer(7),
    ecdsaSha256,
    parts.issuer ?? subject,
    sequence(time('200101000000Z'), time('480101000000Z')),
    subject,
    keyInfo,
    ...(extensions.length === 0 ? [] : [tagged(3, sequence(...extensions))]),
  );
  const signature = sign('sha256', body, key);
  return sequence(body, ecdsaSha256, encodeElement(0x03, Buffer.of(0), signature));
}

/** Returns the PEM of a certificate. */
export function certificatePem(key: KeyObject, parts: CertificateParts): string {
  return encodePem('CERTIFICATE', certificateOf(key, parts));
}

/** Attribute values of every other type than text, and text that is none. */
export const ODD_VALUES: Readonly<Record<string, Uint8Array>> = {
  'an integer': integer(5),
  'a boolean': encodeElement(0x01, Buffer.of(0xff)),
  null: encodeElement(0x05),
  'a bit string': encodeElement(0x03, Buffer.of(0, 1)),
  'an octet string': octetString(Buffer.of(1, 2)),
  'an identifier': oid(COMMON_NAME),
  'a sequence': sequence(integer(1)),
  'an empty sequence': sequence(),
  'a set': set(),
  'a time': encodeElement(0x17, Buffer.from('200101000000Z')),
  'a tagged value': tagged(0, integer(1)),
  'an empty text': utf8Text(''),
  'text of bytes that are no UTF-8': encodeElement(0x0c, Buffer.of(0xff, 0xfe)),
  'half a character': encodeElement(0x1e, Buffer.of(0x00)),
  'a printable text that is not': encodeElement(0x13, Buffer.of(0, 1, 0xff)),
  'text of four bytes to a character': encodeElement(0x1c, Buffer.of(0, 0x11, 0, 0)),
};

/** Values of the extension with alternative names. */
export const ODD_NAMES: Readonly<Record<string, Uint8Array>> = {
  'no names': sequence(),
  'no sequence': integer(1),
  nothing: new Uint8Array(0),
  'a name of no known type': sequence(encodeElement(0x9f, Buffer.of(1))),
  'an e-mail address of no ASCII': sequence(encodeElement(0x81, Buffer.of(0xff))),
  'an empty e-mail address': sequence(encodeElement(0x81)),
  'an IP address of three bytes': sequence(encodeElement(0x87, Buffer.of(1, 2, 3))),
  'another name without a value': sequence(tagged(0, oid(COMMON_NAME))),
  'another name with a number for a value': sequence(
    tagged(0, oid(fromHexText('2b0601040183bf300107')), tagged(0, integer(1))),
  ),
  'another name that is empty': sequence(tagged(0)),
  'a directory name that is empty': sequence(tagged(4)),
  'a URI that is none': sequence(encodeElement(0x86, Buffer.from('%zz://['))),
};
