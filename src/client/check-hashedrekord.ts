/**
 * Entries of a signature over a digest: hashedrekord, of either API.
 *
 * Such an entry holds all that its signature is over, so the signature is verified again whatever the caller has. The
 * v2 API logs envelopes in this form too: the digest is then that of their pre-authentication encoding. In scope:
 * artifact, bundle, envelope. Out of scope: what a payload says (check-statement.ts), whose key it is
 * (check-signer.ts).
 */

import { createHash } from 'node:crypto';
import { equalBytes, fromUtf8 } from '../encoding/bytes.js';
import { toHex } from '../encoding/hex.js';
import {
  decodeEitherBase64,
  preAuthenticationEncoding,
  readEnvelope,
} from '../entries/shared/dsse-envelope.js';
import { isLogError } from '../errors.js';
import { checkSigners, type Signer } from './check-signer.js';
import { checkPredicate, checkReadable, checkSubject, type Payload } from './check-statement.js';
import { type Claim, notChecked, passed, unrelated } from './claim.js';
import { base64At, type Place, required, textAt } from './json-reader.js';
import type { LogEntry } from './log-entry.js';
import { reverify } from './reverify.js';
import type { SigstoreBundle } from './sigstore-bundle.js';
import { readStoredSignature, storedSigner } from './stored-verifier.js';
import type { VerificationStep } from './verify-entry.js';

/** What such an entry says, its signature verified. */
interface SignedDigest {
  readonly algorithm: string;
  /** Lower-case hex. */
  readonly hex: string;
  readonly signature: Uint8Array;
  readonly signer: Signer;
}

/** Returns the reader of a form of entry, `kind version`; undefined for a form that is no hashedrekord. */
export function hashedrekordReader(form: string): HashedrekordReader | undefined {
  return READERS.get(form);
}

/** Reads an entry and verifies its signature. */
export type HashedrekordReader = (body: Place, entry: LogEntry) => Promise<SignedDigest>;

/** Returns what was checked of such an entry. Throws PROOF_INVALID and the like for what does not agree. */
export async function checkHashedrekord(
  read: HashedrekordReader,
  body: Place,
  entry: LogEntry,
  claim: Claim,
): Promise<readonly VerificationStep[]> {
  const signed = await read(body, entry);
  const { algorithm, hex, signer } = signed;
  return [
    passed('signature', `the entry's key signed ${algorithm}:${hex}`),
    ...checkSigned(signed, claim),
    ...(await checkSigners([signer], entry, claim)),
  ];
}

const READERS: ReadonlyMap<string, HashedrekordReader> = new Map([
  ['hashedrekord 0.0.1', readV1],
  ['hashedrekord 0.0.2', readV2],
]);

async function readV1(body: Place, entry: LogEntry): Promise<SignedDigest> {
  const spec = required(body, 'spec');
  const hash = required(required(spec, 'data'), 'hash');
  const signature = required(spec, 'signature');
  const signed = {
    algorithm: textAt(required(hash, 'algorithm')),
    hex: textAt(required(hash, 'value')).toLowerCase(),
    signature: base64At(required(signature, 'content')),
    signer: {
      format: 'x509',
      key: base64At(required(required(signature, 'publicKey'), 'content')),
    },
  };
  await reverify(body, spec.value, entry);
  return signed;
}

async function readV2(body: Place, entry: LogEntry): Promise<SignedDigest> {
  const spec = required(required(body, 'spec'), 'hashedRekordV002');
  const data = required(spec, 'data');
  const digest = base64At(required(data, 'digest'));
  const signature = readStoredSignature(required(spec, 'signature'));
  const leaf = await reverify(body, { digest, signature }, entry, 'v2');
  // The hash that the entry names is not part of the message: that it is the right one shows here.
  if (!equalBytes(leaf, entry.body)) throw unrelated('the entry is not in its stored form');
  const algorithm = textAt(required(data, 'algorithm')).replace(/^SHA2_/, 'sha');
  const signer = storedSigner(signature);
  return { algorithm, hex: toHex(digest), signature: signature.content, signer };
}

function checkSigned(signed: SignedDigest, claim: Claim): readonly VerificationStep[] {
  const { bundle, artifact, predicateType } = claim;
  if (bundle?.content.form === 'dsse') {
    const payload = envelopePayload(signed, bundle);
    checkReadable(payload);
    return [
      passed('bundle', 'its payload and signature are those of the entry'),
      checkSubject(payload, artifact),
      ...checkPredicate(payload, predicateType),
    ];
  }
  const { algorithm, hex } = signed;
  const isArtifact = artifact !== undefined && digestOf(algorithm, artifact) === hex;
  const payload = isArtifact ? undefined : payloadIn(signed, bundle, artifact);
  if (payload !== undefined) {
    checkReadable(payload);
    return [
      passed('artifact', `it is an envelope with ${algorithm}:${hex}, as the entry says`),
      ...checkPredicate(payload, predicateType),
    ];
  }
  if (predicateType !== undefined) throw unrelated('a hashedrekord has no predicate');
  const steps: VerificationStep[] = [];
  if (bundle !== undefined) {
    compareDigestBundle(bundle, artifact, signed);
    steps.push(passed('bundle', 'its digest and signature are those of the entry'));
  }
  if (artifact === undefined) {
    return [...steps, notChecked('artifact', 'none was given; only its digest is known')];
  }
  if (!isArtifact) {
    const found = digestOf(algorithm, artifact);
    throw unrelated(`the artifact is ${algorithm}:${found}, the entry ${algorithm}:${hex}`);
  }
  return [...steps, passed('artifact', `it is ${algorithm}:${hex}, as the entry says`)];
}

/** Returns the payload of a bundle's envelope. Throws PROOF_INVALID unless the entry is of that envelope. */
function envelopePayload(signed: SignedDigest, { content }: SigstoreBundle): Payload {
  if (content.form !== 'dsse') throw unrelated('the bundle holds no envelope');
  const payload = { type: content.payloadType, bytes: content.payload };
  if (!isOver(signed, payload)) {
    throw unrelated('the bundle holds an envelope, the entry a signature over another digest');
  }
  const [only, ...others] = content.signatures;
  // Such a bundle would pass for signed by all of them.
  if (others.length > 0) throw unrelated('the bundle has several signatures, the entry one');
  if (only === undefined || !equalBytes(only, signed.signature)) {
    throw unrelated("the bundle's signature is not the one in the entry");
  }
  return payload;
}

/** Returns the payload of an artifact that is the envelope itself, undefined when it is anything else. */
function payloadIn(
  signed: SignedDigest,
  bundle: SigstoreBundle | undefined,
  artifact: Uint8Array | undefined,
): Payload | undefined {
  if (bundle !== undefined || artifact === undefined) return undefined;
  try {
    const { payloadType, payload } = readEnvelope(fromUtf8(artifact));
    const bytes = decodeEitherBase64(payload);
    if (bytes === undefined) return undefined;
    const found = { type: payloadType, bytes };
    return isOver(signed, found) ? found : undefined;
  } catch (error) {
    // Any file may be an artifact; few are envelopes.
    if (isLogError(error)) return undefined;
    throw error;
  }
}

function isOver({ algorithm, hex }: SignedDigest, { type, bytes }: Payload): boolean {
  return digestOf(algorithm, preAuthenticationEncoding(type, bytes)) === hex;
}

function compareDigestBundle(
  { content }: SigstoreBundle,
  artifact: Uint8Array | undefined,
  { algorithm, hex, signature }: SignedDigest,
): void {
  if (content.form !== 'digest') {
    throw unrelated('the bundle holds an envelope, the entry a signature over a digest');
  }
  if (!equalBytes(content.signature, signature)) {
    throw unrelated("the bundle's signature is not the one in the entry");
  }
  if (content.digest === undefined) {
    if (artifact !== undefined) return;
    throw unrelated('the bundle names no digest: the artifact is needed');
  }
  if (content.algorithm !== algorithm || toHex(content.digest) !== hex) {
    throw unrelated("the bundle's digest is not the one in the entry");
  }
}

function digestOf(algorithm: string, bytes: Uint8Array): string {
  return createHash(algorithm).update(bytes).digest('hex');
}
