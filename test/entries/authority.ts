/** A certificate authority and what it issues, for tests of who vouches for a name. */

import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { encodeElement } from '../../src/encoding/der.js';
import {
  algorithm,
  bitString,
  booleanTrue,
  integer,
  octetString,
  oid,
  sequence,
  setOf,
  tagged,
  timeOf,
  utf8String,
} from '../../src/timestamping/der-values.js';

const ECDSA_WITH_SHA256 = '1.2.840.10045.4.3.2';
export const ISSUED_AT = Date.UTC(2026, 5, 1) / 1000;

export interface Authority {
  readonly name: string;
  readonly key: KeyObject;
  readonly certificate: Uint8Array;
}

export interface Issue {
  readonly email?: string;
  readonly isAuthority?: boolean;
  readonly from?: number;
  readonly to?: number;
}

function newKey(): { privateKey: KeyObject; spki: Uint8Array } {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return { privateKey, spki: publicKey.export({ type: 'spki', format: 'der' }) };
}

/** Returns an authority: a root, or one that another has issued. */
export function newAuthority(name: string, by?: Authority, issue: Issue = {}): Authority {
  const { privateKey, spki } = newKey();
  const issuer = by ?? { name, key: privateKey };
  const certificate = certificateOf(name, spki, issuer, { isAuthority: true, ...issue });
  return { name, key: privateKey, certificate };
}

/** Returns a certificate for an e-mail address. */
export function issued(email: string, by: Authority, issue: Issue = {}): Uint8Array {
  return certificateOf('', newKey().spki, by, { email, to: ISSUED_AT + 600, ...issue });
}

function certificateOf(
  subject: string,
  spki: Uint8Array,
  issuer: Pick<Authority, 'name' | 'key'>,
  { email, isAuthority = false, from = ISSUED_AT, to = ISSUED_AT + 86_400 }: Issue,
): Uint8Array {
  const body = sequence(
    tagged(0, integer(2)),
    integer(17),
    algorithm(ECDSA_WITH_SHA256),
    nameOf(issuer.name),
    sequence(timeOf(from), timeOf(to)),
    nameOf(subject),
    spki,
    tagged(
      3,
      sequence(
        ...(isAuthority ? [extension('2.5.29.19', sequence(booleanTrue()))] : []),
        ...(email === undefined
          ? []
          : [extension('2.5.29.17', sequence(encodeElement(0x81, Buffer.from(email))))]),
        extension('1.3.6.1.4.1.57264.1.1', Buffer.from('https://idp.example')),
      ),
    ),
  );
  const signature = bitString(sign('sha256', body, issuer.key));
  return sequence(body, algorithm(ECDSA_WITH_SHA256), signature);
}

function nameOf(commonName: string): Uint8Array {
  if (commonName === '') return sequence();
  return sequence(setOf(sequence(oid('2.5.4.3'), utf8String(commonName))));
}

function extension(type: string, value: Uint8Array): Uint8Array {
  return sequence(oid(type), octetString(value));
}
