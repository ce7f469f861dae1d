/**
 * The messages of the service as what the log knows: a request without the generated types, an entry with them.
 *
 * In scope: shapes into shapes. Out of scope: what is in them; reading and writing the bytes is the generated code's.
 */

import type { MessageInitShape } from '@bufbuild/protobuf';
import { fromHex } from '../encoding/hex.js';
import { kindOfLeaf } from '../entries/leaf-kind.js';
import type { EntryRequest, VerifierMessage } from '../entries/v2-messages.js';
import type { PublishedEntry } from '../log/log.js';
import type { CreateEntryRequest } from './generated/rekor/v2/entry_pb.js';
import type { Verifier } from './generated/rekor/v2/verifier_pb.js';
import type { TransparencyLogEntrySchema } from './generated/sigstore_rekor_pb.js';

/** Returns what a message asks to log. */
export function entryRequestOf({ spec }: CreateEntryRequest): EntryRequest {
  switch (spec.case) {
    case 'hashedRekordRequestV002': {
      const { digest, signature } = spec.value;
      if (signature === undefined) return { kind: 'hashedrekord', request: { digest } };
      const { content, verifier } = signature;
      const signed =
        verifier === undefined ? { content } : { content, verifier: verifierOf(verifier) };
      return { kind: 'hashedrekord', request: { digest, signature: signed } };
    }
    case 'dsseRequestV002': {
      const { envelope } = spec.value;
      const verifiers = spec.value.verifiers.map(verifierOf);
      return {
        kind: 'dsse',
        request: envelope === undefined ? { verifiers } : { envelope, verifiers },
      };
    }
    case undefined:
      return undefined;
  }
}

/** Returns an entry as its message; `logID` is the hex ID under which its readers know the log. */
export function transparencyLogEntryOf(
  entry: PublishedEntry,
  logID: string,
): MessageInitShape<typeof TransparencyLogEntrySchema> {
  const { leaf, proof, signedEntryTimestamp, integratedTimeSeconds } = entry;
  const { kind, apiVersion } = kindOfLeaf(leaf);
  const { hashes, checkpoint } = proof;
  const logIndex = BigInt(entry.logIndex);
  return {
    logIndex,
    logId: { keyId: fromHex(logID) },
    kindVersion: { kind, version: apiVersion },
    ...(signedEntryTimestamp === undefined
      ? {}
      : {
          integratedTime: BigInt(integratedTimeSeconds),
          inclusionPromise: { signedEntryTimestamp },
        }),
    inclusionProof: {
      logIndex,
      rootHash: checkpoint.root,
      treeSize: BigInt(checkpoint.size),
      hashes: [...hashes],
      checkpoint: { envelope: checkpoint.note },
    },
    canonicalizedBody: leaf,
  };
}

function verifierOf({ verifier, keyDetails }: Verifier): VerifierMessage {
  return {
    form: verifier.case,
    rawBytes: verifier.value?.rawBytes ?? new Uint8Array(0),
    keyDetails,
  };
}
