/** Damaged JSON as the message that a decoder would make of it: whatever is not of its type is absent. */

import { isJsonObject } from '../../src/encoding/go-json.js';
import type {
  DsseRequest,
  HashedrekordRequest,
  VerifierMessage,
} from '../../src/entries/v2-messages.js';

/** Returns the message of the v2 API for a kind; the members of `spec` are those of test/entries/v2-vectors.ts. */
export function v2Message(kind: string, spec: unknown): HashedrekordRequest | DsseRequest {
  return kind === 'dsse' ? dsseMessage(spec) : hashedrekordMessage(spec);
}

function hashedrekordMessage(spec: unknown): HashedrekordRequest {
  const signature = objectIn(spec, 'signature');
  const digest = bytesIn(spec, 'digest');
  if (signature === undefined) return { digest };
  const content = bytesIn(signature, 'content');
  const verifier = objectIn(signature, 'verifier');
  if (verifier === undefined) return { digest, signature: { content } };
  return { digest, signature: { content, verifier: verifierMessage(verifier) } };
}

function dsseMessage(spec: unknown): DsseRequest {
  const envelope = objectIn(spec, 'envelope');
  const verifiers = listIn(spec, 'verifiers').map(verifierMessage);
  if (envelope === undefined) return { verifiers };
  return {
    verifiers,
    envelope: {
      payload: bytesIn(envelope, 'payload'),
      payloadType: textIn(envelope, 'payloadType'),
      signatures: listIn(envelope, 'signatures').map((one) => ({
        sig: bytesIn(one, 'sig'),
        keyid: textIn(one, 'keyid'),
      })),
    },
  };
}

function verifierMessage(value: unknown): VerifierMessage {
  const form = textIn(value, 'form');
  const keyDetails = member(value, 'keyDetails');
  return {
    form: form === 'publicKey' || form === 'x509Certificate' ? form : undefined,
    rawBytes: bytesIn(value, 'rawBytes'),
    keyDetails: typeof keyDetails === 'number' ? keyDetails | 0 : 0,
  };
}

function bytesIn(value: unknown, name: string): Uint8Array {
  return Buffer.from(textIn(value, name), 'base64');
}

/** Protobuf has no text that is no Unicode. */
function textIn(value: unknown, name: string): string {
  const found = member(value, name);
  return typeof found === 'string' ? Buffer.from(found).toString() : '';
}

function listIn(value: unknown, name: string): readonly unknown[] {
  const found = member(value, name);
  return Array.isArray(found) ? found : [];
}

function objectIn(value: unknown, name: string): unknown {
  const found = member(value, name);
  return isJsonObject(found) ? found : undefined;
}

function member(value: unknown, name: string): unknown {
  return isJsonObject(value) && Object.hasOwn(value, name) ? value[name] : undefined;
}
