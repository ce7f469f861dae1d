/**
 * Timestamps of others (RFC 3161) over a signature: when did it exist, by the word of an authority that is trusted?
 *
 * Spec: RFC 3161 section 2.4.2, RFC 5816; timestampAuthorities of dev.sigstore.trustroot.v1.TrustedRoot. In scope:
 * what the token is over, who signed it, that the signer's chain ends at the authority, and all validity windows, ends
 * inclusive, at the token's own time. Out of scope: revocation.
 */

import { createHash } from 'node:crypto';
import { equalBytes } from '../encoding/bytes.js';
import { DER_TAG, readChildren, readOid, readOnlyElement } from '../encoding/der.js';
import { isLogError, LogError } from '../errors.js';
import type { Certificate } from '../pki/certificate.js';
import { chainProblem } from '../pki/certificate-chain.js';
import { Asn1Cursor } from '../pki/pkcs7/asn1-cursor.js';
import { contentOfMessage, SIGNED_DATA, type SignedData } from '../pki/pkcs7/signed-data.js';
import { hashOf } from '../pki/pkcs7/signer-signature.js';
import { readMessageImprint, readTimestampResponse } from '../pki/pkcs7/timestamp.js';
import {
  attributeValue,
  readCertificateBag,
  verifySigner,
} from '../pki/pkcs7/verify-signed-data.js';
import { base64At, items, optional, type Place, required } from './json-reader.js';
import { readValidity } from './trusted-log.js';

/** An authority that is trusted. */
export interface TimestampAuthority {
  /** DER, in the order of the trusted root: the signer first, where it is named, and the root last. */
  readonly certificates: readonly Uint8Array[];
  /** Seconds since 1970, both inclusive. */
  readonly validFromSeconds: number;
  readonly validToSeconds: number;
}

/** Longest answer of an authority that is read, in bytes: a token with its chain is a few thousand. */
export const MAX_TIMESTAMP_BYTES = 65_536;

/** Returns the timestamp authorities of a trusted_root.json, none when it lists none. Throws ENCODING_MALFORMED. */
export function readTimestampAuthorities(document: Place): readonly TimestampAuthority[] {
  const authorities = optional(document, 'timestampAuthorities');
  return authorities === undefined ? [] : items(authorities).map(readAuthority);
}

/**
 * Returns the second in which, by the word of one of the authorities, `signature` existed. Throws ENTRY_MALFORMED,
 * KEY_MALFORMED, SIGNATURE_INVALID or PROOF_INVALID, for the reason that the last of them gives.
 */
export function timestampedSeconds(
  response: Uint8Array,
  signature: Uint8Array,
  authorities: readonly TimestampAuthority[],
): number {
  const signedData = readToken(response);
  const content = contentOfMessage(signedData) ?? new Uint8Array();
  checkImprint(content, signature);
  const seconds = timeOf(content);
  let problem = refused('no timestamp authority is trusted');
  for (const authority of authorities) {
    try {
      checkSigner(signedData, content, authority, seconds);
      return seconds;
    } catch (error) {
      if (!isLogError(error)) throw error;
      problem = error;
    }
  }
  throw problem;
}

const TOKEN_INFO = '1.2.840.113549.1.9.16.1.4';
const CONTENT_TYPE = '1.2.840.113549.1.9.3';
const EXTENDED_KEY_USAGE = '2.5.29.37';
const TIME_STAMPING = '1.3.6.1.5.5.7.3.8';
/** Hashes that a timestamp may rest on. */
const RELIABLE: ReadonlySet<string> = new Set(['sha256', 'sha384', 'sha512']);

function readToken(response: Uint8Array): SignedData {
  if (response.length > MAX_TIMESTAMP_BYTES) {
    throw refused(`a timestamp of ${response.length} bytes exceeds ${MAX_TIMESTAMP_BYTES}`);
  }
  const { status, token } = readTimestampResponse(response);
  if (status !== 0n && status !== 1n) throw refused(`the timestamp has the status ${status}`);
  if (token?.contentType !== SIGNED_DATA || token.signedData === undefined) {
    throw refused('the timestamp holds no signed token');
  }
  return token.signedData;
}

function checkImprint(content: Uint8Array, signature: Uint8Array): void {
  const { hash, hashOid, digest } = readMessageImprint(content);
  if (hash === undefined || !RELIABLE.has(hash))
    throw refused(`the timestamp hashes by ${hashOid}`);
  if (!equalBytes(createHash(hash).update(signature).digest(), digest)) {
    throw refused('the timestamp is not over this signature');
  }
}

/** The signer is a certificate of the token or of the authority; what leads to the root is of the authority alone. */
function checkSigner(
  signedData: SignedData,
  content: Uint8Array,
  authority: TimestampAuthority,
  seconds: number,
): void {
  if (seconds < authority.validFromSeconds || seconds > authority.validToSeconds) {
    throw refused('the timestamp is of a time at which its authority was not trusted');
  }
  const [info, ...more] = signedData.signers;
  if (info === undefined || more.length > 0) throw refused('the timestamp has not one signer');
  if (!RELIABLE.has(hashOf(info.digestAlgorithm.oid) ?? '')) throw refused('its hash is too weak');
  // Without them the signature could be one over other attributes, taken for content.
  const type = attributeValue(info.signedAttributes, CONTENT_TYPE, (value) => value.oid());
  if (type !== TOKEN_INFO) throw refused('what was signed is no timestamp');
  const trusted = readCertificateBag(authority.certificates);
  if (trusted.problem !== undefined) throw trusted.problem;
  const own = readCertificateBag(signedData.certificates ?? []);
  const certificates = [...trusted.certificates, ...own.certificates];
  const signer = verifySigner(info, content, { certificates, problem: own.problem });
  checkChain(signer, trusted.certificates, seconds);
}

function checkChain(signer: Certificate, trusted: readonly Certificate[], seconds: number): void {
  const [first] = trusted;
  if (first === undefined) throw refused('the authority has no certificate');
  const above = trusted.filter(({ der }) => !equalBytes(der, signer.der));
  const isNamed = above.length < trusted.length;
  // A root that names its signer trusts no other certificate of the same issuer.
  if (!isNamed && first.basicConstraints?.isAuthority !== true) {
    throw refused('the timestamp is signed by another certificate than the one that is trusted');
  }
  const problem = chainProblem([signer, ...above]);
  if (problem !== undefined) throw refused(problem);
  if (!isForTimestamps(signer)) throw refused('the signer of the timestamp may not make any');
  for (const { notBeforeSeconds, notAfterSeconds } of [signer, ...above]) {
    if (seconds < notBeforeSeconds || seconds > notAfterSeconds) {
      throw refused(
        'the timestamp is of a time at which a certificate of its signer was not valid',
      );
    }
  }
}

function isForTimestamps({ extensions }: Certificate): boolean {
  const usage = extensions.find(({ oid }) => oid === EXTENDED_KEY_USAGE);
  if (usage === undefined) return false;
  const { value } = usage;
  const list = readOnlyElement(value, DER_TAG.sequence);
  return readChildren(value, list).some((one) => readOid(value, one) === TIME_STAMPING);
}

const GENERALIZED = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(?:\.\d{1,9})?Z$/;

/** Fractions of a second are cut off. */
function timeOf(content: Uint8Array): number {
  const fields = new Asn1Cursor(new Asn1Cursor(content).sequence('TSTInfo').content);
  fields.smallInteger();
  fields.oid();
  fields.sequence('MessageImprint');
  fields.integer();
  const time = fields.any();
  const text = Buffer.from(time.content).toString('latin1');
  const parts = time.tag === DER_TAG.generalizedTime ? GENERALIZED.exec(text) : null;
  const [year, month, day, hour, minute, second] = (parts ?? []).slice(1).map(Number);
  const iso = `${year}-${pad(month)}-${pad(day)}T${pad(hour)}:${pad(minute)}:${pad(second)}Z`;
  const milliseconds = parts === null ? Number.NaN : Date.parse(iso);
  if (Number.isNaN(milliseconds)) throw refused('the time of the timestamp cannot be read');
  return milliseconds / 1000;
}

function pad(part: number | undefined): string {
  return String(part).padStart(2, '0');
}

function readAuthority(authority: Place): TimestampAuthority {
  const chain = items(required(required(authority, 'certChain'), 'certificates'));
  return {
    certificates: chain.map((certificate) => base64At(required(certificate, 'rawBytes'))),
    ...readValidity(required(authority, 'validFor')),
  };
}

function refused(reason: string): LogError {
  return new LogError('PROOF_INVALID', reason);
}
