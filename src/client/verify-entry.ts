/**
 * The offline verifier: does the evidence of a log entry prove that a trusted log holds it?
 *
 * Spec: docs/what-an-entry-proves.md. In scope: signed entry timestamp, inclusion proof, checkpoint, and that all of
 * them speak of the same body. Out of scope: what the body means (check-content.ts). Browser-safe: no node module;
 * signatures are checked by a function passed in.
 */

import { toBase64 } from '../encoding/base64.js';
import { equalBytes, utf8 } from '../encoding/bytes.js';
import { canonicalJson } from '../encoding/canonical-json.js';
import { toHex } from '../encoding/hex.js';
import { isLogError, LogError } from '../errors.js';
import { leafHash } from '../merkle/hash.js';
import { verifyInclusion } from '../merkle/verify.js';
import type { LogEntry, LogEntryProof } from './log-entry.js';
import {
  openTrustedCheckpoint,
  readCheckpoint,
  type VerifyLogSignature,
} from './trusted-checkpoint.js';
import { isIDOf, isNameOf, type TrustedLog } from './trusted-log.js';

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
 * for what is wrong with the entry. `provedTimeSeconds` is when somebody else than the log proved it to exist.
 */
export function verifyLogEntry(
  entry: LogEntry,
  trust: Trust,
  provedTimeSeconds?: number,
): readonly VerificationStep[] {
  const name = checkpointName(entry);
  const known = trust.logs.filter((log) => isLogOf(entry, log, name));
  const [first] = known;
  if (first === undefined) {
    return [{ step: 'log', outcome: 'failed', detail: unknownLog(entry, name) }];
  }
  // A key may be listed for several hosts, each with its own time.
  const time = provedTime(entry, provedTimeSeconds);
  const valid = known.filter((log) => wasValid(log, time));
  return [
    attempt('log', () => describeLog(entry, first, name)),
    attempt('entry ID', () => checkEntryID(entry)),
    checkTimestamp(entry, first, trust),
    attempt('time', () => checkTime(valid, time)),
    attempt('inclusion proof', () => checkInclusion(entry)),
    attempt('checkpoint', () =>
      checkCheckpoint(proofOf(entry), valid.length > 0 ? valid : known, trust),
    ),
  ];
}

/**
 * Returns when an entry was there, in seconds: what its log promises, if the promise holds; in entries of forms that
 * have none, what others have proved. What such an entry says itself is signed by nobody.
 */
export function provedTime(entry: LogEntry, byOthers: number | undefined): number | undefined {
  return hasPromise(entry) ? entry.integratedTimeSeconds : byOthers;
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

/** Undefined when there is no checkpoint that can be read; the step of the checkpoint says so. */
function checkpointName({ proof }: LogEntry): string | undefined {
  try {
    return proof === undefined ? undefined : readCheckpoint(proof.checkpoint).name;
  } catch (error) {
    if (isLogError(error)) return undefined;
    throw error;
  }
}

/** What an entry without a promise says of its log is signed by nobody; its checkpoint says it too, signed. */
function isLogOf(entry: LogEntry, log: TrustedLog, name: string | undefined): boolean {
  const { logID } = entry;
  if (logID !== undefined && isIDOf(logID, log, name)) return true;
  const isFoundByName = logID === undefined || (log.keyName !== undefined && !hasPromise(entry));
  return isFoundByName && name !== undefined && isNameOf(name, log);
}

function describeLog({ logID }: LogEntry, log: TrustedLog, name: string | undefined): string {
  return logID !== undefined && isIDOf(logID, log, name)
    ? `${toHex(logID)} is trusted`
    : `${name}, as its checkpoint says; its key is trusted`;
}

function unknownLog({ logID }: LogEntry, name: string | undefined): string {
  return logID === undefined
    ? `the checkpoint is of ${name ?? 'no log'}, which is not trusted`
    : `the entry is of log ${toHex(logID)}, which is not trusted`;
}

function checkEntryID({ entryID, body, proof }: LogEntry): string {
  const hash = toHex(leafHash(body));
  if (entryID === undefined) return `${hash}, the hash of the body (the document names none)`;
  if (entryID.slice(-64) !== hash) {
    throw new LogError('PROOF_INVALID', `entry ID ${entryID} is not of this body (${hash})`);
  }
  if (entryID.length === 80 && proof !== undefined) {
    const { treeID } = readCheckpoint(proof.checkpoint);
    if (treeID !== undefined && treeID !== BigInt(`0x${entryID.slice(0, 16)}`)) {
      throw new LogError('PROOF_INVALID', `entry ID ${entryID} is not of tree ${treeID}`);
    }
  }
  return entryID;
}

function checkTimestamp(entry: LogEntry, log: TrustedLog, trust: Trust): VerificationStep {
  const step = 'signed entry timestamp';
  const { signedEntryTimestamp, integratedTimeSeconds } = entry;
  if (!hasPromise(entry)) {
    const detail = 'the log gives none with entries of this form: it proves no time';
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

/** Without a proved time a key that has an end is not believed: whoever holds it may use it after that. */
function wasValid(log: TrustedLog, seconds: number | undefined): boolean {
  if (seconds === undefined) return log.validToSeconds === Number.MAX_SAFE_INTEGER;
  return log.validFromSeconds <= seconds && seconds <= log.validToSeconds;
}

function checkTime(valid: readonly TrustedLog[], seconds: number | undefined): string {
  if (seconds === undefined) {
    if (valid.length > 0) return "the log's key is valid without end";
    throw new LogError('PROOF_INVALID', "the log's key has an end, and the entry no proved time");
  }
  if (valid.length > 0) return "the log's key was valid then";
  throw new LogError('PROOF_INVALID', `${isoTime(seconds)}: the log's key was not valid then`);
}

function checkInclusion(entry: LogEntry): string {
  const { logIndex, treeSize, rootHash, hashes } = proofOf(entry);
  // With a promise it is the index over all shards, and signed.
  if (!hasPromise(entry) && entry.logIndex !== logIndex) {
    throw new LogError('PROOF_INVALID', `the entry is ${entry.logIndex}, the proof of ${logIndex}`);
  }
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
  const { origin, name, size, root } = readCheckpoint(proof.checkpoint);
  if (trust.origin !== undefined && origin !== trust.origin) {
    throw new LogError('NOTE_UNVERIFIED', `its origin is ${origin}, not ${trust.origin}`);
  }
  if (size !== BigInt(proof.treeSize) || !equalBytes(root, proof.rootHash)) {
    throw new LogError('PROOF_INVALID', 'it is for another tree size or root than the proof');
  }
  openTrustedCheckpoint(proof.checkpoint, candidates, trust.verifySignature);
  return `tree size ${size} of ${origin}, signed by ${name}`;
}

function timestampMessage(entry: LogEntry, integratedTime: number): Uint8Array {
  return utf8(
    canonicalJson({
      body: toBase64(entry.body),
      integratedTime,
      logID: toHex(entry.logID ?? new Uint8Array()),
      logIndex: entry.logIndex,
    }),
  );
}

function proofOf({ proof }: LogEntry): LogEntryProof {
  if (proof !== undefined) return proof;
  throw new LogError('PROOF_INVALID', 'there is none');
}

/** True when there is a signed entry timestamp or, in entries of the v1 API, there must be one. */
function hasPromise({ signedEntryTimestamp, logID, proof }: LogEntry): boolean {
  if (signedEntryTimestamp !== undefined || proof === undefined) return true;
  // A proof file has no room for one.
  return logID !== undefined && /^[^\n]* - \d{1,20}\n/.test(proof.checkpoint);
}

function isoTime(seconds: number): string {
  // Beyond what a Date can hold there is no calendar form.
  return seconds <= 8.64e12 ? new Date(seconds * 1000).toISOString() : `${seconds} s after 1970`;
}
