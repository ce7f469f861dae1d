/**
 * Verification of CMS SignedData as relic does it: every signer's signature over the content, or over its signed
 * attributes and through them over the content, by the certificate in the message that the signer names.
 *
 * In scope: integrity, and which certificate signed. Out of scope: trust, expiry and usage of certificates. Complaints
 * are SIGNATURE_INVALID, or ENTRY_MALFORMED for damaged attributes, in Rekor's words. No state.
 */

import { equalBytes } from '../../encoding/bytes.js';
import { encodeElement } from '../../encoding/der.js';
import { toHex } from '../../encoding/hex.js';
import { isLogError, LogError } from '../../errors.js';
import { type Certificate, readCertificate } from '../certificate.js';
import { Asn1Cursor, elementsOf } from './asn1-cursor.js';
import { signedValue } from './asn1-element.js';
import { describeName } from './describe-name.js';
import {
  type Attribute,
  contentOfMessage,
  type SignedData,
  type SignerInfo,
} from './signed-data.js';
import { digestOf, hashOf, signerProblem, unknownHash } from './signer-signature.js';

/** The certificates of a message that can be read, and what is wrong with the last one that cannot. */
export interface CertificateBag {
  readonly certificates: readonly Certificate[];
  readonly problem: LogError | undefined;
}

/** The last signer of a verified message. */
export interface VerifiedSigner {
  readonly signer: SignerInfo;
  readonly certificate: Certificate;
  readonly bag: CertificateBag;
  /** What was signed. */
  readonly content: Uint8Array;
}

/**
 * Returns the last signer of `message` once the signatures of all of them hold. `detached` is content that the
 * message does not hold itself; where both are there they must be equal.
 */
export function verifySignedData(
  message: SignedData | undefined,
  detached: Uint8Array | undefined,
): VerifiedSigner {
  const held = message === undefined ? undefined : contentOfMessage(message);
  const content = held ?? detached;
  if (content === undefined) throw invalid('pkcs7: missing content');
  if (held !== undefined && detached !== undefined && !equalBytes(held, detached)) {
    throw invalid('pkcs7: internal and external content were both provided but are not equal');
  }
  const signers = message?.signers ?? [];
  const last = signers[signers.length - 1];
  if (message === undefined || last === undefined) throw invalid('pkcs7 contains no signatures');
  const bag = readCertificateBag(message.certificates ?? []);
  const found = signers.map((signer) => verifySigner(signer, content, bag));
  return { signer: last, certificate: found[found.length - 1] as Certificate, bag, content };
}

/** Returns the certificates in `encodings`; damaged ones are left out. */
export function readCertificateBag(encodings: readonly Uint8Array[]): CertificateBag {
  const certificates: Certificate[] = [];
  let problem: LogError | undefined;
  for (const encoding of encodings) {
    try {
      certificates.push(readCertificate(encoding));
    } catch (error) {
      if (!isLogError(error)) throw error;
      // A signer may do without it: it matters only where a certificate is missing.
      problem = error;
    }
  }
  return { certificates, problem };
}

/** Returns the certificate that `signer` names, once its signature over `content` holds. */
export function verifySigner(
  signer: SignerInfo,
  content: Uint8Array,
  bag: CertificateBag,
): Certificate {
  const { digestAlgorithm, signatureAlgorithm, signedAttributes, signature } = signer;
  const hash = hashOf(digestAlgorithm.oid);
  if (hash === undefined) throw invalid(`pkcs7: ${unknownHash(digestAlgorithm.oid)}`);
  let message = content;
  if (signedAttributes.length > 0) {
    const stated = attributeValue(signedAttributes, MESSAGE_DIGEST, (value) => value.octets());
    if (!equalBytes(stated, digestOf(hash, content))) {
      throw invalid('pkcs7: content digest does not match');
    }
    message = signedAttributesAsSet(signer);
  }
  const certificate = findCertificate(signer, bag);
  const { publicKey } = certificate;
  const problem = signerProblem(publicKey, digestAlgorithm, signatureAlgorithm, message, signature);
  if (problem !== undefined) throw invalid(problem);
  return certificate;
}

/**
 * Returns the one value of the first attribute of this type, as `read` reads it. Throws ENTRY_MALFORMED for no such
 * attribute, and for one with several values.
 */
export function attributeValue<T>(
  attributes: readonly Attribute[],
  oid: string,
  read: (value: Asn1Cursor) => T,
): T {
  const found = attributes.find((attribute) => attribute.oid === oid);
  if (found === undefined) throw malformed(`attribute not found: ${oid}`);
  const cursor = new Asn1Cursor(found.values);
  const value = read(cursor);
  if (!cursor.atEnd) throw malformed(`attribute ${oid}: expected one, found multiple`);
  return value;
}

const MESSAGE_DIGEST = '1.2.840.113549.1.9.4';
const SET = 0x31;

/** What is hashed has the tag of a SET in place of the context tag, and otherwise the bytes of the message. */
function signedAttributesAsSet({ encoding }: SignerInfo): Uint8Array {
  const fields = elementsOf(new Asn1Cursor(encoding).any().content, 'anything');
  return encodeElement(SET, fields[3]?.content ?? new Uint8Array(0));
}

/** Only the name and number that the signer itself states decide, never the order of the bag. */
function findCertificate({ issuer, serialNumber }: SignerInfo, bag: CertificateBag): Certificate {
  const found = bag.certificates.find(
    (certificate) =>
      equalBytes(certificate.issuer, issuer) && equalBytes(certificate.serialNumber, serialNumber),
  );
  if (found !== undefined) return found;
  if (bag.problem !== undefined) throw bag.problem;
  throw invalid(
    `certificate missing from signedData: serial=${serialText(serialNumber)} issuer: ${describeName(issuer)}`,
  );
}

function serialText(content: Uint8Array): string {
  const digits = toHex(content).replace(/^0+(?=.)/, '');
  return (content[0] as number) < 0x80 ? digits : signedValue(content).toString(16);
}

function invalid(problem: string): LogError {
  return new LogError('SIGNATURE_INVALID', problem);
}

function malformed(problem: string): LogError {
  return new LogError('ENTRY_MALFORMED', problem);
}
