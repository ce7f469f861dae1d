/**
 * Submissions to measure with: hashedrekords over fresh artifacts, signed with P-256 before anything is timed.
 *
 * Distinct artifacts always; distinct keys where asked for, because Fulcio's keys are used once and a cache of
 * keys must not flatter the figures. Signing 20,000 of them takes seconds, so they are kept in a file.
 */

import { createHash, generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { requestBytes } from './connection.js';
import { projectRoot } from './server-process.js';

/** Where prepared submissions and results lie; not under version control. */
export const resultsFolder: string = join(projectRoot, 'bench', 'results');

interface SigningKey {
  readonly privateKey: KeyObject;
  /** Base64 of the PEM, as an entry carries it. */
  readonly publicKey: string;
}

/** Returns a fresh P-256 key. */
export function newSigningKey(): SigningKey {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const pem = publicKey.export({ type: 'spki', format: 'pem' }).toString();
  return { privateKey, publicKey: Buffer.from(pem).toString('base64') };
}

/**
 * Returns a submission over 32 random bytes, as JSON. `message` is a member that every Rekor server ignores: it
 * lets the peer server of `ingest` verify the same body with the plain call, which wants the message.
 */
export function newSubmission(key: SigningKey): string {
  const message = randomBytes(32);
  const value = createHash('sha256').update(message).digest('hex');
  const content = sign('sha256', message, key.privateKey).toString('base64');
  return JSON.stringify({
    apiVersion: '0.0.1',
    kind: 'hashedrekord',
    spec: {
      data: { hash: { algorithm: 'sha256', value } },
      signature: { content, publicKey: { content: key.publicKey } },
    },
    message: message.toString('base64'),
  });
}

/** Returns the bytes of the request that submits `body`. */
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
  const pem = Buffer.from(publicKey.content, 'base64').toString('latin1');
  const rawBytes = pem.replace(/-----[^-]*-----|\n/g, '');
  return JSON.stringify({
    hashedRekordRequestV002: {
      digest: Buffer.from(spec.data.hash.value, 'hex').toString('base64'),
      signature: {
        content,
        verifier: { publicKey: { rawBytes }, keyDetails: 'PKIX_ECDSA_P256_SHA_256' },
      },
    },
  });
}

/** Returns `count` submissions with a key each, from the file of an earlier run where there is one. */
export function preparedSubmissions(count: number): string[] {
  const path = join(resultsFolder, `submissions-p256-${count}.jsonl`);
  if (existsSync(path)) return readFileSync(path, 'utf8').trimEnd().split('\n');
  const bodies = Array.from({ length: count }, () => newSubmission(newSigningKey()));
  mkdirSync(resultsFolder, { recursive: true });
  writeFileSync(`${path}.new`, `${bodies.join('\n')}\n`);
  renameSync(`${path}.new`, path);
  return bodies;
}
