/**
 * Entries of DSSE envelopes: dsse of either API, and intoto in both versions.
 *
 * Such an entry holds the hash of the payload and the signatures, not the payload. Envelope and keys together give the
 * leaf again; so the entry speaks of an envelope exactly when the leaf, made anew, agrees with it. In scope: envelope,
 * bundle. Out of scope: what the payload says (check-statement.ts), whose key it is (check-signer.ts).
 */

import { toBase64 } from '../encoding/base64.js';
import { equalBytes, fromUtf8, utf8 } from '../encoding/bytes.js';
import { canonicalJson, type JsonValue } from '../encoding/canonical-json.js';
import {
  decodeEitherBase64,
  type Envelope,
  readEnvelope,
} from '../entries/shared/dsse-envelope.js';
import type { DsseRequest } from '../entries/v2-messages.js';
import { checkSigners, type Signer } from './check-signer.js';
import { checkPredicate, checkReadable, checkSubject, type Payload } from './check-statement.js';
import { type Claim, notChecked, passed, unrelated } from './claim.js';
import { base64At, items, type Place, readJson, required } from './json-reader.js';
import type { LogEntry } from './log-entry.js';
import { reverify } from './reverify.js';
import type { SigstoreBundle } from './sigstore-bundle.js';
import { readStoredSignature, type StoredSignature, storedSigner } from './stored-verifier.js';
import type { VerificationStep } from './verify-entry.js';

/** What is known of one kind and version. */
export interface EnvelopeKind {
  /** Whose versions it is of; undefined: those of the v1 API. */
  readonly api?: 'v2';
  /** Returns the proposal that an envelope and what the stored spec holds beside it make. */
  proposal(spec: Place, envelope: string): unknown;
  /** Paths in the spec that must agree for a bundle, which does not keep the envelope's own text. */
  readonly bundled: readonly (readonly string[])[];
  /** Returns the signers' keys. */
  signers(spec: Place): readonly Signer[];
}

/** The kinds by `kind version`. */
export const ENVELOPE_KINDS: ReadonlyMap<string, EnvelopeKind> = new Map([
  [
    'dsse 0.0.1',
    {
      proposal: (spec, envelope) => {
        const verifiers = items(required(spec, 'signatures')).map(
          (one) => required(one, 'verifier').value as JsonValue,
        );
        return { proposedContent: { envelope, verifiers } };
      },
      bundled: [['payloadHash'], ['signatures']],
      signers: (spec) =>
        items(required(spec, 'signatures')).map((one) => pemSigner(required(one, 'verifier'))),
    },
  ],
  [
    'dsse 0.0.2',
    {
      api: 'v2',
      proposal: (spec, envelope) => dsseRequest(storedSignatures(spec), envelope),
      bundled: [['dsseV002']],
      signers: (spec) => storedSignatures(spec).map(storedSigner),
    },
  ],
  [
    'intoto 0.0.1',
    {
      proposal: (spec, envelope) => ({
        publicKey: jsonAt(required(spec, 'publicKey')),
        content: { envelope },
      }),
      bundled: [['content', 'payloadHash'], ['publicKey']],
      signers: (spec) => [pemSigner(required(spec, 'publicKey'))],
    },
  ],
  [
    'intoto 0.0.2',
    {
      proposal: intotoProposal,
      bundled: [
        ['content', 'envelope', 'payloadType'],
        ['content', 'envelope', 'signatures'],
        ['content', 'payloadHash'],
      ],
      signers: (spec) =>
        items(at(spec, ['content', 'envelope', 'signatures'])).map((one) =>
          pemSigner(required(one, 'publicKey')),
        ),
    },
  ],
] satisfies [string, EnvelopeKind][]);

/** Returns what was checked of such an entry. Throws PROOF_INVALID and the like for what does not agree. */
export async function checkEnvelope(
  kind: EnvelopeKind,
  body: Place,
  entry: LogEntry,
  claim: Claim,
): Promise<readonly VerificationStep[]> {
  const signers = kind.signers(required(body, 'spec'));
  return [
    ...(await checkPayload(kind, body, entry, claim)),
    ...(await checkSigners(signers, entry, claim)),
  ];
}

async function checkPayload(
  kind: EnvelopeKind,
  body: Place,
  entry: LogEntry,
  claim: Claim,
): Promise<readonly VerificationStep[]> {
  if (claim.bundle !== undefined) {
    const payload = await compareBundle(kind, body, entry, claim.bundle);
    checkReadable(payload);
    const detail = 'its payload and signatures are those of the entry, and verify';
    return [
      passed('bundle', detail),
      checkSubject(payload, claim.artifact),
      ...checkPredicate(payload, claim.predicateType),
    ];
  }
  if (claim.artifact !== undefined) {
    const payload = await compareEnvelope(kind, body, entry, claim.artifact);
    checkReadable(payload);
    return [
      passed('artifact', 'it is the envelope of this entry; its signatures verify'),
      ...checkPredicate(payload, claim.predicateType),
    ];
  }
  if (claim.predicateType !== undefined) {
    throw unrelated('the entry holds no payload: give its envelope to compare the predicate');
  }
  return [notChecked('signature', 'the entry holds no payload: give its envelope')];
}

async function compareEnvelope(
  kind: EnvelopeKind,
  body: Place,
  entry: LogEntry,
  artifact: Uint8Array,
): Promise<Payload> {
  // Without an envelope the proposal would be the stored form, which agrees with any entry.
  if (artifact.length === 0) throw unrelated('the artifact is empty, not the envelope logged');
  const text = fromUtf8(artifact);
  const leaf = await reverify(body, kind.proposal(required(body, 'spec'), text), entry, kind.api);
  if (!equalBytes(leaf, entry.body)) throw unrelated('the artifact is not the envelope logged');
  // The reader that the signatures were verified with: another one might see another payload.
  const { payloadType, payload } = readEnvelope(text);
  const bytes = decodeEitherBase64(payload);
  if (bytes === undefined) throw unrelated('the payload of the envelope is no base64');
  return { type: payloadType, bytes };
}

async function compareBundle(
  kind: EnvelopeKind,
  body: Place,
  entry: LogEntry,
  { content }: SigstoreBundle,
): Promise<Payload> {
  if (content.form !== 'dsse') {
    throw unrelated('the bundle holds a signature over a digest, the entry an envelope');
  }
  const envelope = JSON.stringify({
    payloadType: content.payloadType,
    payload: toBase64(content.payload),
    signatures: content.signatures.map((signature) => ({ sig: toBase64(signature) })),
  });
  const spec = required(body, 'spec');
  const leaf = await reverify(body, kind.proposal(spec, envelope), entry, kind.api);
  const made = required(readJson(fromUtf8(leaf), 'leaf'), 'spec');
  for (const path of kind.bundled) {
    const [ours, logged] = [made, spec].map((place) => canonicalJson(jsonAt(at(place, path))));
    if (ours !== logged) {
      throw unrelated(`the bundle's ${path.join('.')} is not that of the entry`);
    }
  }
  return { type: content.payloadType, bytes: content.payload };
}

/** Its verifiers stand in the order of the signatures that each of them verified. */
function dsseRequest(stored: readonly StoredSignature[], text: string): DsseRequest {
  const { payloadType, payload, signatures } = readEnvelope(text);
  return {
    envelope: {
      payloadType,
      payload: decoded(payload),
      signatures: signatures.map(({ text: sig, keyID }) => ({ sig: decoded(sig), keyid: keyID })),
    },
    verifiers: stored.map(({ verifier }) => verifier),
  };
}

function storedSignatures(spec: Place): readonly StoredSignature[] {
  return items(at(spec, ['dsseV002', 'signatures'])).map(readStoredSignature);
}

function decoded(base64: string): Uint8Array {
  const bytes = decodeEitherBase64(base64);
  if (bytes === undefined) throw unrelated('the envelope holds something that is no base64');
  return bytes;
}

function pemSigner(place: Place): Signer {
  return { format: 'x509', key: base64At(place) };
}

/** The stored form has all but the payload; the client's hash of the envelope is part of the leaf. */
function intotoProposal(spec: Place, text: string): JsonValue {
  const sent: Envelope = readEnvelope(text);
  const stored = items(at(spec, ['content', 'envelope', 'signatures']));
  if (sent.signatures.length !== stored.length) {
    throw unrelated(
      `the envelope has ${sent.signatures.length} signatures, the entry another number`,
    );
  }
  // Key and key ID are the stored ones; payload and signatures are the texts sent, in base64 once more.
  const signatures = stored.map((one, i) => ({
    ...(one.value as Record<string, JsonValue>),
    sig: toBase64(utf8(sent.signatures[i]?.text ?? '')),
  }));
  return {
    content: {
      hash: jsonAt(at(spec, ['content', 'hash'])),
      envelope: {
        payload: toBase64(utf8(sent.payload)),
        payloadType: sent.payloadType,
        signatures,
      },
    },
  };
}

function at(place: Place, path: readonly string[]): Place {
  return path.reduce((found, name) => required(found, name), place);
}

function jsonAt(place: Place): JsonValue {
  return place.value as JsonValue;
}
