/**
 * Certificates of the shape that Fulcio gives out: a P-256 key that is used once, ten minutes of life, no subject, the
 * identity in the subject alternative name and the extensions of https://github.com/sigstore/fulcio/blob/main/docs/oid-info.md.
 *
 * In scope: one leaf of 715 bytes, as long as those of people who sign by e-mail. Out of scope: a chain; the issuer's
 * signature is good, but nobody is given the key to check it with, and a log does not. No state.
 */

import { createHash, type KeyObject, randomBytes, sign } from 'node:crypto';
import { encodeElement } from '../../src/encoding/der.js';
import {
  algorithm,
  bitString,
  booleanTrue,
  integer,
  octetString,
  oid,
  randomInteger,
  sequence,
  setOf,
  tagged,
  timeOf,
  utf8String,
} from '../../src/timestamping/der-values.js';

const ECDSA_WITH_SHA256 = '1.2.840.10045.4.3.2';
const VERSION_3 = 2;
const SERIAL_NUMBER_BYTES = 20;
const LIFE_SECONDS = 600;
const ISSUED_AT_SECONDS = Date.UTC(2026, 5, 1) / 1000;
const DIGITAL_SIGNATURE = 0x80;
const UNUSED_BITS = 7;
/** A list with one signed certificate timestamp by a P-256 key. */
const TIMESTAMP_LIST_BYTES = 122;
const OIDC_ISSUER = 'https://accounts.example.com';

/** Returns a certificate in DER for the key with this SubjectPublicKeyInfo. */
export function leafCertificate(publicKeyDer: Uint8Array, issuerKey: KeyObject): Uint8Array {
  const body = sequence(
    tagged(0, integer(VERSION_3)),
    randomInteger(randomBytes(SERIAL_NUMBER_BYTES)),
    algorithm(ECDSA_WITH_SHA256),
    nameOf('sigstore.dev', 'sigstore-intermediate'),
    sequence(timeOf(ISSUED_AT_SECONDS), timeOf(ISSUED_AT_SECONDS + LIFE_SECONDS)),
    sequence(),
    publicKeyDer,
    tagged(3, sequence(...extensionsOf(publicKeyDer))),
  );
  return sequence(body, algorithm(ECDSA_WITH_SHA256), bitString(sign('sha256', body, issuerKey)));
}

function extensionsOf(publicKeyDer: Uint8Array): Uint8Array[] {
  const address = `signer-${randomBytes(12).toString('hex')}@example.com`;
  const keyID = createHash('sha1').update(publicKeyDer).digest();
  return [
    critical('2.5.29.15', bitString(Uint8Array.of(DIGITAL_SIGNATURE), UNUSED_BITS)),
    plain('2.5.29.37', sequence(oid('1.3.6.1.5.5.7.3.3'))),
    plain('2.5.29.14', octetString(keyID)),
    plain('2.5.29.35', sequence(encodeElement(0x80, randomBytes(keyID.length)))),
    critical('2.5.29.17', sequence(encodeElement(0x81, Buffer.from(address)))),
    plain('1.3.6.1.4.1.57264.1.1', Buffer.from(OIDC_ISSUER)),
    plain('1.3.6.1.4.1.57264.1.8', utf8String(OIDC_ISSUER)),
    plain('1.3.6.1.4.1.11129.2.4.2', octetString(randomBytes(TIMESTAMP_LIST_BYTES))),
  ];
}

function nameOf(organization: string, commonName: string): Uint8Array {
  const part = (type: string, text: string): Uint8Array =>
    setOf(sequence(oid(type), utf8String(text)));
  return sequence(part('2.5.4.10', organization), part('2.5.4.3', commonName));
}

function critical(type: string, value: Uint8Array): Uint8Array {
  return sequence(oid(type), booleanTrue(), octetString(value));
}

function plain(type: string, value: Uint8Array): Uint8Array {
  return sequence(oid(type), octetString(value));
}
