/**
 * What an entry's body says, held against what the caller has: a bundle, an artifact, a signer's key.
 *
 * A valid entry proves nothing about an artifact that it does not speak of; so digest, signature and key are all
 * compared, and what cannot be compared fails. In scope: binding, by kind. Out of scope: whether a certificate's
 * issuer is to be trusted, and whom it names.
 */

import { createHash } from 'node:crypto';
import { equalBytes, fromUtf8 } from '../encoding/bytes.js';
import { toHex } from '../encoding/hex.js';
import { isLogError } from '../errors.js';
import { ARTIFACT_KINDS, checkArtifact } from './check-artifact.js';
import { checkEnvelope, ENVELOPE_KINDS } from './check-envelope.js';
import { checkSigners } from './check-signer.js';
import { type Claim, notChecked, passed, unrelated } from './claim.js';
import { base64At, type Place, readJson, required, textAt } from './json-reader.js';
import type { LogEntry } from './log-entry.js';
import { reverify } from './reverify.js';
import type { VerificationStep } from './verify-entry.js';

/** Returns what was checked of an entry's body, step by step. Never throws for what is wrong with it. */
export async function checkContent(
  entry: LogEntry,
  claim: Claim,
): Promise<readonly VerificationStep[]> {
  try {
    const body = readJson(fromUtf8(entry.body), `${entry.path} body`);
    const form = `${textAt(required(body, 'kind'))} ${textAt(required(body, 'apiVersion'))}`;
    if (form === 'hashedrekord 0.0.1') return await checkHashedrekord(body, entry, claim);
    const envelopeKind = ENVELOPE_KINDS.get(form);
    if (envelopeKind !== undefined) return await checkEnvelope(envelopeKind, body, entry, claim);
    const artifactKind = ARTIFACT_KINDS.get(form);
    if (artifactKind !== undefined) return await checkArtifact(artifactKind, body, entry, claim);
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
  if (claim.predicateType !== undefined) throw unrelated('a hashedrekord has no predicate');
  await reverify(body, spec.value, entry);
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
  return [...steps, ...(await checkSigners([{ format: 'x509', key: signer }], entry, claim))];
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
