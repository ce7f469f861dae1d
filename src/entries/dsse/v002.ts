/**
 * dsse 0.0.2: a DSSE envelope through the v2 API, of which the log keeps the hash of the payload and the signatures.
 *
 * Spec: DSSERequestV002 and DSSELogEntryV002 of sigstore/rekor-tiles, which took it up to v2.2.1; the order of checks,
 * their reasons and what the leaf holds are that server's. It tries the keys in no order, so that what becomes of keys
 * too many is chance there; here they are tried as given, until every signature has one (shared/verify-envelope.ts).
 * In scope: a request message to a leaf. Out of scope: decoding it (api/v2).
 */

import { sha256, sha256Hex } from '#sha256';
import { toBase64 } from '../../encoding/base64.js';
import { compareBytes, utf8 } from '../../encoding/bytes.js';
import { toHex } from '../../encoding/hex.js';
import { LogError } from '../../errors.js';
import type { EntryLimits, EntryPolicy, EntryVersion, SignatureVerifier } from '../entry-kind.js';
import { payloadAttachment } from '../shared/attachment.js';
import { preAuthenticationEncoding } from '../shared/dsse-envelope.js';
import { digestTerm, signatureTerm, x509KeyTerms } from '../shared/search-terms.js';
import {
  assertSubjectCount,
  digestKeys,
  STATEMENT_TYPE,
  statementDigests,
} from '../shared/statement-keys.js';
import { statementTerms } from '../shared/statement-terms.js';
import {
  assertVerifier,
  assertVerifierPermitted,
  DIGEST_ALGORITHMS,
  describedVerifier,
  readVerifierKey,
  signatureJson,
  type Verifier,
} from '../shared/v2-verifier.js';
import {
  assertHashedBytes,
  firstSignatureBy,
  KEY_MISSING,
  NONE_VERIFIES,
  unverified,
} from '../shared/verify-envelope.js';
import type { DsseRequest, VerifierMessage } from '../v2-messages.js';

/** An envelope as read, with those who should have signed it. */
export interface DsseV2 {
  readonly payloadType: string;
  readonly payload: Uint8Array;
  readonly signatures: readonly SignatureBytes[];
  readonly verifiers: readonly Verifier[];
}

/** A signature of an envelope; no key ID is looked at. */
interface SignatureBytes {
  readonly bytes: Uint8Array;
  /** What tells it from the others. */
  readonly hex: string;
}

/** An envelope whose signatures verify. */
export interface ProvenDsseV2 {
  readonly payloadType: string;
  readonly payload: Uint8Array;
  /** SHA-256 of the payload. */
  readonly payloadHash: Uint8Array;
  /** Ascending by the signature's bytes, without duplicates, each with the key that verified it. */
  readonly signatures: readonly { readonly content: Uint8Array; readonly verifier: Verifier }[];
  /** `alg:digest` from the statement in the payload. */
  readonly statementKeys: readonly string[];
}

/** Rekor's bounds; an operator may set lower ones. */
const MOST_VERIFIERS = 10;
const MOST_SIGNATURES = 10;

/** How dsse 0.0.2 is read, verified and stored. */
export const dsseV002: EntryVersion<DsseV2, ProvenDsseV2> = {
  verifiedWhen: 'stored',

  parse(input, { limits }) {
    const { envelope, verifiers } = input as DsseRequest;
    if (envelope === undefined) throw malformed('missing envelope');
    assertVerifiers(verifiers, limits);
    const { payload, payloadType } = envelope;
    const signatures = readSignatures(envelope.signatures, limits);
    assertHashedBytes(verifiers.length * signatures.length, payload.length);
    const keys = verifiers.map((verifier) => ({
      verifier,
      key: readVerifierKey(verifier, 'as it is'),
    }));
    return {
      payloadType,
      payload,
      signatures,
      verifiers: keys.map(({ verifier, key }) => describedVerifier(verifier, key)),
    };
  },

  // A request is all there is: there is no form of this version that only looks up.
  assertInsertable() {},

  assertPermitted({ verifiers }, policy) {
    for (const verifier of verifiers) assertMessageVerifier(verifier, policy);
  },

  async verify(spec, { verifySignatures, limits }) {
    const { payload, payloadType } = spec;
    const signers = await signersOf(spec, verifySignatures);
    const digests = payloadType === STATEMENT_TYPE ? statementDigests(payload) : [];
    assertSubjectCount(digests, limits.subjects);
    return {
      payloadType,
      payload,
      payloadHash: sha256(payload),
      signatures: signers.sort((a, b) => compareBytes(a.content, b.content)),
      statementKeys: digestKeys(digests),
    };
  },

  // The RFC 8785 form by hand: no member needs escaping.
  canonicalize({ proven: { payloadHash, signatures } }) {
    const list = signatures.map(({ content, verifier }) => signatureJson(content, verifier));
    return utf8(
      '{"apiVersion":"0.0.2","kind":"dsse","spec":{"dsseV002":{' +
        `"payloadHash":{"algorithm":"SHA2_256","digest":"${toBase64(payloadHash)}"},` +
        `"signatures":[${list.join(',')}]}}}`,
    );
  },

  // Those of 0.0.1, where a key's hash has the prefix of a digest; without it too, as the v1 API asks for a key.
  indexKeys({ proven: { payloadHash, signatures, statementKeys } }) {
    const keys: string[] = [];
    for (const { verifier } of signatures) {
      const hash = sha256Hex(verifier.key.canonicalPem);
      keys.push(hash, `sha256:${hash}`, ...verifier.key.subjects);
    }
    return [...keys, `sha256:${toHex(payloadHash)}`, ...statementKeys];
  },

  searchTerms({ proven: { payload, payloadType, payloadHash, signatures, statementKeys } }) {
    return [
      digestTerm('sha256', toHex(payloadHash)),
      ...signatures.flatMap(({ verifier }) => x509KeyTerms(verifier.key)),
      ...signatures.map(({ content }) => signatureTerm(content)),
      ...statementKeys.map((value) => ({ field: 'digest' as const, value })),
      ...(payloadType === STATEMENT_TYPE ? statementTerms(payload) : []),
    ];
  },

  attachment({ proven: { payload } }, limits) {
    return limits.dsseAttestations
      ? payloadAttachment(payload, toBase64(payload), limits)
      : undefined;
  },
};

function assertVerifiers(verifiers: readonly VerifierMessage[], limits: EntryLimits): void {
  if (verifiers.length === 0) throw malformed('missing verifiers');
  const most = Math.min(MOST_VERIFIERS, limits.verifiers);
  if (verifiers.length > most) {
    throw malformed(`too many verifiers: ${verifiers.length}, max allowed: ${most}`);
  }
  const seen = new Set<string>();
  for (const verifier of verifiers) {
    assertVerifier(verifier);
    const name = toHex(verifier.rawBytes);
    if (seen.has(name)) throw malformed('duplicate verifier');
    seen.add(name);
  }
}

function readSignatures(
  signatures: readonly { readonly sig: Uint8Array }[],
  limits: EntryLimits,
): readonly SignatureBytes[] {
  if (signatures.length === 0) throw malformed('envelope missing signatures');
  const most = Math.min(MOST_SIGNATURES, limits.signatures);
  if (signatures.length > most) {
    throw malformed(`too many signatures: ${signatures.length}, max allowed: ${most}`);
  }
  if (signatures.some(({ sig }) => sig.length === 0)) throw malformed('envelope signature empty');
  return signatures.map(({ sig }) => ({ bytes: sig, hex: toHex(sig) }));
}

/** The algorithms that sign a message: those that sign a digest, and Ed25519 as it is. */
const MESSAGE_ALGORITHMS: ReadonlySet<string> = new Set([...DIGEST_ALGORITHMS, 'ed25519']);

function assertMessageVerifier(verifier: Verifier, policy: EntryPolicy): void {
  assertVerifierPermitted(verifier, MESSAGE_ALGORITHMS, policy);
  // Rekor permits the prehashed form and then checks the other: such an entry would not say what was checked.
  if (!policy.v2.strictKeyDetails || verifier.described.algorithm !== 'ed25519-ph') return;
  const reason =
    'keyDetails PKIX_ED25519_PH is not what a dsse entry is checked with: PKIX_ED25519';
  throw new LogError('ALGORITHM_NOT_ALLOWED', reason);
}

async function signersOf(
  { payload, payloadType, signatures, verifiers }: DsseV2,
  verifySignatures: SignatureVerifier,
): Promise<{ content: Uint8Array; verifier: Verifier }[]> {
  const envelope = { message: preAuthenticationEncoding(payloadType, payload), signatures };
  const missing = new Set(signatures.map(({ hex }) => hex));
  const signers = new Map<string, { content: Uint8Array; verifier: Verifier }>();
  for (const verifier of verifiers) {
    if (missing.size === 0) break;
    const { key, described } = verifier;
    const hash = described.hash ?? 'sha512';
    const accepted = await firstSignatureBy(key.publicKey, hash, envelope, verifySignatures);
    if (accepted === undefined) throw unverified(NONE_VERIFIES);
    missing.delete(accepted.hex);
    signers.set(accepted.hex, { content: accepted.bytes, verifier });
  }
  if (missing.size > 0) throw new LogError('SIGNATURE_INVALID', KEY_MISSING);
  return [...signers.values()];
}

function malformed(reason: string): LogError {
  return new LogError('ENTRY_MALFORMED', reason);
}
