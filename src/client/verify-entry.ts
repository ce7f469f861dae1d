/**
 * The offline verifier: does the evidence of a log entry prove that a trusted log holds it?
 *
 * Spec: docs/what-an-entry-proves.md. In scope: signed entry timestamp, inclusion proof, checkpoint, and that all of
 * them speak of the same body. Out of scope: what the body means (check-content.ts). Browser-safe: no node module;
 * signatures are checked by a function passed in.
 */

import { sha256 } from '#sha256';
import { toBase64 } from '../encoding/base64.js';
import { equalBytes, utf8 } from '../encoding/bytes.js';
import { canonicalJson } from '../encoding/canonical-json.js';
import { toHex } from '../encoding/hex.js';
import { isLogError, LogError } from '../errors.js';
import { leafHash } from '../merkle/hash.js';
import { verifyInclusion } from '../merkle/verify.js';
import { parseCheckpoint } from '../note/checkpoint.js';
import { type NoteVerifier, openSignedNote, parseSignedNote } from '../note/signed-note.js';
import type { LogEntry, LogEntryProof } from './log-entry.js';
import { logsWithID, type TrustedLog } from './trusted-log.js';

/** Returns whether a signature of a log key verifies; throws when the key cannot be read. */
export type VerifyLogSignature = (
  publicKeyDer: Uint8Array,
  message: Uint8Array,
  signature: Uint8Array,
) => boolean;

/** One thing that was looked at. */
export interface VerificationStep {
  readonly step: string;
  readonly outcome: 'passed' | 'failed' | 'not checked';
  readonly detail: string;
}

/** What a verifier believes before it has seen the entry. */
export interface Trust {
  readonly logs: readonly TrustedLog[];
  /** The only origin that a checkpoint may have; undefined: any that fits the log. */
  readonly origin: string | undefined;
  readonly verifySignature: VerifyLogSignature;
}

/**
 * Returns what was checked of an entry, step by step; the entry is in the log when none failed. Never throws
 * for what is wrong with the entry.
 */
export function verifyLogEntry(entry: LogEntry, trust: Trust): readonly VerificationStep[] {
  const known = logsWithID(trust.logs, entry.logID);
  const first = known[0];
  if (first === undefined) {
    const detail = `the entry is of log ${toHex(entry.logID)}, which is not trusted`;
    return [{ step: 'log', outcome: 'failed', detail }];
  }
  // A key may be listed for several hosts, each with its own time.
  const valid = known.filter((log) => wasValid(log, entry));
  return [
    attempt('log', () => `${toHex(entry.logID)} is trusted`),
    attempt('entry ID', () => checkEntryID(entry)),
    checkTimestamp(entry, first, trust),
    attempt('time', () => checkTime(entry, valid)),
    attempt('inclusion proof', () => checkInclusion(entry)),
    attempt('checkpoint', () =>
      checkCheckpoint(proofOf(entry), valid.length > 0 ? valid : known, trust),
    ),
  ];
}

/** True when at least one step passed and none failed. */
export function isVerified(steps: readonly VerificationStep[]): boolean {
  return (
    steps.some(({ outcome }) => outcome === 'passed') &&
    steps.every(({ outcome }) => outcome !== 'failed')
  );
}

/** Returns the step that `check` makes: passed with the text it returns, failed with what it throws. */
export function attempt(step: string, check: () => string): VerificationStep {
  try {
    return { step, outcome: 'passed', detail: check() };
  } catch (error) {
    if (!isLogError(error)) throw error;
    return { step, outcome: 'failed', detail: error.message };
  }
}

function checkEntryID({ entryID, body, proof }: LogEntry): string {
  const hash = toHex(leafHash(body));
  if (entryID === undefined) return `${hash}, the hash of the body (the document names none)`;
  if (entryID.slice(-64) !== hash) {
    throw new LogError('PROOF_INVALID', `entry ID ${entryID} is not of this body (${hash})`);
  }
  if (entryID.length === 80 && proof !== undefined) {
    const [, treeID] = / - (\d{1,20})$/.exec(parseNote(proof.checkpoint).origin) ?? [];
    if (treeID !== undefined && BigInt(treeID) !== BigInt(`0x${entryID.slice(0, 16)}`)) {
      throw new LogError('PROOF_INVALID', `entry ID ${entryID} is not of tree ${treeID}`);
    }
  }
  return entryID;
}

function checkTimestamp(entry: LogEntry, log: TrustedLog, trust: Trust): VerificationStep {
  const step = 'signed entry timestamp';
  const { signedEntryTimestamp, integratedTimeSeconds } = entry;
  if (!hasPromise(entry)) {
    const detail = 'the log gives none with entries of this form; its time is not proved';
    return { step, outcome: 'not checked', detail };
  }
  return attempt(step, () => {
    if (signedEntryTimestamp === undefined || integratedTimeSeconds === undefined) {
      throw new LogError('PROOF_INVALID', 'there is none');
    }
    const message = timestampMessage(entry, integratedTimeSeconds);
    if (!trust.verifySignature(log.publicKeyDer, message, signedEntryTimestamp)) {
      throw new LogError('PROOF_INVALID', 'it is not a signature of the log over this entry');
    }
    return `index ${entry.logIndex}, logged ${isoTime(integratedTimeSeconds)}`;
  });
}

/** Without a signed time a key that has an end is not believed: whoever holds it may use it after that. */
function wasValid(log: TrustedLog, entry: LogEntry): boolean {
  if (!hasPromise(entry)) return log.validToSeconds === Number.MAX_SAFE_INTEGER;
  const seconds = entry.integratedTimeSeconds ?? 0;
  return log.validFromSeconds <= seconds && seconds <= log.validToSeconds;
}

function checkTime(entry: LogEntry, valid: readonly TrustedLog[]): string {
  if (!hasPromise(entry)) {
    if (valid.length > 0) return "the log's key is valid without end";
    throw new LogError('PROOF_INVALID', "the log's key has an end, and the entry no proved time");
  }
  if (valid.length > 0) return "the log's key was valid then";
  const time = isoTime(entry.integratedTimeSeconds ?? 0);
  throw new LogError('PROOF_INVALID', `${time}: the log's key was not valid then`);
}

function checkInclusion(entry: LogEntry): string {
  const { logIndex, treeSize, rootHash, hashes } = proofOf(entry);
  verifyInclusion({
    index: logIndex,
    size: treeSize,
    leafHash: leafHash(entry.body),
    proof: hashes,
    root: rootHash,
  });
  return `leaf ${logIndex} of the tree of ${treeSize}`;
}

function checkCheckpoint(
  proof: LogEntryProof,
  candidates: readonly TrustedLog[],
  trust: Trust,
): string {
  const { note, origin, size, root } = parseNote(proof.checkpoint);
  if (trust.origin !== undefined && origin !== trust.origin) {
    throw new LogError('NOTE_UNVERIFIED', `its origin is ${origin}, not ${trust.origin}`);
  }
  if (size !== BigInt(proof.treeSize) || !equalBytes(root, proof.rootHash)) {
    throw new LogError('PROOF_INVALID', 'it is for another tree size or root than the proof');
  }
  // The v1 origin is the name and the tree ID; anything else is the name itself.
  const name = origin.replace(/ - \d+$/, '');
  const logs = candidates.filter(
    ({ host }) => host === undefined || withoutPort(host) === withoutPort(name),
  );
  if (logs.length === 0) {
    throw new LogError('NOTE_UNVERIFIED', `its origin ${origin} is not of the trusted host`);
  }
  const [line] = openSignedNote(
    note,
    logs.flatMap((log) => verifiersOf(name, log, trust.verifySignature)),
  );
  return `tree size ${size} of ${origin}, signed by ${line?.name}`;
}

/** A log's lines carry the key hint of its v1 API; an Ed25519 log's may carry the C2SP one. */
function verifiersOf(
  name: string,
  log: TrustedLog,
  verifySignature: VerifyLogSignature,
): readonly NoteVerifier[] {
  const verify = (text: Uint8Array, signature: Uint8Array) =>
    verifySignature(log.publicKeyDer, text, signature);
  const verifiers = [{ name, keyID: sha256(log.publicKeyDer).subarray(0, 4), verify }];
  return equalBytes(log.logID, sha256(log.publicKeyDer))
    ? verifiers
    : [...verifiers, { name, keyID: log.logID.subarray(0, 4), verify }];
}

function timestampMessage(entry: LogEntry, integratedTime: number): Uint8Array {
  return utf8(
    canonicalJson({
      body: toBase64(entry.body),
      integratedTime,
      logID: toHex(entry.logID),
      logIndex: entry.logIndex,
    }),
  );
}

function parseNote(checkpoint: string) {
  const note = parseSignedNote(checkpoint);
  return { note, ...parseCheckpoint(note.text) };
}

function proofOf({ proof }: LogEntry): LogEntryProof {
  if (proof !== undefined) return proof;
  throw new LogError('PROOF_INVALID', 'there is none');
}

/** True when there is a signed entry timestamp or, in entries of the v1 API, there must be one. */
function hasPromise({ signedEntryTimestamp, proof }: LogEntry): boolean {
  if (signedEntryTimestamp !== undefined || proof === undefined) return true;
  return /^[^\n]* - \d+\n/.test(proof.checkpoint);
}

function withoutPort(host: string): string {
  return host.replace(/:\d+$/, '');
}

function isoTime(seconds: number): string {
  // Beyond what a Date can hold there is no calendar form.
  return seconds <= 8.64e12 ? new Date(seconds * 1000).toISOString() : `${seconds} s after 1970`;
}
