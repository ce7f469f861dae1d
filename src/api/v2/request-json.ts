/**
 * The body of `POST /api/v2/log/entries`, read as Rekor v2 reads it: the first JSON value of it, in protobuf's JSON
 * mapping, as dev.sigstore.rekor.v2.CreateEntryRequest. Spec: the recording, test/vectors/rekor-v2.
 *
 * Two readers of Go's stand one behind the other there, and both are followed: encoding/json cuts the first value
 * out of the stream, so that whatever follows it is not looked at and a body of white space is no value at all;
 * protojson reads the value.
 *
 * In scope: bytes to an EntryRequest. Out of scope: whether it can be logged (entries/), the largest body (http/).
 */

import { scanGoJson } from '../../encoding/go-json-scan.js';
import { PUBLIC_KEY_DETAILS } from '../../entries/shared/public-key-details.js';
import type {
  DsseRequest,
  EntryRequest,
  HashedrekordRequest,
  VerifierMessage,
} from '../../entries/v2-messages.js';
import { messageShape, ProtoJsonReader } from './proto-json.js';

/**
 * Returns what a body asks to log, undefined when it names nothing. Throws ENCODING_MALFORMED, in Go's words where
 * they do not repeat the body at length.
 */
export function readEntryRequest(bytes: Uint8Array): EntryRequest {
  const json = new ProtoJsonReader(bytes);
  if (json.isAtEnd()) return undefined;
  try {
    return readRequest(json);
  } catch (error) {
    // What encoding/json finds wrong anywhere in the value is found before protojson sees any of it.
    scanGoJson(bytes, 'first-value');
    throw error;
  }
}

const NO_BYTES: Uint8Array = new Uint8Array(0);

const REQUEST = messageShape(
  {
    hashedRekordRequestV002: 'hashed_rekord_request_v002',
    dsseRequestV002: 'dsse_request_v002',
  },
  {
    name: 'dev.sigstore.rekor.v2.CreateEntryRequest.spec',
    members: ['hashedRekordRequestV002', 'dsseRequestV002'],
  },
);
const HASHEDREKORD = messageShape({ digest: 'digest', signature: 'signature' });
const SIGNATURE = messageShape({ content: 'content', verifier: 'verifier' });
const VERIFIER = messageShape(
  { publicKey: 'public_key', x509Certificate: 'x509_certificate', keyDetails: 'key_details' },
  {
    name: 'dev.sigstore.rekor.v2.Verifier.verifier',
    members: ['publicKey', 'x509Certificate'],
  },
);
const RAW_BYTES = messageShape({ rawBytes: 'raw_bytes' });
const DSSE = messageShape({ envelope: 'envelope', verifiers: 'verifiers' });
const ENVELOPE = messageShape({
  payload: 'payload',
  payloadType: 'payloadType',
  signatures: 'signatures',
});
const ENVELOPE_SIGNATURE = messageShape({ sig: 'sig', keyid: 'keyid' });

function readRequest(json: ProtoJsonReader): EntryRequest {
  let request: EntryRequest;
  json.readMessage(REQUEST, (name) => {
    request =
      name === 'dsseRequestV002'
        ? { kind: 'dsse', request: readDsse(json) }
        : { kind: 'hashedrekord', request: readHashedrekord(json) };
  });
  return request;
}

function readHashedrekord(json: ProtoJsonReader): HashedrekordRequest {
  let digest = NO_BYTES;
  let signature: HashedrekordRequest['signature'];
  json.readMessage(HASHEDREKORD, (name) => {
    if (name === 'digest') digest = json.readBytes(name);
    else signature = readSignature(json);
  });
  return signature === undefined ? { digest } : { digest, signature };
}

function readSignature(json: ProtoJsonReader): NonNullable<HashedrekordRequest['signature']> {
  let content = NO_BYTES;
  let verifier: VerifierMessage | undefined;
  json.readMessage(SIGNATURE, (name) => {
    if (name === 'content') content = json.readBytes(name);
    else verifier = readVerifier(json);
  });
  return verifier === undefined ? { content } : { content, verifier };
}

function readVerifier(json: ProtoJsonReader): VerifierMessage {
  let form: VerifierMessage['form'];
  let rawBytes = NO_BYTES;
  let keyDetails = 0;
  json.readMessage(VERIFIER, (name) => {
    if (name === 'keyDetails') {
      keyDetails = json.readEnum(name, PUBLIC_KEY_DETAILS);
      return;
    }
    form = name;
    json.readMessage(RAW_BYTES, (inner) => {
      rawBytes = json.readBytes(inner);
    });
  });
  return { form, rawBytes, keyDetails };
}

function readDsse(json: ProtoJsonReader): DsseRequest {
  let envelope: DsseRequest['envelope'];
  const verifiers: VerifierMessage[] = [];
  json.readMessage(DSSE, (name) => {
    if (name === 'envelope') envelope = readEnvelope(json);
    else json.readList(() => verifiers.push(readVerifier(json)));
  });
  return envelope === undefined ? { verifiers } : { envelope, verifiers };
}

function readEnvelope(json: ProtoJsonReader): NonNullable<DsseRequest['envelope']> {
  let payload = NO_BYTES;
  let payloadType = '';
  const signatures: { sig: Uint8Array; keyid: string }[] = [];
  json.readMessage(ENVELOPE, (name) => {
    if (name === 'payload') payload = json.readBytes(name);
    else if (name === 'payloadType') payloadType = json.readText(name);
    else json.readList(() => signatures.push(readEnvelopeSignature(json)));
  });
  return { payload, payloadType, signatures };
}

function readEnvelopeSignature(json: ProtoJsonReader): { sig: Uint8Array; keyid: string } {
  let sig = NO_BYTES;
  let keyid = '';
  json.readMessage(ENVELOPE_SIGNATURE, (name) => {
    if (name === 'sig') sig = json.readBytes(name);
    else keyid = json.readText(name);
  });
  return { sig, keyid };
}
