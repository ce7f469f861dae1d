/**
 * The certificates of a timestamp authority: what a chain must be so that every client accepts the tokens under it.
 *
 * Spec: RFC 3161 section 2.3, and what the clients of Sigstore check (sigstore-go and the timestamp-authority
 * project, sigstore-js, sigstore-python): an end-entity first whose extended key usage is critical and time stamping
 * alone, each certificate issued by the next, intermediates for time stamping too, a self-signed root at the end.
 *
 * In scope: reading a chain and saying what is wrong with it, at a start rather than at the first verification. Out
 * of scope: files (server/), making chains (issue-chain.ts). No state.
 */

import { equalBytes } from '../encoding/bytes.js';
import { decodePem, encodePem } from '../encoding/pem.js';
import { isLogError, LogError } from '../errors.js';
import { type Certificate, readCertificate } from '../pki/certificate.js';
import { chainProblem } from '../pki/certificate-chain.js';
import { issuerSignatureProblem } from '../pki/issuer-signature.js';
import { OID } from './oids.js';
import { extendedKeyUsages, KEY_USAGE, keyUsageBits } from './usages.js';

/** The certificates of an authority, the one that signs first, the root last. */
export interface TimestampChain {
  readonly leaf: Certificate;
  /** DER, in this order. */
  readonly certificates: readonly Uint8Array[];
  /** PEM, in this order. */
  readonly pem: string;
  /** From when to when every certificate is valid, both included; seconds since 1970. */
  readonly notBeforeSeconds: number;
  readonly notAfterSeconds: number;
}

/** Most certificates of a chain. */
export const MAX_CHAIN_LENGTH = 10;

/**
 * Returns the chain in a PEM file, whose blocks of other kinds (a key, say) are passed over. Throws KEY_FILE_INVALID
 * when it is no chain for timestamps, or not one for the key `publicKeyDer` (SubjectPublicKeyInfo; undefined: for any).
 */
export function readTimestampChain(
  pem: string,
  publicKeyDer: Uint8Array | undefined,
): TimestampChain {
  const certificates = certificatesIn(pem).map(readOne);
  const problem = problemOf(certificates, publicKeyDer);
  if (problem !== undefined) throw invalid(problem);
  return {
    leaf: certificates[0] as Certificate,
    certificates: certificates.map(({ der }) => der),
    pem: certificates.map(({ der }) => encodePem('CERTIFICATE', der)).join(''),
    notBeforeSeconds: Math.max(...certificates.map(({ notBeforeSeconds }) => notBeforeSeconds)),
    notAfterSeconds: Math.min(...certificates.map(({ notAfterSeconds }) => notAfterSeconds)),
  };
}

function certificatesIn(pem: string): Uint8Array[] {
  const found: Uint8Array[] = [];
  for (let block = decodePem(pem); block !== undefined; block = decodePem(block.rest)) {
    if (block.label === 'CERTIFICATE') found.push(block.der);
    if (found.length > MAX_CHAIN_LENGTH) {
      throw invalid(`there are more than ${MAX_CHAIN_LENGTH} certificates`);
    }
  }
  return found;
}

function readOne(der: Uint8Array, at: number): Certificate {
  try {
    return readCertificate(der);
  } catch (cause) {
    if (!isLogError(cause)) throw cause;
    throw new LogError('KEY_FILE_INVALID', `certificate ${at + 1}: ${cause.message}`, { cause });
  }
}

function problemOf(
  chain: readonly Certificate[],
  publicKeyDer: Uint8Array | undefined,
): string | undefined {
  const [leaf, ...issuers] = chain;
  if (leaf === undefined || issuers.length === 0) {
    return `there are ${chain.length} certificates; at least that of the key and its root are needed, in this order`;
  }
  if (publicKeyDer !== undefined && !equalBytes(leaf.publicKey.der, publicKeyDer)) {
    return 'the first certificate is not for the key of the timestamp authority';
  }
  return (
    leafProblem(leaf) ??
    chainProblem(chain) ??
    orderProblem(chain) ??
    intermediateProblem(issuers.slice(0, -1))
  );
}

function leafProblem(leaf: Certificate): string | undefined {
  if (leaf.basicConstraints?.isAuthority === true) {
    return 'the first certificate is that of an authority over certificates, not of a timestamp authority';
  }
  const usages = extendedKeyUsages(leaf);
  if (!usages.isCritical || usages.purposes.join() !== OID.timeStamping) {
    return 'the extended key usage of the first certificate must be critical, and time stamping alone';
  }
  // OpenSSL takes digitalSignature and nonRepudiation for a timestamp, one or both of them and nothing else.
  const bits = keyUsageBits(leaf) ?? KEY_USAGE.digitalSignature;
  const others = bits & ~(KEY_USAGE.digitalSignature | KEY_USAGE.nonRepudiation);
  return bits !== 0 && others === 0
    ? undefined
    : 'the key usage of the first certificate must be digital signature';
}

/** Clients that look for issuers by themselves do not mind the order; some of them take it as it is. */
function orderProblem(chain: readonly Certificate[]): string | undefined {
  for (const [at, certificate] of chain.entries()) {
    // The last one must have issued itself: OpenSSL trusts nothing else as a root.
    const issuer = chain[at + 1] ?? certificate;
    const isIssued =
      equalBytes(certificate.issuer, issuer.subject) &&
      issuerSignatureProblem(certificate, issuer) === undefined;
    if (isIssued) continue;
    return issuer === certificate
      ? 'the last certificate is not a self-signed root'
      : `certificate ${at + 1} was not issued by certificate ${at + 2}`;
  }
  return undefined;
}

function intermediateProblem(intermediates: readonly Certificate[]): string | undefined {
  const isMeant = (certificate: Certificate) =>
    extendedKeyUsages(certificate).purposes.includes(OID.timeStamping);
  if (intermediates.every(isMeant)) return undefined;
  return 'an intermediate certificate lacks the extended key usage time stamping';
}

function invalid(problem: string): LogError {
  return new LogError('KEY_FILE_INVALID', problem);
}
