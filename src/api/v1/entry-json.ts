/**
 * The LogEntry object on the v1 wire. Members in alphabetical order, compact; clients cut the text at fixed offsets,
 * so it is printed from one template.
 */

import { toBase64 } from '../../encoding/base64.js';
import type { ByteText } from '../../encoding/byte-text.js';
import { toHex } from '../../encoding/hex.js';
import type { Log, PublishedEntry } from '../../log/log.js';
import { noteJson } from '../checkpoint-json.js';

/** An entry together with the log that has it. */
export interface FoundEntry {
  readonly log: Log;
  readonly entry: PublishedEntry;
  /** Its log index over all logs, where there are several; its proof is of its own log. */
  readonly virtualIndex?: number;
}

/** Returns `{ENTRYID: LogEntry}` as JSON text; the attestation only for reads. */
export function entryJson(found: FoundEntry, withAttestation: boolean): ByteText {
  const { entry, log, virtualIndex = entry.logIndex } = found;
  const { attestation } = entry;
  const attested =
    withAttestation && attestation !== undefined
      ? `"attestation":{"data":"${toBase64(attestation)}"},`
      : '';
  const json =
    `{"${entry.entryID}":{${attested}"body":"${toBase64(entry.leaf)}",` +
    `"integratedTime":${entry.integratedTimeSeconds},"logID":"${log.identity.logID}",` +
    `"logIndex":${virtualIndex},"verification":{${proofJson(entry)}${timestampJson(entry)}}}}`;
  return json as ByteText;
}

function timestampJson({ signedEntryTimestamp }: PublishedEntry): string {
  // Left out for an entry of the v2 API's own log: its index would contradict the v1 log's entry of that index.
  if (signedEntryTimestamp === undefined) return '';
  return `,"signedEntryTimestamp":"${toBase64(signedEntryTimestamp)}"`;
}

function proofJson(entry: PublishedEntry): string {
  const { hashes, checkpoint } = entry.proof;
  const list = hashes.map((hash) => `"${toHex(hash)}"`).join(',');
  return (
    `"inclusionProof":{"checkpoint":${noteJson(checkpoint)},"hashes":[${list}],` +
    `"logIndex":${entry.logIndex},"rootHash":"${toHex(checkpoint.root)}",` +
    `"treeSize":${checkpoint.size}}`
  );
}
