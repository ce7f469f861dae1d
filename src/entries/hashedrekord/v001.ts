/**
 * hashedrekord 0.0.1: a signature over the digest of an artifact that the log never sees.
 */

import { sha256Hex } from '#sha256';
import { toBase64 } from '../../encoding/base64.js';
import { utf8 } from '../../encoding/bytes.js';
import { LogError } from '../../errors.js';
import { DIGEST_LENGTH, type DigestAlgorithm } from '../../pki/digest-algorithm.js';
import { readX509Key, type X509Key, x509ChainProblem } from '../../pki/x509.js';
import type { EntryVersion, SignatureVerifier } from '../entry-kind.js';
import { readHexDigest } from '../shared/hex-digest.js';
import { readSpec } from '../shared/schema.js';
import { digestTerm, signatureTerm, x509KeyTerms } from '../shared/search-terms.js';
import { isAlgorithmAllowed } from '../shared/signature-algorithms.js';
import { HASHEDREKORD_SHAPE } from './schema.js';

/** A hashedrekord as read. */
export interface Hashedrekord {
  readonly algorithm: DigestAlgorithm;
  /** The digest in hex, in the letter case of the client: it goes into the leaf as it came. */
  readonly value: string;
  readonly digest: Uint8Array;
  /** Empty when the client sent none. */
  readonly signature: Uint8Array;
  readonly key: X509Key;
}

/** How hashedrekord 0.0.1 is read, verified and stored. */
export const hashedrekordV001: EntryVersion<Hashedrekord, Hashedrekord> = {
  verifiedWhen: 'read',

  parse(input) {
    const spec = readSpec(HASHEDREKORD_SHAPE, input);
    if (spec.signature.publicKey === undefined) {
      throw new LogError('ENTRY_MALFORMED', 'missing public key');
    }
    const key = readX509Key(spec.signature.publicKey.content ?? new Uint8Array(0));
    const { value } = spec.data.hash;
    const algorithm = spec.data.hash.algorithm as DigestAlgorithm;
    const digest = readHexDigest(value, DIGEST_LENGTH[algorithm]);
    const signature = spec.signature.content ?? new Uint8Array(0);
    return { algorithm, value, digest, signature, key };
  },

  async verify(spec, { verifySignatures }) {
    const problem = await signatureProblem(spec, verifySignatures);
    if (problem !== undefined) {
      throw new LogError('SIGNATURE_INVALID', `verifying signature: ${problem}`);
    }
    return spec;
  },

  // Whatever has been verified is complete: there is no form of this kind that only looks up.
  assertInsertable() {},

  assertAllowed({ key, algorithm }, policy) {
    if (!isAlgorithmAllowed(key.publicKey, algorithm, policy.allowedAlgorithms)) {
      throw new LogError('ALGORITHM_NOT_ALLOWED', 'entry algorithms are not allowed');
    }
  },

  // The RFC 8785 form by hand: no member needs escaping, and the generic writer costs a hundred times more.
  canonicalize({ proven }) {
    const { algorithm, value, signature, key } = proven;
    return utf8(
      `{"apiVersion":"0.0.1","kind":"hashedrekord","spec":{"data":{"hash":{"algorithm":"${algorithm}",` +
        `"value":"${value}"}},"signature":{"content":"${toBase64(signature)}",` +
        `"publicKey":{"content":"${toBase64(key.canonicalPem)}"}}}}`,
    );
  },

  indexKeys({ proven }) {
    const { algorithm, value, key } = proven;
    return [sha256Hex(key.canonicalPem), ...key.subjects, `${algorithm}:${value}`.toLowerCase()];
  },

  searchTerms({ proven }) {
    const { algorithm, value, signature, key } = proven;
    return [...x509KeyTerms(key), signatureTerm(signature), digestTerm(algorithm, value)];
  },
};

async function signatureProblem(
  spec: Hashedrekord,
  verifySignatures: SignatureVerifier,
): Promise<string | undefined> {
  if (spec.signature.length === 0) return 'X509 signature has not been initialized';
  const chainProblem = x509ChainProblem(spec.key);
  if (chainProblem !== undefined) return chainProblem;
  const [verdict] = await verifySignatures([
    {
      over: 'digest',
      digest: spec.digest,
      hash: spec.algorithm,
      key: spec.key.publicKey.der,
      signature: spec.signature,
    },
  ]);
  return verdict;
}
