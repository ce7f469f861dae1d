/**
 * CMS SignedData (RFC 2315, RFC 5652), the signatures of JARs and of timestamps, as relic reads it, the library of
 * Rekor: https://github.com/sassoftware/relic/tree/master/lib/pkcs7
 *
 * In scope: bytes to structure, and the detached form that a log stores. Out of scope: verification
 * (verify-signed-data.ts). Every complaint is ENTRY_MALFORMED in Go's words. No state.
 */

import { compareBytes } from '../../encoding/bytes.js';
import { encodeElement } from '../../encoding/der.js';
import { LogError } from '../../errors.js';
import { Asn1Cursor, type Asn1Value, elementsOf } from './asn1-cursor.js';
import { isSyntaxError, TAG } from './asn1-element.js';
import { readRevocationLists } from './revocation-list.js';

/** An algorithm by its dotted identifier. */
export interface AlgorithmIdentifier {
  readonly oid: string;
  readonly parameters: Asn1Value | undefined;
  /** Identifier and parameters alone, as Go would write them. */
  readonly encoding: Uint8Array;
}

/** An attribute of a signer: its type and the values in one element, which should be a SET. */
export interface Attribute {
  readonly oid: string;
  readonly values: Uint8Array;
}

/** One signer. */
export interface SignerInfo {
  readonly encoding: Uint8Array;
  /** DER of the issuer's name. */
  readonly issuer: Uint8Array;
  /** Content of the INTEGER. */
  readonly serialNumber: Uint8Array;
  readonly digestAlgorithm: AlgorithmIdentifier;
  readonly signedAttributes: readonly Attribute[];
  readonly signatureAlgorithm: AlgorithmIdentifier;
  readonly signature: Uint8Array;
  readonly unsignedAttributes: readonly Attribute[];
}

/** The body of a signed message. */
export interface SignedData {
  /** Content of the INTEGER. */
  readonly version: Uint8Array;
  readonly digestAlgorithms: readonly AlgorithmIdentifier[];
  /** The element that says what is signed, and may hold it. */
  readonly contentInfo: Asn1Value;
  /** DER of each certificate in the order of the bag; undefined without a bag. */
  readonly certificates: readonly Uint8Array[] | undefined;
  /** DER of each list as Go would write it; undefined without a bag. */
  readonly revocationLists: readonly Uint8Array[] | undefined;
  readonly signers: readonly SignerInfo[];
}

/** A message by its type; its body is absent when the message says so. */
export interface SignedMessage {
  readonly contentType: string;
  /** DER of the type. */
  readonly typeEncoding: Uint8Array;
  readonly signedData: SignedData | undefined;
}

/** Identifier of signed messages. */
export const SIGNED_DATA = '1.2.840.113549.1.7.2';

/** Most certificates, signers and attributes that one message may have in each place. */
export const MAX_LIST_LENGTH = 1_024;

/** Returns the message that `bytes` begin with; nothing but zeros may follow it. */
export function readSignedMessage(bytes: Uint8Array): SignedMessage {
  const cursor = new Asn1Cursor(bytes);
  const message = readMessageFields(cursor.sequence('ContentInfoSignedData').content);
  if (cursor.rest.some((octet) => octet !== 0)) {
    throw new LogError('ENTRY_MALFORMED', 'pkcs7: trailing garbage after PKCS#7 structure');
  }
  return message;
}

/** Returns the message whose SEQUENCE has this content. */
export function readMessageFields(content: Uint8Array): SignedMessage {
  const fields = new Asn1Cursor(content);
  const contentType = fields.oid();
  const body = fields.optionalExplicit(0, TAG.sequence);
  return {
    contentType,
    typeEncoding: firstOf(content),
    signedData: body === undefined ? undefined : readSignedData(body.content),
  };
}

/** Returns the signer whose SEQUENCE this is. */
export function readSignerInfo({ content, encoding }: Asn1Value): SignerInfo {
  const fields = new Asn1Cursor(content);
  fields.smallInteger();
  const name = new Asn1Cursor(fields.sequence('IssuerAndSerial').content);
  return {
    encoding,
    issuer: name.any().encoding,
    serialNumber: name.integer(),
    digestAlgorithm: readAlgorithm(fields.sequence('AlgorithmIdentifier')),
    signedAttributes: readAttributes(fields.optionalTagged(0)),
    signatureAlgorithm: readAlgorithm(fields.sequence('AlgorithmIdentifier')),
    signature: fields.octets(),
    unsignedAttributes: readAttributes(fields.optionalTagged(1)),
  };
}

/** Returns an algorithm and its parameters. */
export function readAlgorithm({ content }: Asn1Value): AlgorithmIdentifier {
  const fields = new Asn1Cursor(content);
  const before = fields.rest;
  const oid = fields.oid();
  const parameters = fields.anyOptional();
  const own = before.subarray(0, before.length - fields.rest.length);
  return { oid, parameters, encoding: encodeElement(SEQUENCE, own) };
}

/**
 * Returns the content that is signed, in the message itself; undefined where it is not there. Go's errors of syntax
 * count as absence, as they do in relic; errors of structure do not.
 */
export function contentOfMessage({ contentInfo }: SignedData): Uint8Array | undefined {
  try {
    const fields = new Asn1Cursor(contentInfo.content);
    fields.oid();
    return new Asn1Cursor(fields.any().content).any().content;
  } catch (error) {
    if (isSyntaxError(error)) return undefined;
    throw error;
  }
}

/** Returns `message` without the content that it signs, as relic writes it: what the log stores of it. */
export function encodeDetached({ typeEncoding, signedData }: SignedMessage): Uint8Array {
  if (signedData === undefined) return encodeElement(SEQUENCE, typeEncoding);
  const { version, digestAlgorithms, contentInfo, certificates, revocationLists, signers } =
    signedData;
  const body = encodeElement(
    SEQUENCE,
    encodeElement(INTEGER, version),
    encodeSet(digestAlgorithms.map(({ encoding }) => encoding)),
    encodeElement(SEQUENCE, firstOf(contentInfo.content)),
    certificates === undefined ? NOTHING : encodeElement(0xa0, ...certificates),
    revocationLists === undefined ? NOTHING : encodeElement(0xa1, ...revocationLists),
    encodeSet(signers.map(({ encoding }) => encoding)),
  );
  return encodeElement(SEQUENCE, typeEncoding, encodeElement(0xa0, body));
}

const SEQUENCE = 0x30;
const SET = 0x31;
const INTEGER = 0x02;
const NOTHING = new Uint8Array(0);

function readSignedData(content: Uint8Array): SignedData {
  const fields = new Asn1Cursor(content);
  return {
    version: fields.smallInteger(),
    digestAlgorithms: bounded(fields.setOf()).map(readAlgorithm),
    contentInfo: readContentInfo(fields.sequence('ContentInfo')),
    certificates: readCertificates(fields.optionalTagged(0)),
    revocationLists: readRevocationLists(fields.optionalTagged(1)),
    signers: bounded(fields.setOf()).map(readSignerInfo),
  };
}

function firstOf(content: Uint8Array): Uint8Array {
  return new Asn1Cursor(content).any().encoding;
}

function readContentInfo(contentInfo: Asn1Value): Asn1Value {
  new Asn1Cursor(contentInfo.content).oid();
  return contentInfo;
}

function readCertificates(bag: Asn1Value | undefined): Uint8Array[] | undefined {
  if (bag === undefined) return undefined;
  return bounded(elementsOf(bag.content, 'anything')).map(({ encoding }) => encoding);
}

function readAttributes(list: Asn1Value | undefined): Attribute[] {
  if (list === undefined) return [];
  return bounded(elementsOf(list.content, 'sequences')).map(({ content }) => {
    const fields = new Asn1Cursor(content);
    return { oid: fields.oid(), values: fields.any().content };
  });
}

function bounded(elements: Asn1Value[]): Asn1Value[] {
  if (elements.length <= MAX_LIST_LENGTH) return elements;
  throw new LogError(
    'ENTRY_MALFORMED',
    `pkcs7: list of ${elements.length} elements exceeds ${MAX_LIST_LENGTH}`,
  );
}

/** DER wants the elements of a SET OF in order; what was signed is one level further down, and stays as it is. */
function encodeSet(elements: readonly Uint8Array[]): Uint8Array {
  return encodeElement(SET, ...[...elements].sort(compareBytes));
}
