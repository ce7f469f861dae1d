/**
 * Certificate authorities whose word on a name counts.
 *
 * Anybody can make a certificate for any name, and a log takes it. In scope: whether a signer's certificate leads to one of
 * the certificates that somebody trusts, as of the moment at which its own validity begins: leaves do not say when they were
 * logged, and certificates of Sigstore live for minutes. Out of scope: what the name is, revocation, certificate
 * transparency. Pure.
 */

import { decodePem } from '../encoding/pem.js';
import { isLogError, LogError } from '../errors.js';
import { type Certificate, readCertificate } from '../pki/certificate.js';
import { chainProblem } from '../pki/certificate-chain.js';
import type { StoredSigner } from './stored-signer.js';

/** Judges signers. */
export interface TrustedRoots {
  /** Returns whether the signer's names are vouched for: false for keys without a certificate too. Never throws. */
  vouchFor(signer: StoredSigner): boolean;
}

/** Most certificates that are trusted: the public good instance has a handful. */
export const MAX_TRUSTED_ROOTS = 64;

/** Longest chain in a leaf that is followed. */
const MAX_CHAIN = 10;

/**
 * Returns the authorities in a PEM text of certificates, roots or intermediates, each of which is trusted. Throws KEY_MALFORMED
 * for anything else, or none.
 */
export function readTrustedRoots(pem: string): TrustedRoots {
  const roots: Certificate[] = [];
  for (let block = decodePem(pem); block !== undefined; block = decodePem(block.rest)) {
    if (block.label !== 'CERTIFICATE') {
      throw new LogError('KEY_MALFORMED', `among the trusted certificates is a ${block.label}`);
    }
    roots.push(readCertificate(block.der));
  }
  if (roots.length === 0 || roots.length > MAX_TRUSTED_ROOTS) {
    const bounds = `1 to ${MAX_TRUSTED_ROOTS}`;
    throw new LogError(
      'KEY_MALFORMED',
      `there are ${roots.length} trusted certificates, not ${bounds}`,
    );
  }
  return { vouchFor: (signer) => vouchFor(signer, roots) };
}

function vouchFor(signer: StoredSigner, roots: readonly Certificate[]): boolean {
  try {
    const chain = signer.certificates();
    if (chain.length === 0 || chain.length > MAX_CHAIN) return false;
    const [leaf, ...between] = chain.map(readCertificate) as [Certificate, ...Certificate[]];
    return roots.some((root) => chainProblem([leaf, ...between, root]) === undefined);
  } catch (error) {
    // What cannot be read, nobody who is trusted has signed.
    if (isLogError(error)) return false;
    throw error;
  }
}
