// Entries by the hundred, written through either API by one key.
import assert from 'node:assert/strict';
import { createHash, generateKeyPairSync, sign } from 'node:crypto';

const WRITERS = 16;
const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const rawBytes = publicKey.export({ type: 'spki', format: 'der' }).toString('base64');
const pem = Buffer.from(publicKey.export({ type: 'spki', format: 'pem' })).toString('base64');

/** Hex SHA-256 of the SubjectPublicKeyInfo of the key that writes. */
export const writerFingerprint = createHash('sha256')
  .update(publicKey.export({ type: 'spki', format: 'der' }))
  .digest('hex');

/** Writes `count` new entries through `v1` or `v2`; returns when the last is answered. */
export async function writeEntries(url, api, count) {
  let next = 0;
  const write = async () => {
    while (next < count) await writeEntry(url, api, Buffer.from(`${api} artifact ${next++}`));
  };
  await Promise.all(Array.from({ length: WRITERS }, write));
}

async function writeEntry(url, api, artifact) {
  const answer = await postEntry(url, api, newEntry(api, artifact));
  assert.equal(answer.status, 201, await answer.text());
}

/** Returns what submits `artifact` through `v1` or `v2`: a new entry each time, by the randomness of its signature. */
export function newEntry(api, artifact) {
  const digest = createHash('sha256').update(artifact).digest();
  const content = sign('sha256', artifact, privateKey).toString('base64');
  return api === 'v2' ? v2Request(digest, content) : v1Entry(digest, content);
}

/** Submits an entry; returns the answer, whatever it is. */
export function postEntry(url, api, entry) {
  return fetch(`${url}/api/${api}/log/entries`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify(entry),
  });
}

function v1Entry(digest, content) {
  const data = { hash: { algorithm: 'sha256', value: digest.toString('hex') } };
  const spec = { data, signature: { content, publicKey: { content: pem } } };
  return { apiVersion: '0.0.1', kind: 'hashedrekord', spec };
}

function v2Request(digest, content) {
  const verifier = { publicKey: { rawBytes }, keyDetails: 'PKIX_ECDSA_P256_SHA_256' };
  const signature = { content, verifier };
  return { hashedRekordRequestV002: { digest: digest.toString('base64'), signature } };
}
