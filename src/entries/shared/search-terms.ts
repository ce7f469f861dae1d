/**
 * Search terms that several kinds have: digests, signatures, keys and the names in their certificates.
 *
 * In scope: facts to terms. Out of scope: letter case and duplicates (accept.ts folds them), what the keys of
 * Rekor's own index are (each kind), statements (statement-terms.ts).
 */

import { sha256Hex } from '#sha256';
import { alternativeNamesOf, distinguishedNameText } from '../../pki/certificate-names.js';
import { sigstoreFacts } from '../../pki/sigstore-extensions.js';
import type { X509Key } from '../../pki/x509.js';
import type { SearchTerm } from '../entry-kind.js';

/** Returns the term of a digest in hex. */
export function digestTerm(algorithm: string, value: string): SearchTerm {
  return { field: 'digest', value: `${algorithm}:${value}` };
}

/** Returns the term of a signature. */
export function signatureTerm(signature: Uint8Array): SearchTerm {
  return { field: 'signature', value: sha256Hex(signature) };
}

/** Returns the term of a key in its canonical form. */
export function keyTerm(canonicalKey: Uint8Array): SearchTerm {
  return { field: 'key', value: sha256Hex(canonicalKey) };
}

/** Returns the terms of e-mail addresses. */
export function emailTerms(emails: readonly string[]): SearchTerm[] {
  return emails.map((value) => ({ field: 'email', value }));
}

/**
 * Returns the terms of a key or certificate: its hashes, its names, its issuer, what Sigstore's extensions say. Of a
 * chain the first certificate counts: the others are nobody's who signed.
 */
export function x509KeyTerms(key: X509Key): SearchTerm[] {
  const terms = [keyTerm(key.canonicalPem), keyTerm(key.publicKey.der)];
  const certificate = key.certificates[0];
  if (certificate === undefined) return terms;
  for (const [field, value] of alternativeNamesOf(certificate)) terms.push({ field, value });
  const issuer = distinguishedNameText(certificate.issuer);
  terms.push({ field: 'certificate-issuer', value: issuer });
  for (const [field, value] of sigstoreFacts(certificate.extensions)) {
    terms.push({ field, value });
    // People know a run of GitHub's by its page, which is that of every attempt.
    if (field === 'run') terms.push({ field, value: value.replace(/\/attempts\/\d+$/, '') });
  }
  return terms;
}
