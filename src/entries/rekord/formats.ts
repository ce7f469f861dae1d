/**
 * What the formats of rekord have in common: a detached signature and the key that made it, read from bytes, in the
 * forms that Rekor stores.
 *
 * In scope: one reader for each format. Out of scope: the formats themselves (pki/).
 */

import {
  minisignSignatureProblem,
  readMinisignKey,
  readMinisignSignature,
} from '../../pki/minisign.js';
import { readAuthorizedKey } from '../../pki/ssh/authorized-keys.js';
import { readSshSignature, sshSignatureProblem } from '../../pki/ssh/signature.js';
import { sshKeyInfo } from '../../pki/ssh/verify.js';
import { readX509Key, x509ChainProblem } from '../../pki/x509.js';
import type { SearchTerm, SignatureVerdict, SignatureVerifier } from '../entry-kind.js';
import { emailTerms, keyTerm, x509KeyTerms } from '../shared/search-terms.js';
import type { RekordFormat } from './schema.js';

/** A signature with its key. */
export interface DetachedSignature {
  /** The signature as Rekor stores it. */
  readonly signature: Uint8Array;
  /** The key as Rekor stores it. */
  readonly key: Uint8Array;
  /** Names of the signer, as Rekor writes them into its index. */
  readonly subjects: readonly string[];
  /** What the richer search finds the key by. */
  readonly keyTerms: readonly SearchTerm[];
  /** Returns why the signature is not over `message`, in Rekor's words; undefined when it is. */
  problem(
    message: Uint8Array,
    verifySignatures: SignatureVerifier,
  ): SignatureVerdict | Promise<SignatureVerdict>;
}

/** Reads a signature, then its key. Throws ENTRY_MALFORMED or KEY_MALFORMED with Rekor's reason. */
export type DetachedSignatureReader = (
  signature: Uint8Array,
  key: Uint8Array,
) => DetachedSignature | Promise<DetachedSignature>;

/** The reader of each format. */
export const DETACHED_SIGNATURE_READERS: Readonly<Record<RekordFormat, DetachedSignatureReader>> = {
  pgp: readPgp,
  minisign: readMinisign,
  x509: readX509,
  ssh: readSsh,
};

async function readPgp(content: Uint8Array, keyContent: Uint8Array): Promise<DetachedSignature> {
  const { pgpSignatureProblem, readPgpSignature } = await import('../../pki/pgp/signature.js');
  const { readPgpKeyRing } = await import('../../pki/pgp/key-ring.js');
  const signature = await readPgpSignature(content);
  const ring = await readPgpKeyRing(keyContent);
  return {
    signature: signature.canonical,
    key: ring.canonical,
    subjects: ring.emails,
    keyTerms: [keyTerm(ring.canonical), ...emailTerms(ring.emails)],
    problem: (message) => pgpSignatureProblem(ring, signature, message),
  };
}

function readMinisign(content: Uint8Array, keyContent: Uint8Array): DetachedSignature {
  const signature = readMinisignSignature(content);
  const key = readMinisignKey(keyContent);
  return {
    signature: signature.canonical,
    key: key.canonical,
    subjects: [],
    keyTerms: [keyTerm(key.canonical), keyTerm(key.publicKey.der)],
    problem: (message) => minisignSignatureProblem(key, signature, message),
  };
}

function readX509(signature: Uint8Array, keyContent: Uint8Array): DetachedSignature {
  const key = readX509Key(keyContent);
  return {
    signature,
    key: key.canonicalPem,
    subjects: key.subjects,
    keyTerms: x509KeyTerms(key),
    async problem(message, verifySignatures) {
      const chainProblem = x509ChainProblem(key);
      if (chainProblem !== undefined) return chainProblem;
      const check = { over: 'message', message, hash: 'sha256', signature } as const;
      const [verdict] = await verifySignatures([{ ...check, key: key.publicKey.der }]);
      return verdict;
    },
  };
}

function readSsh(content: Uint8Array, keyContent: Uint8Array): DetachedSignature {
  const signature = readSshSignature(content);
  const key = readAuthorizedKey(keyContent);
  const info = sshKeyInfo(key.key.material);
  return {
    signature: signature.canonical,
    key: key.canonical,
    subjects: [],
    keyTerms: [
      keyTerm(key.canonical),
      // SHA-256 of this is the fingerprint that ssh-keygen prints.
      keyTerm(key.encoding),
      ...(info === undefined ? [] : [keyTerm(info)]),
    ],
    problem: (message) => sshSignatureProblem(key, signature, message),
  };
}
