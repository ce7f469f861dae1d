/**
 * TransparencyLogEntry in protobuf JSON: what a Sigstore bundle keeps of a log entry, and what the v2 API answers.
 *
 * Spec: dev.sigstore.rekor.v1.TransparencyLogEntry. In scope: reading it, and printing one that every client reads:
 * 64-bit numbers as texts, padded base64, every member written out. Zeros too: a bundle that leaves out the index 0 is
 * refused by some. Out of scope: believing any of it (verify-entry.ts). Pure.
 */

import { toBase64 } from '../encoding/base64.js';
import { fromUtf8 } from '../encoding/bytes.js';
import { LogError } from '../errors.js';
import {
  base64At,
  countAt,
  items,
  optional,
  type Place,
  readJson,
  required,
  textAt,
} from './json-reader.js';
import type { LogEntry, LogEntryProof } from './log-entry.js';

/** What is printed. */
export interface PrintedLogEntry {
  /** Index over all shards. */
  readonly logIndex: number;
  /** 32 bytes. */
  readonly logID: Uint8Array;
  readonly kind: string;
  readonly version: string;
  /** 0 in entries of the v2 API. */
  readonly integratedTimeSeconds: number;
  /** Undefined in entries of the v2 API: clients refuse one there, a right one too. */
  readonly signedEntryTimestamp: Uint8Array | undefined;
  readonly proof: LogEntryProof;
  /** The leaf. */
  readonly body: Uint8Array;
}

/** Returns the JSON text, compact, members in the order of the message. */
export function transparencyLogEntryJson(entry: PrintedLogEntry): string {
  const { logID, kind, version, signedEntryTimestamp } = entry;
  const promise =
    signedEntryTimestamp === undefined
      ? 'null'
      : `{"signedEntryTimestamp":"${toBase64(signedEntryTimestamp)}"}`;
  return (
    `{"logIndex":"${entry.logIndex}","logId":{"keyId":"${toBase64(logID)}"},` +
    `"kindVersion":${JSON.stringify({ kind, version })},` +
    `"integratedTime":"${entry.integratedTimeSeconds}","inclusionPromise":${promise},` +
    `"inclusionProof":${proofJson(entry.proof)},` +
    `"canonicalizedBody":"${toBase64(entry.body)}"}`
  );
}

/** Returns kind and version that a leaf names. Throws ENCODING_MALFORMED. */
export function kindVersionOf(body: Uint8Array): {
  readonly kind: string;
  readonly version: string;
} {
  const document = readJson(fromUtf8(body), 'body');
  return {
    kind: textAt(required(document, 'kind')),
    version: textAt(required(document, 'apiVersion')),
  };
}

/** True when a JSON document is such an entry rather than a map of them. */
export function isTransparencyLogEntry({ value }: Place): boolean {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, 'canonicalizedBody');
}

/** Returns the entry. Throws ENCODING_MALFORMED, also when it says another kind or version than its body does. */
export function readTransparencyLogEntry(entry: Place): LogEntry {
  const promise = optional(entry, 'inclusionPromise');
  const timestamp = promise && optional(promise, 'signedEntryTimestamp');
  const proof = optional(entry, 'inclusionProof');
  const body = base64At(required(entry, 'canonicalizedBody'));
  assertKindVersion(required(entry, 'kindVersion'), body);
  // Protobuf JSON leaves zeros out; the time 0 is none.
  const time = countOrZero(entry, 'integratedTime');
  return {
    path: entry.path,
    entryID: undefined,
    body,
    logID: base64At(required(required(entry, 'logId'), 'keyId')),
    logIndex: countOrZero(entry, 'logIndex'),
    integratedTimeSeconds: time === 0 ? undefined : time,
    signedEntryTimestamp: timestamp && base64At(timestamp),
    proof: proof && readProof(proof),
  };
}

function proofJson({ logIndex, treeSize, rootHash, hashes, checkpoint }: LogEntryProof): string {
  const list = hashes.map((hash) => `"${toBase64(hash)}"`).join(',');
  return (
    `{"logIndex":"${logIndex}","rootHash":"${toBase64(rootHash)}","treeSize":"${treeSize}",` +
    `"hashes":[${list}],"checkpoint":{"envelope":${JSON.stringify(checkpoint)}}}`
  );
}

function assertKindVersion(place: Place, body: Uint8Array): void {
  const { kind, version } = kindVersionOf(body);
  const named = [textAt(required(place, 'kind')), textAt(required(place, 'version'))];
  if (named[0] === kind && named[1] === version) return;
  throw new LogError('ENCODING_MALFORMED', `${place.path} is ${named.join(' ')}, the body is not`);
}

function readProof(proof: Place): LogEntryProof {
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
