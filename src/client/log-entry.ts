/**
 * What a log hands out for an entry, in the one shape that the verifier reads.
 *
 * Spec: openapi.yaml, LogEntry. In scope: the shape, and reading the answers of the v1 API into it. Out of scope: the
 * other forms (transparency-log-entry.ts, proof-file.ts), believing any of it (verify-entry.ts). Pure.
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
  /** 64 or 80 hex digits; only the v1 API names it. */
  readonly entryID: string | undefined;
  /** The leaf. */
  readonly body: Uint8Array;
  /** Who the log says it is; undefined in a proof file, where only the checkpoint says so. */
  readonly logID: Uint8Array | undefined;
  /** Index over all shards. */
  readonly logIndex: number;
  /** Undefined when the entry does not say. Without a timestamp that verifies it is anybody's word. */
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
