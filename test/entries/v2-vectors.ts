/** Requests of the v2 API as vectors have them: the decoded message, its bytes in base64. */

import type { ProposedEntry } from '../../src/entries/entry-kind.js';
import type {
  DsseRequest,
  HashedrekordRequest,
  VerifierMessage,
} from '../../src/entries/v2-messages.js';

/** A verifier with its bytes in base64. */
export interface VerifierVector {
  readonly form?: 'publicKey' | 'x509Certificate';
  readonly rawBytes: string;
  readonly keyDetails: number;
}

/** A request for a hashedrekord with its bytes in base64. */
export interface HashedrekordVector {
  readonly digest: string;
  readonly signature?: { readonly content: string; readonly verifier?: VerifierVector };
}

/** A request for a dsse entry with its bytes in base64. */
export interface DsseVector {
  readonly envelope?: {
    readonly payload: string;
    readonly payloadType: string;
    readonly signatures: readonly { readonly sig: string; readonly keyid: string }[];
  };
  readonly verifiers: readonly VerifierVector[];
}

/** Returns a message of the v2 API as its proposal. */
export function proposed(kind: 'hashedrekord', request: HashedrekordRequest): ProposedEntry;
export function proposed(kind: 'dsse', request: DsseRequest): ProposedEntry;
export function proposed(kind: string, spec: unknown): ProposedEntry {
  return { kind, apiVersion: '0.0.2', api: 'v2', spec };
}

/** Returns the message of a vector. */
export function hashedrekordRequest({
  digest,
  signature,
}: HashedrekordVector): HashedrekordRequest {
  if (signature === undefined) return { digest: bytes(digest) };
  const { content, verifier } = signature;
  return {
    digest: bytes(digest),
    signature: {
      content: bytes(content),
      ...(verifier === undefined ? {} : { verifier: verifierMessage(verifier) }),
    },
  };
}

/** Returns the message of a vector. */
export function dsseRequest({ envelope, verifiers }: DsseVector): DsseRequest {
  return {
    ...(envelope === undefined
      ? {}
      : {
          envelope: {
            payload: bytes(envelope.payload),
            payloadType: envelope.payloadType,
            signatures: envelope.signatures.map(({ sig, keyid }) => ({ sig: bytes(sig), keyid })),
          },
        }),
    verifiers: verifiers.map(verifierMessage),
  };
}

function verifierMessage({ form, rawBytes, keyDetails }: VerifierVector): VerifierMessage {
  return { form, rawBytes: bytes(rawBytes), keyDetails };
}

function bytes(text: string): Uint8Array {
  return Uint8Array.from(Buffer.from(text, 'base64'));
}
