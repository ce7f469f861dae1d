/**
 * What an entry's body says, held against what the caller has: a bundle, an artifact, a signer's key.
 *
 * A valid entry proves nothing about an artifact that it does not speak of; so digest, signature and key are all
 * compared, and what cannot be compared fails. In scope: binding. Out of scope: whether a certificate's issuer is to
 * be trusted, and whom it names.
 */

import { createHash, X509Certificate } from 'node:crypto';
import { toBase64 } from '../encoding/base64.js';
import { equalBytes, fromUtf8 } from '../encoding/bytes.js';
import { canonicalJson, type JsonValue } from '../encoding/canonical-json.js';
import { toHex } from '../encoding/hex.js';
import { decodePem } from '../encoding/pem.js';
import { identifyEntry } from '../entries/accept.js';
import { DEFAULT_ENTRY_LIMITS } from '../entries/limits.js';
import { verifySignatures } from '../entries/verify-signatures.js';
import { isLogError, LogError } from '../errors.js';
import { base64At, items, type Place, readJson, required, textAt } from './json-reader.js';
import type { LogEntry } from './log-entry.js';
import type { SigstoreBundle } from './sigstore-bundle.js';
import type { VerificationStep } from './verify-entry.js';

/** What an entry is held against. */
export interface Claim {
  readonly bundle: SigstoreBundle | undefined;
  /** The bytes that were signed; for a dsse entry without a bundle, its envelope. */
  readonly artifact: Uint8Array | undefined;
  /** PEM of the public key or certificate that must have signed. */
  readonly signerPem: string | undefined;
}

/** Returns what was checked of an entry's body, step by step. Never throws for what is wrong with it. */
export async function checkContent(
  entry: LogEntry,
  claim: Claim,
): Promise<readonly VerificationStep[]> {
  try {
    const body = readJson(fromUtf8(entry.body), `${entry.path} body`);
    const form = `${textAt(required(body, 'kind'))} ${textAt(required(body, 'apiVersion'))}`;
    if (form === 'hashedrekord 0.0.1') return await checkHashedrekord(body, entry, claim);
    if (form === 'dsse 0.0.1') return await checkDsse(body, entry, claim);
    const nothingClaimed = Object.values(claim).every((part) => part === undefined);
    const outcome = nothingClaimed ? 'not checked' : 'failed';
    return [{ step: 'body', outcome, detail: `this version cannot compare ${form} entries` }];
  } catch (error) {
    if (!isLogError(error)) throw error;
    return [{ step: 'body', outcome: 'failed', detail: error.message }];
  }
}

async function checkHashedrekord(
  body: Place,
  entry: LogEntry,
  claim: Claim,
): Promise<readonly VerificationStep[]> {
  const spec = required(body, 'spec');
  const hash = required(required(spec, 'data'), 'hash');
  const algorithm = textAt(required(hash, 'algorithm'));
  const digest = textAt(required(hash, 'value')).toLowerCase();
  const signature = required(spec, 'signature');
  const signer = base64At(required(required(signature, 'publicKey'), 'content'));
  await reverify(body, spec.value);
  const steps = [passed('signature', `the entry's key signed ${algorithm}:${digest}`)];
  if (claim.bundle !== undefined) {
    compareDigestBundle(claim, algorithm, digest, base64At(required(signature, 'content')));
    steps.push(passed('bundle', 'its digest and signature are those of the entry'));
  }
  if (claim.artifact === undefined) {
    steps.push(notChecked('artifact', 'none was given; only its digest is known'));
  } else {
    const found = createHash(algorithm).update(claim.artifact).digest('hex');
    if (found !== digest) {
      throw unrelated(`the artifact is ${algorithm}:${found}, the entry ${algorithm}:${digest}`);
    }
    steps.push(passed('artifact', `it is ${algorithm}:${digest}, as the entry says`));
  }
  return [...steps, ...checkSigner(signer, entry, claim)];
}

function compareDigestBundle(
  { bundle, artifact }: Claim,
  algorithm: string,
  digest: string,
  signature: Uint8Array,
): void {
  const content = bundle?.content;
  if (content?.form !== 'digest') {
    throw unrelated('the bundle holds an envelope, the entry a signature over a digest');
  }
  if (!equalBytes(content.signature, signature)) {
    throw unrelated("the bundle's signature is not the one in the entry");
  }
  if (content.digest === undefined) {
    if (artifact !== undefined) return;
    throw unrelated('the bundle names no digest: the artifact is needed');
  }
  if (content.algorithm !== algorithm || toHex(content.digest) !== digest) {
    throw unrelated("the bundle's digest is not the one in the entry");
  }
}

async function checkDsse(
  body: Place,
  entry: LogEntry,
  claim: Claim,
): Promise<readonly VerificationStep[]> {
  const spec = required(body, 'spec');
  const verifiers = items(required(spec, 'signatures')).map((one) => required(one, 'verifier'));
  const keys = verifiers.map((verifier) => verifier.value as JsonValue);
  const steps: VerificationStep[] = [];
  if (claim.bundle !== undefined) {
    await compareEnvelopeBundle(body, keys, claim.bundle);
    steps.push(passed('bundle', 'its payload and signatures are those of the entry, and verify'));
    steps.push(checkSubject(claim.bundle, claim.artifact));
  } else if (claim.artifact !== undefined) {
    // The leaf is a function of the envelope's bytes and the keys, so equal leaves are the whole check.
    const leaf = await reverify(body, proposal(fromUtf8(claim.artifact), keys));
    if (!equalBytes(leaf, entry.body)) throw unrelated('the artifact is not the envelope logged');
    steps.push(passed('artifact', 'it is the envelope of this entry; its signatures verify'));
  } else {
    steps.push(notChecked('signature', 'a dsse entry holds no payload: give its envelope'));
  }
  return [...steps, ...verifiers.flatMap((one) => checkSigner(base64At(one), entry, claim))];
}

async function compareEnvelopeBundle(
  body: Place,
  keys: readonly JsonValue[],
  { content }: SigstoreBundle,
): Promise<void> {
  if (content.form !== 'dsse') {
    throw unrelated('the bundle holds a signature over a digest, the entry an envelope');
  }
  const envelope = JSON.stringify({
    payloadType: content.payloadType,
    payload: toBase64(content.payload),
    signatures: content.signatures.map((signature) => ({ sig: toBase64(signature) })),
  });
  const leaf = readJson(fromUtf8(await reverify(body, proposal(envelope, keys))), 'leaf');
  // The entry's envelope hash is over the JSON as it was sent, which a bundle does not keep.
  for (const member of ['payloadHash', 'signatures']) {
    const [ours, logged] = [leaf, body].map((place) =>
      canonicalJson(required(required(place, 'spec'), member).value as JsonValue),
    );
    if (ours !== logged) throw unrelated(`the bundle's ${member} are not those of the entry`);
  }
}

function checkSubject(
  { content }: SigstoreBundle,
  artifact: Uint8Array | undefined,
): VerificationStep {
  if (artifact === undefined) return notChecked('artifact', 'none was given');
  if (content.form !== 'dsse' || content.payloadType !== 'application/vnd.in-toto+json') {
    throw unrelated('the payload is no in-toto statement: it cannot be held against an artifact');
  }
  const subjects = items(required(readJson(fromUtf8(content.payload), 'payload'), 'subject'));
  for (const subject of subjects) {
    const { value } = required(subject, 'digest');
    const named = ['sha256', 'sha512'].flatMap((algorithm) => {
      const digest = (value as Readonly<Record<string, unknown>>)[algorithm];
      return digest === undefined ? [] : [{ algorithm, digest }];
    });
    const same = named.every(
      ({ algorithm, digest }) => createHash(algorithm).update(artifact).digest('hex') === digest,
    );
    if (named.length > 0 && same) return passed('artifact', 'it is a subject of the statement');
  }
  throw unrelated('the artifact is no subject of the statement');
}

/** The signer's key in the entry must be the bundle's and the caller's; a bundle without either fails. */
function checkSigner(
  signer: Uint8Array,
  { integratedTimeSeconds }: LogEntry,
  { bundle, signerPem }: Claim,
): readonly VerificationStep[] {
  const der = derOf(signer);
  const certificate = bundle?.certificate;
  if (certificate !== undefined && !equalBytes(certificate, der)) {
    throw unrelated("the bundle's certificate is not the one in the entry");
  }
  if (signerPem !== undefined && toHex(keyOf(signerPem)) !== toHex(keyOf(fromUtf8(signer)))) {
    throw unrelated("the signer's key is not the one in the entry");
  }
  if (bundle !== undefined && certificate === undefined && signerPem === undefined) {
    throw unrelated("the bundle holds no certificate: the signer's key is needed");
  }
  const steps: VerificationStep[] = [];
  if (certificate !== undefined) steps.push(checkValidity(certificate, integratedTimeSeconds));
  if (certificate !== undefined || signerPem !== undefined) {
    steps.push(passed('signer', 'the key is the one in the entry'));
  } else {
    steps.push(
      notChecked('signer', 'the key in the entry was not held against one that you trust'),
    );
  }
  return steps;
}

function checkValidity(der: Uint8Array, seconds: number | undefined): VerificationStep {
  const certificate = readCertificate(Buffer.from(der));
  if (seconds === undefined) return notChecked('certificate', 'the entry has no time');
  const [from, to] = [certificate.validFrom, certificate.validTo].map((time) => Date.parse(time));
  const at = seconds * 1000;
  if (from === undefined || to === undefined || !(from <= at && at <= to)) {
    throw unrelated('the entry was logged outside the validity of its certificate');
  }
  return passed('certificate', 'logged while it was valid; its issuer and names are not checked');
}

function keyOf(pem: string): Uint8Array {
  const block = decodePem(pem);
  if (block?.label === 'PUBLIC KEY') return block.der;
  if (block?.label !== 'CERTIFICATE') {
    throw new LogError('KEY_MALFORMED', "the signer's key must be a PUBLIC KEY or CERTIFICATE");
  }
  const certificate = readCertificate(Buffer.from(block.der));
  try {
    return certificate.publicKey.export({ type: 'spki', format: 'der' });
  } catch (cause) {
    throw new LogError('KEY_MALFORMED', "the certificate's key cannot be read", { cause });
  }
}

function derOf(pem: Uint8Array): Uint8Array {
  const block = decodePem(pem);
  if (block !== undefined) return block.der;
  throw new LogError('KEY_MALFORMED', 'the key in the entry is no PEM');
}

function readCertificate(der: Buffer): X509Certificate {
  try {
    return new X509Certificate(der);
  } catch (cause) {
    throw new LogError('KEY_MALFORMED', 'the certificate cannot be read', { cause });
  }
}

/** Returns the leaf of a spec of the body's kind, its signatures verified as far as the spec allows. */
async function reverify(body: Place, spec: unknown): Promise<Uint8Array> {
  const kind = textAt(required(body, 'kind'));
  const apiVersion = textAt(required(body, 'apiVersion'));
  return (await identifyEntry({ kind, apiVersion, spec }, context)).leaf;
}

function proposal(envelope: string, verifiers: readonly JsonValue[]): JsonValue {
  return { proposedContent: { envelope, verifiers } };
}

/** What a body is verified again with: a client has no limits of a server's, and expired metadata was valid once. */
const context = { verifySignatures, limits: DEFAULT_ENTRY_LIMITS, nowMs: 0 };

function passed(step: string, detail: string): VerificationStep {
  return { step, outcome: 'passed', detail };
}

function notChecked(step: string, detail: string): VerificationStep {
  return { step, outcome: 'not checked', detail };
}

function unrelated(message: string): LogError {
  return new LogError('PROOF_INVALID', message);
}
