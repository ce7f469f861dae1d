/**
 * TransparencyLogEntry in protobuf JSON: what a Sigstore bundle keeps of a log entry, and what the v2 API answers.
 *
 * Spec: dev.sigstore.rekor.v1.TransparencyLogEntry. In scope: reading it, members that are zero left out or not. Out of
 * scope: believing any of it (verify-entry.ts). Pure.
 */

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

function assertKindVersion(place: Place, body: Uint8Array): void {
  const document = readJson(fromUtf8(body), 'body');
  const kind = textAt(required(document, 'kind'));
  const version = textAt(required(document, 'apiVersion'));
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
