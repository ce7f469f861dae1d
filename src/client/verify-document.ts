/**
 * Whatever a user has in hand, verified: an answer of either API, a Sigstore bundle, a proof file.
 *
 * In scope: telling the forms apart, and which time is proved by whom. Out of scope: files and words on a screen (cli/),
 * the single judgements (verify-entry.ts, check-content.ts, timestamp-token.ts).
 */

import { isLogError, LogError } from '../errors.js';
import { isTlogProof } from '../note/tlog-proof.js';
import { readCertificate } from '../pki/certificate.js';
import { checkContent } from './check-content.js';
import { type Claim, notChecked } from './claim.js';
import { isObjectAt, items, optional, type Place, readJson } from './json-reader.js';
import { type LogEntry, readApiEntries } from './log-entry.js';
import { hashedrekordBodies } from './made-body.js';
import { entryOfProofFile } from './proof-file.js';
import { isSigstoreBundle, readSigstoreBundle, type SigstoreBundle } from './sigstore-bundle.js';
import { type TimestampAuthority, timestampedSeconds } from './timestamp-token.js';
import { isTransparencyLogEntry, readTransparencyLogEntry } from './transparency-log-entry.js';
import {
  attempt,
  provedTime,
  type Trust,
  type VerificationStep,
  verifyLogEntry,
} from './verify-entry.js';

/** What a verifier believes before it has seen the document. */
export interface DocumentTrust extends Trust {
  /** Whose timestamps are believed; none when it is left out. */
  readonly authorities?: readonly TimestampAuthority[];
}

/** What the caller has beside the document. */
export interface Given extends Omit<Claim, 'bundle'> {
  /** The body of the entry that a proof file is of. */
  readonly body?: Uint8Array | undefined;
  /** In place of the body: the signature of a hashedrekord, with `artifact` and `signerKey`. */
  readonly signature?: Uint8Array | undefined;
}

/** Returns what was checked of a document, step by step. Never throws for what is wrong with it. */
export async function verifyDocument(
  text: string,
  trust: DocumentTrust,
  given: Given,
): Promise<readonly VerificationStep[]> {
  const { artifact, signerKey, predicateType } = given;
  const claim = { artifact, signerKey, predicateType };
  try {
    if (isTlogProof(text)) {
      return await verifyOne(entryOfProofFile(text, await bodiesOf(given)), trust, claim);
    }
    const document = readJson(text, 'document');
    if (isSigstoreBundle(document)) {
      return await verifyBundle(readSigstoreBundle(document), trust, claim);
    }
    const steps: VerificationStep[] = [];
    for (const entry of readEntries(document)) {
      steps.push(...(await verifyOne(entry, trust, claim)));
    }
    return steps;
  } catch (error) {
    if (!isLogError(error)) throw error;
    return [{ step: 'document', outcome: 'failed', detail: error.message }];
  }
}

async function verifyOne(
  entry: LogEntry,
  trust: DocumentTrust,
  claim: Claim,
  stampedSeconds?: number,
): Promise<readonly VerificationStep[]> {
  // What an entry says of its time beyond that is not held against anything.
  const integratedTimeSeconds = provedTime(entry, stampedSeconds);
  return [
    ...verifyLogEntry(entry, trust, stampedSeconds),
    ...(await checkContent({ ...entry, integratedTimeSeconds }, claim)),
  ];
}

async function verifyBundle(
  bundle: SigstoreBundle,
  trust: DocumentTrust,
  claim: Claim,
): Promise<readonly VerificationStep[]> {
  const { step, seconds } = checkTimestamps(bundle, trust.authorities ?? []);
  const steps: VerificationStep[] = step === undefined ? [] : [step];
  for (const entry of bundle.entries) {
    steps.push(...(await verifyOne(entry, trust, { bundle, ...claim }, seconds)));
  }
  return steps;
}

interface Stamped {
  readonly step?: VerificationStep;
  readonly seconds?: number;
}

/** One good timestamp of several is enough: a bundle may have others, of authorities that are nobody's here. */
function checkTimestamps(
  bundle: SigstoreBundle,
  authorities: readonly TimestampAuthority[],
): Stamped {
  const { timestamps, content, certificate } = bundle;
  if (timestamps.length === 0) return missing(bundle, authorities);
  if (authorities.length === 0) {
    return { step: notChecked('timestamp', 'there is one, but no authority is trusted') };
  }
  const signature = content.form === 'digest' ? content.signature : content.signatures[0];
  let result: Stamped = {};
  for (const timestamp of timestamps) {
    let seconds: number | undefined;
    const step = attempt('timestamp', () => {
      seconds = timestampedSeconds(timestamp, signature ?? new Uint8Array(), authorities);
      checkCertificateTime(certificate, seconds);
      return `signed by ${new Date(seconds * 1000).toISOString()}, says an authority`;
    });
    result = { step, ...(seconds === undefined ? {} : { seconds }) };
    if (step.outcome === 'passed') return result;
  }
  return result;
}

/** A certificate lives for minutes: who trusts authorities wants one of them, or the log, to say that it was alive. */
function missing(
  { certificate, entries }: SigstoreBundle,
  authorities: readonly TimestampAuthority[],
): Stamped {
  const isTimed = entries.some((entry) => provedTime(entry, undefined) !== undefined);
  if (certificate === undefined || isTimed || authorities.length === 0) return {};
  const detail = 'there is none, and nothing else proves that the certificate was valid then';
  return { step: { step: 'timestamp', outcome: 'failed', detail } };
}

function checkCertificateTime(certificate: Uint8Array | undefined, seconds: number): void {
  if (certificate === undefined) return;
  const { notBeforeSeconds, notAfterSeconds } = readCertificate(certificate);
  if (notBeforeSeconds <= seconds && seconds <= notAfterSeconds) return;
  throw new LogError('PROOF_INVALID', 'it is outside the validity of the certificate that signed');
}

/** A whole entry of the v2 API, several as a bundle keeps them, or what the v1 API answers. */
function readEntries(document: Place): readonly LogEntry[] {
  if (isTransparencyLogEntry(document)) return [readTransparencyLogEntry(document)];
  const list = isObjectAt(document) ? optional(document, 'tlogEntries') : undefined;
  if (list === undefined) return readApiEntries(document);
  const entries = items(list).map(readTransparencyLogEntry);
  if (entries.length > 0) return entries;
  throw new LogError('ENCODING_MALFORMED', `${list.path} holds no entry`);
}

async function bodiesOf(given: Given): Promise<readonly [Uint8Array, ...Uint8Array[]]> {
  const { body, artifact, signature, signerKey } = given;
  if (body !== undefined) return [body];
  if (artifact !== undefined && signature !== undefined && signerKey !== undefined) {
    return hashedrekordBodies({ artifact, signature, signerKey });
  }
  const needed = 'its body is needed, or artifact, signature and signer key of a hashedrekord';
  throw new LogError('PROOF_INVALID', `a proof file does not hold the entry: ${needed}`);
}
