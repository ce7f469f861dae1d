/**
 * Search terms that several kinds have: digests, signatures, keys and the names in their certificates, statements.
 *
 * In scope: facts to terms. Out of scope: letter case and duplicates (accept.ts folds them), what the keys of
 * Rekor's own index are (each kind).
 */

import { sha256 } from '#sha256';
import { toHex } from '../../encoding/hex.js';
import type { X509Key } from '../../pki/x509.js';
import type { SearchTerm } from '../entry-kind.js';

/** Returns the term of a digest in hex. */
export function digestTerm(algorithm: string, value: string): SearchTerm {
  return { field: 'digest', value: `${algorithm}:${value}` };
}

/** Returns the term of a signature. */
export function signatureTerm(signature: Uint8Array): SearchTerm {
  return { field: 'signature', value: toHex(sha256(signature)) };
}

/** Returns the term of a key in its canonical form. */
export function keyTerm(canonicalKey: Uint8Array): SearchTerm {
  return { field: 'key', value: toHex(sha256(canonicalKey)) };
}

/** Returns the terms of e-mail addresses. */
export function emailTerms(emails: readonly string[]): SearchTerm[] {
  return emails.map((value) => ({ field: 'email', value }));
}

/** Returns the terms of a key or certificate: its hashes, its names, its issuer, Sigstore's extensions. */
export function x509KeyTerms(key: X509Key): SearchTerm[] {
  return [keyTerm(key.canonicalPem), keyTerm(key.publicKey.der)];
}

/** Returns the terms of an in-toto statement; none for a payload that is no statement. */
export function statementTerms(_payload: Uint8Array): SearchTerm[] {
  return [];
}
