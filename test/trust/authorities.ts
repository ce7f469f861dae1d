/** Certificates of authorities and their PEM, made for a test. */

import { createPublicKey, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
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

/** A certificate with its key. */
export interface Issued {
  readonly pem: string;
  readonly der: Uint8Array;
  readonly key: KeyObject;
  readonly subject: Uint8Array;
}

/** What a certificate is made of; what is left out is of an authority that is valid from 2026. */
export interface IssuedParts {
  readonly name: string;
  readonly organization?: string;
  /** Undefined: by itself. */
  readonly issuer?: Issued;
  readonly isAuthority?: boolean;
  readonly isForTimestamps?: boolean;
  /** YYMMDDhhmmssZ */
  readonly notBefore?: string;
}

/** Returns a certificate under a new P-256 key. */
export function issue(parts: IssuedParts): Issued {
  const key = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
  const subject = nameOf(parts);
  const body = sequence(
    tagged(0, integer(2)),
    integer(serial++),
    ecdsaSha256,
    parts.issuer?.subject ?? subject,
    sequence(time(parts.notBefore ?? '260101000000Z'), time('480101000000Z')),
    subject,
    createPublicKey(key).export({ type: 'spki', format: 'der' }),
    tagged(3, sequence(...extensionsOf(parts))),
  );
  const signature = sign('sha256', body, parts.issuer?.key ?? key);
  const der = sequence(body, ecdsaSha256, encodeElement(0x03, Buffer.of(0), signature));
  return { der, pem: encodePem('CERTIFICATE', der), key, subject };
}

/** Returns the chain of a timestamp authority, from the leaf to the root. */
export function timestampChain(): readonly [leaf: Issued, intermediate: Issued, root: Issued] {
  const root = issue({ name: 'tsa root', organization: 'Time Ltd', notBefore: '250101000000Z' });
  const intermediate = issue({ name: 'tsa intermediate', issuer: root });
  const leaf = issue({
    name: 'tsa leaf',
    issuer: intermediate,
    isAuthority: false,
    isForTimestamps: true,
    notBefore: '260315123000Z',
  });
  return [leaf, intermediate, root];
}

/** Returns the PEM of all, in the order given. */
export function pemOf(...chain: readonly Issued[]): string {
  return chain.map(({ pem }) => pem).join('');
}

/** Returns the PEM of a new public key. */
export function publicKeyPem(make: () => { readonly publicKey: KeyObject }): string {
  return make().publicKey.export({ type: 'spki', format: 'pem' }).toString();
}

let serial = 1;

const ecdsaSha256 = sequence(oid(OID.ecdsaSha256));
const TRUE = encodeElement(0x01, Buffer.of(0xff));
const time = (text: string): Uint8Array => encodeElement(0x17, Buffer.from(text));
const text = (value: string): Uint8Array => encodeElement(0x0c, Buffer.from(value));
const extension = (id: string, value: Uint8Array): Uint8Array =>
  sequence(oid(fromHexText(id)), TRUE, octetString(value));

function nameOf({ name, organization }: IssuedParts): Uint8Array {
  const attribute = (id: string, value: string) => set(sequence(oid(fromHexText(id)), text(value)));
  return sequence(
    ...(organization === undefined ? [] : [attribute('55040a', organization)]),
    attribute('550403', name),
  );
}

function extensionsOf({ isAuthority = true, isForTimestamps = false }: IssuedParts) {
  return [
    extension('551d13', sequence(...(isAuthority ? [TRUE] : []))),
    ...(isForTimestamps
      ? [extension('551d25', sequence(oid(fromHexText('2b06010505070308'))))]
      : []),
  ];
}
