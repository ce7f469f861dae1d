/**
 * A submission to test and measure with: a hashedrekord over a fresh artifact, signed with P-256, for either API.
 *
 * In scope: one at a time. Out of scope: many of them, and the other kinds (payloads.ts).
 */

import { createHash, generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto';
import { requestBytes } from './connection.js';

export interface SigningKey {
  readonly privateKey: KeyObject;
  /** Base64 of the PEM of key or certificate, as an entry carries it. */
  readonly publicKey: string;
}

/** Returns a fresh P-256 key. */
export function newSigningKey(): SigningKey {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const pem = publicKey.export({ type: 'spki', format: 'pem' }).toString();
  return { privateKey, publicKey: Buffer.from(pem).toString('base64') };
}

/** Returns a submission of the v1 API, as JSON, over the digest of `message`. */
export function newSubmission(key: SigningKey, message: Uint8Array = randomBytes(32)): string {
  const value = createHash('sha256').update(message).digest('hex');
  const content = sign('sha256', message, key.privateKey).toString('base64');
  return JSON.stringify({
    apiVersion: '0.0.1',
    kind: 'hashedrekord',
    spec: {
      data: { hash: { algorithm: 'sha256', value } },
      signature: { content, publicKey: { content: key.publicKey } },
    },
  });
}

/** Returns the bytes of the request that submits `body` over the v1 API. */
export function submissionRequest(body: string): Buffer {
  return requestBytes('POST', '/api/v1/log/entries', body);
}

/** Returns the submission of the v2 API for the artifact, key and signature of one of the v1 API. */
export function asV2Submission(body: string): string {
  const { spec } = JSON.parse(body) as {
    spec: {
      data: { hash: { value: string } };
      signature: { content: string; publicKey: { content: string } };
    };
  };
  const { content, publicKey } = spec.signature;
  return JSON.stringify({
    hashedRekordRequestV002: {
      digest: Buffer.from(spec.data.hash.value, 'hex').toString('base64'),
      signature: { content, verifier: v2Verifier(publicKey.content) },
    },
  });
}

/** Returns the verifier of the v2 API for a P-256 key or certificate, given as base64 of its PEM. */
export function v2Verifier(publicKey: string): object {
  const pem = Buffer.from(publicKey, 'base64').toString('latin1');
  const rawBytes = pem.replace(/-----[^-]*-----|\n/g, '');
  const form = pem.includes('BEGIN CERTIFICATE') ? 'x509Certificate' : 'publicKey';
  return { [form]: { rawBytes }, keyDetails: 'PKIX_ECDSA_P256_SHA_256' };
}
