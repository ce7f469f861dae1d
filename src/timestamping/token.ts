/**
 * Timestamp tokens: TSTInfo (RFC 3161 section 2.4.2) inside CMS SignedData (RFC 5652), the certificate named by
 * ESSCertIDv2 (RFC 5035, RFC 5816).
 *
 * In scope: the octets of the answer. Out of scope: what may be asked for (request.ts), time and serial numbers
 * (authority.ts). Everything that is the same in each token is encoded once. The signed octets are built once and
 * signed as they are. No mutable state.
 */

import { sha256 } from '#sha256';
import { DER_TAG, encodeElement } from '../encoding/der.js';
import { LogError } from '../errors.js';
import type { Signer } from '../signing/signer.js';
import type { TimestampChain } from './certificate-chain.js';
import {
  algorithm,
  generalizedTime,
  integer,
  integerOf,
  nullValue,
  octetString,
  oid,
  sequence,
  setOf,
  sorted,
  tagged,
  timeOf,
} from './der-values.js';
import { OID } from './oids.js';

/** What one token says. */
export interface TokenFacts {
  /** DER of the MessageImprint. */
  readonly imprint: Uint8Array;
  /** DER of the INTEGER. */
  readonly serialNumber: Uint8Array;
  readonly timeSeconds: number;
  /** Content of the INTEGER. */
  readonly nonce: Uint8Array | undefined;
  readonly withCertificates: boolean;
}

/** Returns a TimeStampResp that grants a token with these facts. */
export type TokenWriter = (facts: TokenFacts) => Uint8Array;

/** How far the stated time may be from the true one, in seconds. */
export const ACCURACY_SECONDS = 1;

/**
 * Returns the writer of tokens under `policy` (dotted) by this key and its chain. Throws KEY_FILE_INVALID for a key
 * that clients could not verify, ENCODING_MALFORMED for a policy that is no object identifier.
 */
export function tokenWriter(signer: Signer, chain: TimestampChain, policy: string): TokenWriter {
  const { leaf, certificates } = chain;
  const version = integer(1);
  const policyID = oid(policy);
  const accuracy = sequence(integer(ACCURACY_SECONDS));
  const service = tagged(0, directoryName(leaf.subject));
  const sha256ID = algorithm(OID.sha256);
  const signatureID = signatureAlgorithm(signer);
  const signerID = sequence(leaf.issuer, integerOf(leaf.serialNumber));
  const contentType = attribute(OID.contentType, oid(OID.tokenInfo));
  const certificateID = attribute(OID.signingCertificateV2, signingCertificate(chain));
  // Whoever asks for certificates gets what leads to the root; the root itself must be known already.
  const bag = tagged(0, ...sorted(certificates.slice(0, -1)));
  const granted = sequence(integer(0));

  return ({ imprint, serialNumber, timeSeconds, nonce, withCertificates }) => {
    const content = sequence(
      version,
      policyID,
      imprint,
      serialNumber,
      generalizedTime(timeSeconds),
      accuracy,
      nonce === undefined ? NOTHING : integerOf(nonce),
      service,
    );
    const attributes = sorted([
      contentType,
      attribute(OID.signingTime, timeOf(timeSeconds)),
      attribute(OID.messageDigest, octetString(sha256(content))),
      certificateID,
    ]);
    // What is signed has the tag of a SET where the message has a context tag (RFC 5652 section 5.4).
    const signature = signer.sign(encodeElement(DER_TAG.set, ...attributes));
    const signerInfo = sequence(
      version,
      signerID,
      sha256ID,
      tagged(0, ...attributes),
      signatureID,
      octetString(signature),
    );
    const signedData = sequence(
      integer(3),
      setOf(sha256ID),
      sequence(oid(OID.tokenInfo), tagged(0, octetString(content))),
      withCertificates ? bag : NOTHING,
      setOf(signerInfo),
    );
    return sequence(granted, sequence(oid(OID.signedData), tagged(0, signedData)));
  };
}

const NOTHING = new Uint8Array(0);

function attribute(type: string, value: Uint8Array): Uint8Array {
  return sequence(oid(type), setOf(value));
}

/** A GeneralName. */
function directoryName(name: Uint8Array): Uint8Array {
  return tagged(4, name);
}

/** SHA-256 is the default hash of ESSCertIDv2, and DER leaves a default out. */
function signingCertificate({ leaf }: TimestampChain): Uint8Array {
  const issuerAndSerial = sequence(
    sequence(directoryName(leaf.issuer)),
    integerOf(leaf.serialNumber),
  );
  return sequence(sequence(sequence(octetString(sha256(leaf.der)), issuerAndSerial)));
}

/** A signer hashes with SHA-256, whatever its curve. */
function signatureAlgorithm({ algorithm: key }: Signer): Uint8Array {
  if (key === 'rsa') return algorithm(OID.rsaEncryption, nullValue());
  if (key !== 'ed25519') return algorithm(OID.ecdsaWithSha256);
  throw new LogError(
    'KEY_FILE_INVALID',
    'a timestamp authority cannot sign with Ed25519, which few clients verify there; use P-256, P-384, P-521 or RSA',
  );
}
