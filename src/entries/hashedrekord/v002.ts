/**
 * hashedrekord 0.0.2, the entry of the v2 API: a signature over the digest of an artifact that the log never sees.
 *
 * Spec: HashedRekordRequestV002 and HashedRekordLogEntryV002 of sigstore/rekor-tiles; the order of checks, their
 * reasons and what the leaf holds are that server's. In scope: a request message to a leaf. Out of scope: decoding it
 * (api/v2). The hash is the one that keyDetails names, the signature is checked as the key itself has it.
 */

import { sha256Hex } from '#sha256';
import { toBase64 } from '../../encoding/base64.js';
import { utf8 } from '../../encoding/bytes.js';
import { toHex } from '../../encoding/hex.js';
import { LogError } from '../../errors.js';
import { DIGEST_LENGTH, DIGEST_TITLE, type DigestAlgorithm } from '../../pki/digest-algorithm.js';
import type { EntryVersion } from '../entry-kind.js';
import { digestTerm, signatureTerm, x509KeyTerms } from '../shared/search-terms.js';
import {
  assertVerifier,
  assertVerifierPermitted,
  DIGEST_ALGORITHMS,
  describedVerifier,
  PROTOBUF_HASH,
  readVerifierKey,
  signatureJson,
  type Verifier,
} from '../shared/v2-verifier.js';
import type { HashedrekordRequest } from '../v2-messages.js';

/** A request as read. */
export interface HashedrekordV2 {
  readonly digest: Uint8Array;
  readonly signature: Uint8Array;
  readonly verifier: Verifier;
}

/** A request whose signature verifies. */
export interface ProvenHashedrekordV2 extends HashedrekordV2 {
  readonly hash: DigestAlgorithm;
}

/** How hashedrekord 0.0.2 is read, verified and stored. */
export const hashedrekordV002: EntryVersion<HashedrekordV2, ProvenHashedrekordV2> = {
  verifiedWhen: 'stored',

  parse(input) {
    const { digest, signature } = input as HashedrekordRequest;
    if (signature === undefined || signature.content.length === 0) throw missing('signature');
    const { content, verifier } = signature;
    if (verifier === undefined) throw missing('verifier');
    if (digest.length === 0) throw missing('digest');
    assertVerifier(verifier);
    const key = readVerifierKey(verifier, 'verifier');
    return { digest, signature: content, verifier: describedVerifier(verifier, key) };
  },

  // A request is all there is: there is no form of this version that only looks up.
  assertInsertable() {},

  assertPermitted({ verifier }, policy) {
    assertVerifierPermitted(verifier, DIGEST_ALGORITHMS, policy);
  },

  async verify(spec, { verifySignatures }) {
    const { digest, signature, verifier } = spec;
    const hash = hashFor(digest, verifier);
    const key = verifier.key.publicKey.der;
    const [verdict] = await verifySignatures([{ over: 'digest', digest, hash, key, signature }]);
    if (verdict === undefined) return { ...spec, hash };
    throw new LogError('SIGNATURE_INVALID', `verifying signature: ${verdict}`);
  },

  // The RFC 8785 form by hand: no member needs escaping, and the generic writer costs a hundred times more.
  canonicalize({ proven: { digest, signature, verifier, hash } }) {
    return utf8(
      '{"apiVersion":"0.0.2","kind":"hashedrekord","spec":{"hashedRekordV002":{' +
        `"data":{"algorithm":"${PROTOBUF_HASH[hash]}","digest":"${toBase64(digest)}"},` +
        `"signature":${signatureJson(signature, verifier)}}}}`,
    );
  },

  // Those of 0.0.1: one search of the v1 API finds an artifact, a key or a name in entries of either version.
  indexKeys({ proven: { digest, verifier, hash } }) {
    const { canonicalPem, subjects } = verifier.key;
    return [sha256Hex(canonicalPem), ...subjects, `${hash}:${toHex(digest)}`];
  },

  searchTerms({ proven: { digest, signature, verifier, hash } }) {
    return [
      ...x509KeyTerms(verifier.key),
      signatureTerm(signature),
      digestTerm(hash, toHex(digest)),
    ];
  },
};

function missing(what: string): LogError {
  return new LogError('ENTRY_MALFORMED', `missing ${what}`);
}

/** Returns what `digest` was made with. Throws ENTRY_MALFORMED for one of another length, or where none belongs. */
function hashFor(digest: Uint8Array, { described }: Verifier): DigestAlgorithm {
  const { keyDetails, hash } = described;
  if (hash === undefined) {
    const reason = `unsupported signing algorithm ${keyDetails} for hashedrekord: no associated digest algorithm`;
    throw new LogError('ENTRY_MALFORMED', reason);
  }
  if (digest.length !== DIGEST_LENGTH[hash]) {
    const reason =
      `digest length (${digest.length}) does not match expected size (${DIGEST_LENGTH[hash]}) ` +
      `for algorithm ${DIGEST_TITLE[hash]}`;
    throw new LogError('ENTRY_MALFORMED', reason);
  }
  return hash;
}
