/**
 * Submissions to measure with, signed before anything is timed: what signers send, as far as its cost differs.
 *
 * Distinct artifacts always. A key for each where nothing else is said: Fulcio's keys are used once, and a cache of keys
 * must not flatter the figures. In scope: making them, and their requests for either API. Out of scope: keeping them
 * (prepared.ts). No state.
 */

import { randomBytes, sign } from 'node:crypto';
import { requestBytes } from './connection.js';
import {
  asV2Submission,
  newSigningKey,
  newSubmission,
  type SigningKey,
  v2Verifier,
} from './entries.js';
import { leafCertificate } from './leaf-certificate.js';

/** What is submitted. */
export const PAYLOADS = [
  'hashedrekord',
  'hashedrekord, one key',
  'hashedrekord, certificate',
  'dsse 2 KB',
  'dsse 100 KB',
] as const;
export type Payload = (typeof PAYLOADS)[number];

/** Returns to how many small submissions one of this kind comes, in time and in memory. */
export function weightOf(payload: Payload): number {
  return payload === 'dsse 100 KB' ? 10 : 1;
}

export type Api = 'v1' | 'v2';

/** A signed submission; its form is that of the v1 API. */
export interface Submission {
  readonly body: string;
  /** What was signed, in base64, where the body has its digest alone. */
  readonly message?: string;
}

/** The header that carries `message` to the peer server, which has nothing but the plain call to verify with. */
export const MESSAGE_HEADER = 'Signed-Message';

const PAYLOAD_TYPE = 'application/vnd.in-toto+json';
const STATEMENT_BYTES = { 'dsse 2 KB': 2048, 'dsse 100 KB': 100 * 1024 } as const;
const MESSAGE_BYTES = 32;

/** Returns a function that makes submissions of one kind. */
export function submissionMaker(payload: Payload): () => Submission {
  switch (payload) {
    case 'hashedrekord':
      return () => hashedRekord(newSigningKey());
    case 'hashedrekord, one key': {
      const key = newSigningKey();
      return () => hashedRekord(key);
    }
    case 'hashedrekord, certificate': {
      const issuer = newSigningKey();
      return () => hashedRekord(certified(newSigningKey(), issuer));
    }
    case 'dsse 2 KB':
    case 'dsse 100 KB':
      return () => ({ body: envelope(newSigningKey(), STATEMENT_BYTES[payload]) });
  }
}

/** Returns the request that submits `submission` over an API. */
export function requestOf(api: Api, { body, message }: Submission): Buffer {
  const headers = message === undefined ? {} : { [MESSAGE_HEADER]: message };
  if (api === 'v1') return requestBytes('POST', '/api/v1/log/entries', body, headers);
  const converted = message === undefined ? asV2Envelope(body) : asV2Submission(body);
  return requestBytes('POST', '/api/v2/log/entries', converted, headers);
}

function hashedRekord(key: SigningKey): Submission {
  const message = randomBytes(MESSAGE_BYTES);
  return { body: newSubmission(key, message), message: message.toString('base64') };
}

function certified(key: SigningKey, issuer: SigningKey): SigningKey {
  const pem = Buffer.from(key.publicKey, 'base64').toString('latin1');
  const publicKeyDer = Buffer.from(pem.replace(/-----[^-]*-----|\n/g, ''), 'base64');
  const der = Buffer.from(leafCertificate(publicKeyDer, issuer.privateKey)).toString('base64');
  const lines = der.replaceAll(/.{64}(?=.)/g, '$&\n');
  const certificate = `-----BEGIN CERTIFICATE-----\n${lines}\n-----END CERTIFICATE-----\n`;
  return { ...key, publicKey: Buffer.from(certificate).toString('base64') };
}

/** Returns a submission of an in-toto statement of `length` bytes. */
function envelope(key: SigningKey, length: number): string {
  const payload = statement(length);
  const signed = `DSSEv1 ${PAYLOAD_TYPE.length} ${PAYLOAD_TYPE} ${payload.length} ${payload}`;
  const sig = sign('sha256', Buffer.from(signed, 'latin1'), key.privateKey).toString('base64');
  const proposed = JSON.stringify({
    payload: Buffer.from(payload, 'latin1').toString('base64'),
    payloadType: PAYLOAD_TYPE,
    signatures: [{ sig }],
  });
  const proposedContent = { envelope: proposed, verifiers: [key.publicKey] };
  return JSON.stringify({ apiVersion: '0.0.1', kind: 'dsse', spec: { proposedContent } });
}

function statement(length: number): string {
  const sha256 = randomBytes(32).toString('hex');
  const fill = (notes: string): string =>
    JSON.stringify({
      _type: 'https://in-toto.io/Statement/v1',
      subject: [{ name: 'artifact.tar.gz', digest: { sha256 } }],
      predicateType: 'https://slsa.dev/provenance/v1',
      predicate: { buildDefinition: { buildType: 'https://example.com/build/v1' }, notes },
    });
  const missing = length - fill('').length;
  return fill(
    randomBytes(Math.ceil(missing / 2))
      .toString('hex')
      .slice(0, missing),
  );
}

function asV2Envelope(body: string): string {
  const { spec } = JSON.parse(body) as {
    spec: { proposedContent: { envelope: string; verifiers: string[] } };
  };
  const { envelope: proposed, verifiers } = spec.proposedContent;
  return JSON.stringify({
    dsseRequestV002: { envelope: JSON.parse(proposed), verifiers: verifiers.map(v2Verifier) },
  });
}
