/**
 * PEM files of other services, as trust material: chains of certificates, and keys of other logs.
 *
 * In scope: what must be so that clients can use it, in words for an operator. Out of scope: files, and whether a
 * certificate is valid now: documents speak of the past too.
 */

import { X509Certificate } from 'node:crypto';
import { decodePem } from '../encoding/pem.js';
import { LogError } from '../errors.js';
import { readPublicKey } from '../pki/public-key.js';
import { publicKeyDetails } from './key-details.js';
import type { AuthorityMaterial } from './material.js';

/** What a chain says of its authority. */
export type AuthorityChain = Pick<AuthorityMaterial, 'certificates' | 'subject'> & {
  /** When the last of its certificates began to be valid, seconds since 1970: from then on the whole chain is. */
  readonly validFromSeconds: number;
};

/** Most certificates in one chain. */
export const MAX_CHAIN_LENGTH = 10;

/** Longest PEM text that is read, in characters. */
export const MAX_PEM_LENGTH = 256 * 1024;

/** Returns the chain of a certificate authority, all of whose certificates issue others. Throws KEY_MALFORMED. */
export function readCertificateAuthority(pem: string): AuthorityChain {
  const chain = readChain(pem);
  const other = chain.findIndex(({ ca }) => !ca);
  if (other < 0) return authorityChain(chain);
  throw malformed(`certificate ${other + 1} is not of an authority: leave out what it has issued`);
}

/**
 * Returns the chain of a timestamp authority: first the certificate that signs timestamps, then its issuers. Throws
 * KEY_MALFORMED.
 */
export function readTimestampAuthority(pem: string): AuthorityChain {
  const chain = readChain(pem);
  const leaf = chain[0] as X509Certificate;
  // Clients look for the signer of a timestamp in the first place, and for its issuer behind it.
  if (leaf.ca)
    throw malformed('certificate 1 is of an authority, but must be the one that signs timestamps');
  if (!(leaf.keyUsage ?? []).includes(TIME_STAMPING)) {
    throw malformed(
      'certificate 1 is not for signing timestamps (extended key usage timeStamping)',
    );
  }
  if (chain.length > 1) return authorityChain(chain);
  throw malformed('there is one certificate alone: its issuers must follow, up to the root');
}

/** Returns the key of a log, DER SubjectPublicKeyInfo. Throws KEY_MALFORMED. */
export function readLogKey(pem: string): Uint8Array {
  const [der, ...more] = pemBlocks(pem, 'PUBLIC KEY');
  if (der === undefined || more.length > 0) throw malformed('there must be one public key');
  const key = readPublicKey(der);
  publicKeyDetails(key.der);
  return key.der;
}

const TIME_STAMPING = '1.3.6.1.5.5.7.3.8';

function readChain(pem: string): readonly X509Certificate[] {
  const chain = pemBlocks(pem, 'CERTIFICATE').map(readCertificate);
  chain.forEach((certificate, at) => {
    const issuer = chain[at + 1];
    if (issuer === undefined || isIssuedBy(certificate, issuer)) return;
    throw malformed(
      `certificate ${at + 1} is not issued by certificate ${at + 2}: they must follow from the leaf to the root`,
    );
  });
  return chain;
}

function pemBlocks(pem: string, label: string): readonly Uint8Array[] {
  if (pem.length > MAX_PEM_LENGTH) {
    throw malformed(`it has ${pem.length} characters, more than ${MAX_PEM_LENGTH}`);
  }
  const blocks: Uint8Array[] = [];
  let rest = pem;
  for (let block = decodePem(rest); block !== undefined; block = decodePem(rest)) {
    if (block.label !== label) throw malformed(`it holds a PEM block ${block.label}, not ${label}`);
    if (blocks.length === MAX_CHAIN_LENGTH) {
      throw malformed(`it holds more than ${MAX_CHAIN_LENGTH} PEM blocks`);
    }
    blocks.push(block.der);
    rest = block.rest;
  }
  // The reader passes over damaged blocks: a chain with a gap would be believed to be whole.
  const begun = pem.split(`-----BEGIN ${label}-----`).length - 1;
  if (blocks.length === 0) throw malformed(`it holds no PEM block ${label}`);
  if (begun !== blocks.length) throw malformed(`one of its ${begun} PEM blocks is damaged`);
  return blocks;
}

function readCertificate(der: Uint8Array, at: number): X509Certificate {
  try {
    return new X509Certificate(der);
  } catch (cause) {
    throw malformed(`certificate ${at + 1} cannot be read`, cause);
  }
}

function isIssuedBy(certificate: X509Certificate, issuer: X509Certificate): boolean {
  try {
    return certificate.checkIssued(issuer) && certificate.verify(issuer.publicKey);
  } catch {
    // A key that is of no use to OpenSSL has issued nothing.
    return false;
  }
}

function authorityChain(chain: readonly X509Certificate[]): AuthorityChain {
  const root = chain[chain.length - 1] as X509Certificate;
  const subject = root.toLegacyObject().subject as Readonly<Record<string, unknown>> | undefined;
  return {
    certificates: chain.map(({ raw }) => Uint8Array.from(raw)),
    subject: { organization: nameAt(subject, 'O'), commonName: nameAt(subject, 'CN') },
    validFromSeconds: Math.max(...chain.map(beginOf)),
  };
}

function beginOf({ validFrom }: X509Certificate, at: number): number {
  const milliseconds = Date.parse(validFrom);
  if (!Number.isNaN(milliseconds)) return milliseconds / 1000;
  throw malformed(`certificate ${at + 1} does not say from when it is valid`);
}

/** A name may have several values of one type; clients show one. */
function nameAt(subject: Readonly<Record<string, unknown>> | undefined, type: string): string {
  const value = subject?.[type];
  const first: unknown = Array.isArray(value) ? value[0] : value;
  return typeof first === 'string' ? first : '';
}

function malformed(reason: string, cause?: unknown): LogError {
  return new LogError('KEY_MALFORMED', reason, { cause });
}
