/**
 * What a log hands out for an entry, in the one shape that the verifier reads.
 *
 * Spec: openapi.yaml, LogEntry; TransparencyLogEntry, as in Sigstore bundles. In scope: reading both forms. Out of
 * scope: believing any of it (verify-entry.ts). Pure.
 */

import { LogError } from '../errors.js';
import {
  base64At,
  countAt,
  hexAt,
  items,
  members,
  optional,
  type Place,
  required,
  textAt,
} from './json-reader.js';

/** A log entry with its evidence, not yet believed. */
export interface LogEntry {
  /** Where it was found, for messages. */
  readonly path: string;
  /** 64 or 80 hex digits; absent in bundles. */
  readonly entryID: string | undefined;
  /** The leaf. */
  readonly body: Uint8Array;
  /** 32 bytes: who the log says it is. */
  readonly logID: Uint8Array;
  /** Index over all shards. */
  readonly logIndex: number;
  /** Undefined when the entry does not say. */
  readonly integratedTimeSeconds: number | undefined;
  readonly signedEntryTimestamp: Uint8Array | undefined;
  readonly proof: LogEntryProof | undefined;
}

/** An inclusion proof with the checkpoint that it leads to. */
export interface LogEntryProof {
  /** Index in the shard's own tree. */
  readonly logIndex: number;
  readonly treeSize: number;
  readonly rootHash: Uint8Array;
  readonly hashes: readonly Uint8Array[];
  /** The signed note, as text. */
  readonly checkpoint: string;
}

/**
 * Returns the entries of an answer of the v1 API: one `{entryID: LogEntry}` or, as `retrieve` answers, a
 * list of them. Throws ENCODING_MALFORMED, also when there is none.
 */
export function readApiEntries(answer: Place): readonly LogEntry[] {
  const maps = Array.isArray(answer.value) ? items(answer) : [answer];
  const entries = maps.flatMap((map) => members(map).map(([id, entry]) => readApiEntry(id, entry)));
  if (entries.length > 0) return entries;
  throw new LogError('ENCODING_MALFORMED', `${answer.path} holds no entry`);
}

/** Returns a TransparencyLogEntry of protobuf JSON. Throws ENCODING_MALFORMED. */
export function readTransparencyLogEntry(entry: Place): LogEntry {
  const promise = optional(entry, 'inclusionPromise');
  const timestamp = promise && optional(promise, 'signedEntryTimestamp');
  const time = optional(entry, 'integratedTime');
  const proof = optional(entry, 'inclusionProof');
  return {
    path: entry.path,
    entryID: undefined,
    body: base64At(required(entry, 'canonicalizedBody')),
    logID: base64At(required(required(entry, 'logId'), 'keyId')),
    // Protobuf JSON leaves zeros out.
    logIndex: countOrZero(entry, 'logIndex'),
    integratedTimeSeconds: time && countAt(time),
    signedEntryTimestamp: timestamp && base64At(timestamp),
    proof: proof && readBundleProof(proof),
  };
}

function readApiEntry(entryID: string, entry: Place): LogEntry {
  if (!/^([0-9a-f]{64}|[0-9a-f]{80})$/.test(entryID)) {
    throw new LogError('ENCODING_MALFORMED', `${entry.path} is not named by an entry ID`);
  }
  const verification = optional(entry, 'verification');
  const timestamp = verification && optional(verification, 'signedEntryTimestamp');
  const proof = verification && optional(verification, 'inclusionProof');
  return {
    path: entry.path,
    entryID,
    body: base64At(required(entry, 'body')),
    logID: hexAt(required(entry, 'logID')),
    logIndex: countAt(required(entry, 'logIndex')),
    integratedTimeSeconds: countAt(required(entry, 'integratedTime')),
    signedEntryTimestamp: timestamp && base64At(timestamp),
    proof: proof && {
      logIndex: countAt(required(proof, 'logIndex')),
      treeSize: countAt(required(proof, 'treeSize')),
      rootHash: hexAt(required(proof, 'rootHash')),
      hashes: items(required(proof, 'hashes')).map(hexAt),
      checkpoint: textAt(required(proof, 'checkpoint')),
    },
  };
}

function readBundleProof(proof: Place): LogEntryProof {
  const hashes = optional(proof, 'hashes');
  return {
    logIndex: countOrZero(proof, 'logIndex'),
    treeSize: countAt(required(proof, 'treeSize')),
    rootHash: base64At(required(proof, 'rootHash')),
    hashes: hashes === undefined ? [] : items(hashes).map(base64At),
    checkpoint: textAt(required(required(proof, 'checkpoint'), 'envelope')),
  };
}

function countOrZero(place: Place, name: string): number {
  const found = optional(place, name);
  return found === undefined ? 0 : countAt(found);
}
