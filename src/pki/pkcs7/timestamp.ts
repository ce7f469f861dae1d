/**
 * Timestamps (RFC 3161): the answer of a timestamping service, and the counter-signature that one leaves in another
 * message, as relic reads them.
 *
 * In scope: form, integrity, and whether a counter-signature is over the signature that it stands beside. Out of
 * scope: trust in the service, and what its clock said. Complaints as in verify-signed-data.ts.
 */

import { equalBytes } from '../../encoding/bytes.js';
import { isLogError, LogError } from '../../errors.js';
import { Asn1Cursor, type Asn1Value, elementsOf } from './asn1-cursor.js';
import { TAG } from './asn1-element.js';
import { checkSigningTime } from './asn1-time.js';
import { checkExtensions } from './revocation-list.js';
import {
  contentOfMessage,
  readAlgorithm,
  readMessageFields,
  readSignerInfo,
  type SignedMessage,
} from './signed-data.js';
import { digestOf, hashOf, type MessageHash, unknownHash } from './signer-signature.js';
import {
  attributeValue,
  type CertificateBag,
  readCertificateBag,
  type VerifiedSigner,
  verifySigner,
} from './verify-signed-data.js';

/** The answer of a timestamping service. */
export interface TimestampResponse {
  /** 0 and 1 are a timestamp, with and without changes to what was asked for. */
  readonly status: bigint;
  /** Undefined when there is none. */
  readonly token: SignedMessage | undefined;
}

/** What a timestamp is about. */
export interface MessageImprint {
  /** Undefined for a hash that nobody knows. */
  readonly hash: MessageHash | undefined;
  readonly hashOid: string;
  readonly digest: Uint8Array;
}

/** Returns the answer that `bytes` begin with; what follows it is passed over. Throws ENTRY_MALFORMED. */
export function readTimestampResponse(bytes: Uint8Array): TimestampResponse {
  const fields = new Asn1Cursor(new Asn1Cursor(bytes).sequence('TimeStampResp').content);
  const info = new Asn1Cursor(fields.sequence('PKIStatusInfo').content);
  const status = info.smallIntegerValue();
  const texts = info.optionalSequence();
  if (texts !== undefined) elementsOf(texts.content, 'strings');
  info.skipOptionalBitString();
  const token = fields.optionalSequence();
  return { status, token: token === undefined ? undefined : readMessageFields(token.content) };
}

/** Returns what the token with this content is about. Throws ENTRY_MALFORMED. */
export function readMessageImprint(content: Uint8Array): MessageImprint {
  return readTokenInfo(content).imprint;
}

/**
 * Checks the timestamp beside the signature of a verified signer, if it has one. Throws ENTRY_MALFORMED or
 * SIGNATURE_INVALID when it is damaged or over something else.
 */
export function verifyCounterSignature({ signer, bag }: VerifiedSigner): void {
  const { unsignedAttributes, signature } = signer;
  const has = (oid: string) => unsignedAttributes.some((attribute) => attribute.oid === oid);
  const tokenOid = [TIMESTAMP_TOKEN, SPC_TIMESTAMP_TOKEN].find(has);
  if (tokenOid !== undefined) {
    const token = attributeValue(unsignedAttributes, tokenOid, (value) =>
      readMessageFields(value.sequence('ContentInfoSignedData').content),
    );
    verifyTokenOver(token, signature, bag);
  } else if (has(COUNTER_SIGNATURE)) {
    const counterSigner = attributeValue(unsignedAttributes, COUNTER_SIGNATURE, (value) =>
      readSignerInfo(value.sequence('SignerInfo')),
    );
    verifySigner(counterSigner, signature, bag);
    checkTime(attributeValue(counterSigner.signedAttributes, SIGNING_TIME, (value) => value.any()));
  }
}

const TIMESTAMP_TOKEN = '1.2.840.113549.1.9.16.2.14';
const SPC_TIMESTAMP_TOKEN = '1.3.6.1.4.1.311.3.3.1';
const COUNTER_SIGNATURE = '1.2.840.113549.1.9.6';
const SIGNING_TIME = '1.2.840.113549.1.9.5';

function verifyTokenOver(
  { signedData }: SignedMessage,
  signature: Uint8Array,
  outer: CertificateBag,
): void {
  const [signer, ...more] = signedData?.signers ?? [];
  if (signedData === undefined || signer === undefined || more.length > 0) {
    throw invalid('timestamp should have exactly one SignerInfo');
  }
  const content = contentOfMessage(signedData) ?? new Uint8Array(0);
  const info = readTokenInfo(content);
  assertImprint(info.imprint, signature);
  const inner = readCertificateBag(signedData.certificates ?? []);
  verifySigner(signer, content, {
    certificates: [...outer.certificates, ...inner.certificates],
    problem: inner.problem,
  });
  checkTime(info.time);
}

function assertImprint({ hash, hashOid, digest }: MessageImprint, signature: Uint8Array): void {
  if (hash === undefined) {
    throw invalid(`verifying timestamp imprint: pkcs9: ${unknownHash(hashOid)}`);
  }
  if (!equalBytes(digestOf(hash, signature), digest)) {
    throw invalid('verifying timestamp imprint: pkcs9: digest check failed');
  }
}

interface TokenInfo {
  readonly imprint: MessageImprint;
  readonly time: Asn1Value;
}

function readTokenInfo(content: Uint8Array): TokenInfo {
  try {
    // Some services wrap the content in one more OCTET STRING.
    const isWrapped = content[0] === TAG.octetString;
    const bytes = isWrapped ? new Asn1Cursor(content).octets() : content;
    return readTokenFields(new Asn1Cursor(new Asn1Cursor(bytes).sequence('TSTInfo').content));
  } catch (cause) {
    if (!isLogError(cause)) throw cause;
    throw new LogError('ENTRY_MALFORMED', `unpack TSTInfo: ${cause.message}`, { cause });
  }
}

function readTokenFields(fields: Asn1Cursor): TokenInfo {
  fields.smallInteger();
  fields.oid();
  const imprint = new Asn1Cursor(fields.sequence('MessageImprint').content);
  const hashOid = readAlgorithm(imprint.sequence('AlgorithmIdentifier')).oid;
  const digest = imprint.octets();
  fields.integer();
  const time = fields.any();
  const accuracy = fields.optionalSequence();
  if (accuracy !== undefined) checkAccuracy(accuracy.content);
  fields.optionalBoolean();
  fields.optionalInteger();
  const service = fields.optionalTagged(0);
  if (service !== undefined) new Asn1Cursor(service.content).any();
  const extensions = fields.optionalTagged(1);
  if (extensions !== undefined) checkExtensions(extensions.content);
  return { imprint: { hash: hashOf(hashOid), hashOid, digest }, time };
}

function checkAccuracy(content: Uint8Array): void {
  const fields = new Asn1Cursor(content);
  fields.skipOptionalSmallInteger();
  fields.skipOptionalSmallInteger(0);
  fields.skipOptionalSmallInteger(1);
}

function checkTime(time: Asn1Value): void {
  try {
    checkSigningTime(time);
  } catch (cause) {
    if (!isLogError(cause)) throw cause;
    throw new LogError('ENTRY_MALFORMED', `parsing timestamp: ${cause.message}`, { cause });
  }
}

function invalid(problem: string): LogError {
  return new LogError('SIGNATURE_INVALID', problem);
}
