/**
 * Certificates for the key of a timestamp authority of one's own (RFC 5280): a root that signs one certificate and
 * is then of no more use, and that certificate.
 *
 * In scope: the two certificates in the form that certificate-chain.ts demands. Out of scope: where the root's key
 * comes from, and that it is thrown away (server/timestamp-authority.ts). No state.
 */

import { sha256 } from '#sha256';
import { encodeElement } from '../encoding/der.js';
import { encodePem } from '../encoding/pem.js';
import type { Signer } from '../signing/signer.js';
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
} from './der-values.js';
import { OID } from './oids.js';
import { KEY_USAGE } from './usages.js';

/** What the certificates are to say. */
export interface NewChain {
  /** Of whom: the host name of the log, say. Cut at 64 characters, the bound of X.520. */
  readonly organization: string;
  /** SubjectPublicKeyInfo of the key that will sign timestamps. */
  readonly publicKeyDer: Uint8Array;
  /** The key of the root, ECDSA. */
  readonly root: Signer;
  /** Both included; seconds since 1970. */
  readonly notBeforeSeconds: number;
  readonly notAfterSeconds: number;
  /** Returns so many random octets. */
  readonly random: (length: number) => Uint8Array;
}

/** Returns the two certificates in PEM, the root last. */
export function issueTimestampChain(chain: NewChain): string {
  const { organization, publicKeyDer, root } = chain;
  const rootName = nameOf(organization, 'timestamp authority root');
  const rootKeyID = keyIDOf(root.publicKeyDer);
  const rootCertificate = certificate(chain, {
    subject: rootName,
    issuer: rootName,
    publicKeyDer: root.publicKeyDer,
    extensions: [
      critical(OID.basicConstraints, sequence(booleanTrue(), integer(0))),
      critical(OID.keyUsage, usageOf(KEY_USAGE.certificateSigning)),
      plain(OID.subjectKeyID, octetString(rootKeyID)),
    ],
  });
  const leaf = certificate(chain, {
    subject: nameOf(organization, 'timestamp authority'),
    issuer: rootName,
    publicKeyDer,
    extensions: [
      critical(OID.basicConstraints, sequence()),
      critical(OID.keyUsage, usageOf(KEY_USAGE.digitalSignature)),
      // RFC 3161 section 2.3: critical, and nothing beside it.
      critical(OID.extendedKeyUsage, sequence(oid(OID.timeStamping))),
      plain(OID.subjectKeyID, octetString(keyIDOf(publicKeyDer))),
      plain(OID.authorityKeyID, sequence(encodeElement(0x80, rootKeyID))),
    ],
  });
  return [leaf, rootCertificate].map((der) => encodePem('CERTIFICATE', der)).join('');
}

const VERSION_3 = 2;
const SERIAL_NUMBER_LENGTH = 16;
const MAX_NAME_LENGTH = 64;

interface CertificateFacts {
  readonly subject: Uint8Array;
  readonly issuer: Uint8Array;
  readonly publicKeyDer: Uint8Array;
  readonly extensions: readonly Uint8Array[];
}

function certificate(chain: NewChain, facts: CertificateFacts): Uint8Array {
  const signatureID = algorithm(OID.ecdsaWithSha256);
  const body = sequence(
    tagged(0, integer(VERSION_3)),
    randomInteger(chain.random(SERIAL_NUMBER_LENGTH)),
    signatureID,
    facts.issuer,
    sequence(timeOf(chain.notBeforeSeconds), timeOf(chain.notAfterSeconds)),
    facts.subject,
    facts.publicKeyDer,
    tagged(3, sequence(...facts.extensions)),
  );
  return sequence(body, signatureID, bitString(chain.root.sign(body)));
}

function nameOf(organization: string, commonName: string): Uint8Array {
  const part = (type: string, text: string): Uint8Array =>
    setOf(sequence(oid(type), utf8String(text.slice(0, MAX_NAME_LENGTH))));
  return sequence(part(OID.organizationName, organization), part(OID.commonName, commonName));
}

/** RFC 7093 section 2, method 1, over the whole SubjectPublicKeyInfo: any value will do that names the key. */
function keyIDOf(publicKeyDer: Uint8Array): Uint8Array {
  return sha256(publicKeyDer).subarray(0, 20);
}

/** A BIT STRING without the zeros at its end, as DER wants named bits. */
function usageOf(bits: number): Uint8Array {
  const octet = bits >> 8;
  return bitString(Uint8Array.of(octet), Math.log2(octet & -octet));
}

function critical(type: string, value: Uint8Array): Uint8Array {
  return sequence(oid(type), booleanTrue(), octetString(value));
}

function plain(type: string, value: Uint8Array): Uint8Array {
  return sequence(oid(type), octetString(value));
}
