/**
 * What an entry's body says, held against what the caller has: a bundle, an artifact, a signer's key.
 *
 * A valid entry proves nothing about an artifact that it does not speak of; so digest, signature and key are all
 * compared, and what cannot be compared fails. In scope: binding, by kind. Out of scope: whether a certificate's
 * issuer is to be trusted, and whom it names.
 */

import { fromUtf8 } from '../encoding/bytes.js';
import { isLogError } from '../errors.js';
import { ARTIFACT_KINDS, checkArtifact } from './check-artifact.js';
import { checkEnvelope, ENVELOPE_KINDS } from './check-envelope.js';
import { checkHashedrekord, hashedrekordReader } from './check-hashedrekord.js';
import type { Claim } from './claim.js';
import { readJson, required, textAt } from './json-reader.js';
import type { LogEntry } from './log-entry.js';
import type { VerificationStep } from './verify-entry.js';

/** Returns what was checked of an entry's body, step by step. Never throws for what is wrong with it. */
export async function checkContent(
  entry: LogEntry,
  claim: Claim,
): Promise<readonly VerificationStep[]> {
  try {
    const body = readJson(fromUtf8(entry.body), `${entry.path} body`);
    const form = `${textAt(required(body, 'kind'))} ${textAt(required(body, 'apiVersion'))}`;
    const reader = hashedrekordReader(form);
    if (reader !== undefined) return await checkHashedrekord(reader, body, entry, claim);
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
