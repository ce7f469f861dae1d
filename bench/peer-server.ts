/**
 * The least that any server in Node must do for a submission: read the body, parse it, import the key, verify the
 * signature with the plain native call, answer. Nothing is stored. The same machine in the same minute runs this
 * and the log, and their ratio is the figure that survives a change of machine or of neighbours.
 *
 * It verifies the signed message: a log has of a hashedrekord the digest alone, so a header brings the message along.
 */

import { createPublicKey, type KeyObject, verify, X509Certificate } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { MESSAGE_HEADER } from './harness/payloads.js';
import { listenAsPeer } from './harness/peer-listener.js';

interface V1Body {
  readonly kind: string;
  readonly spec: {
    readonly signature: { readonly content: string; readonly publicKey: { content: string } };
    readonly proposedContent: { readonly envelope: string; readonly verifiers: [string] };
  };
}

interface V2Verifier {
  readonly publicKey?: { readonly rawBytes: string };
  readonly x509Certificate?: { readonly rawBytes: string };
}

interface V2Body {
  readonly hashedRekordRequestV002?: {
    readonly signature: { readonly content: string; readonly verifier: V2Verifier };
  };
  readonly dsseRequestV002?: { readonly envelope: Envelope; readonly verifiers: [V2Verifier] };
}

interface Envelope {
  readonly payload: string;
  readonly payloadType: string;
  readonly signatures: readonly [{ readonly sig: string }];
}

interface Check {
  readonly message: Uint8Array;
  readonly key: KeyObject;
  readonly signature: string;
}

function checkOfV1({ kind, spec }: V1Body, message: string): Check {
  if (kind === 'dsse') {
    const { envelope, verifiers } = spec.proposedContent;
    return checkOfEnvelope(JSON.parse(envelope) as Envelope, keyOfPem(verifiers[0]));
  }
  const { content, publicKey } = spec.signature;
  const key = keyOfPem(publicKey.content);
  return { message: Buffer.from(message, 'base64'), key, signature: content };
}

function checkOfV2({ hashedRekordRequestV002: record, dsseRequestV002: dsse }: V2Body, m: string) {
  if (dsse !== undefined) return checkOfEnvelope(dsse.envelope, keyOfDer(dsse.verifiers[0]));
  const { content, verifier } = record?.signature ?? { content: '', verifier: {} };
  return { message: Buffer.from(m, 'base64'), key: keyOfDer(verifier), signature: content };
}

function checkOfEnvelope({ payload, payloadType, signatures }: Envelope, key: KeyObject): Check {
  const bytes = Buffer.from(payload, 'base64');
  const head = `DSSEv1 ${payloadType.length} ${payloadType} ${bytes.length} `;
  return { message: Buffer.concat([Buffer.from(head), bytes]), key, signature: signatures[0].sig };
}

function keyOfPem(content: string): KeyObject {
  return createPublicKey(Buffer.from(content, 'base64'));
}

function keyOfDer({ publicKey, x509Certificate }: V2Verifier): KeyObject {
  if (x509Certificate !== undefined) {
    return new X509Certificate(Buffer.from(x509Certificate.rawBytes, 'base64')).publicKey;
  }
  const key = Buffer.from(publicKey?.rawBytes ?? '', 'base64');
  return createPublicKey({ key, format: 'der', type: 'spki' });
}

function answer(body: Buffer, request: IncomingMessage, response: ServerResponse): void {
  const message = String(request.headers[MESSAGE_HEADER.toLowerCase()] ?? '');
  const parsed = JSON.parse(body.toString()) as V1Body & V2Body;
  const check = parsed.kind === undefined ? checkOfV2(parsed, message) : checkOfV1(parsed, message);
  const signature = Buffer.from(check.signature, 'base64');
  const good = verify('sha256', check.message, check.key, signature);
  const text = JSON.stringify({ verified: good });
  response.writeHead(good ? 201 : 400, {
    'Content-Type': 'application/json',
    'Content-Length': text.length,
  });
  response.end(text);
}

const server = createServer((request, response) => {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => answer(Buffer.concat(chunks), request, response));
});
listenAsPeer(server);
