/**
 * The TransparencyLogEntry on the wire: protobuf's JSON, 64-bit numbers as texts, printed from one template.
 *
 * Spec: dev.sigstore.rekor.v1.TransparencyLogEntry. Clients refuse members that they do not know, so there are these
 * seven and no others; of an entry of the v2 API none has a SET or a time.
 */

import { toBase64 } from '../../encoding/base64.js';
import type { ByteText } from '../../encoding/byte-text.js';
import { fromHex } from '../../encoding/hex.js';
import { kindOfLeaf } from '../../entries/leaf-kind.js';
import type { PublishedEntry } from '../../log/log.js';
import { noteJson } from '../checkpoint-json.js';

/** Returns the entry as JSON text; `logID` is the hex ID under which its readers know the log. */
export function transparencyLogEntryJson(entry: PublishedEntry, logID: string): ByteText {
  const { leaf, logIndex, signedEntryTimestamp, integratedTimeSeconds } = entry;
  const { kind, apiVersion } = kindOfLeaf(leaf);
  const isPromised = signedEntryTimestamp !== undefined;
  const promise = isPromised
    ? `{"signedEntryTimestamp":"${toBase64(signedEntryTimestamp)}"}`
    : 'null';
  const json =
    `{"logIndex":"${logIndex}","logId":{"keyId":"${toBase64(fromHex(logID))}"},` +
    `"kindVersion":{"kind":"${kind}","version":"${apiVersion}"},` +
    `"integratedTime":"${isPromised ? integratedTimeSeconds : 0}","inclusionPromise":${promise},` +
    `"inclusionProof":${proofJson(entry)},"canonicalizedBody":"${toBase64(leaf)}"}`;
  return json as ByteText;
}

function proofJson({ logIndex, proof: { hashes, checkpoint } }: PublishedEntry): string {
  const list = hashes.map((hash) => `"${toBase64(hash)}"`).join(',');
  return (
    `{"logIndex":"${logIndex}","rootHash":"${toBase64(checkpoint.root)}",` +
    `"treeSize":"${checkpoint.size}","hashes":[${list}],` +
    `"checkpoint":{"envelope":${noteJson(checkpoint)}}}`
  );
}
