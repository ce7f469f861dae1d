// What a Sigstore client needs beside a log, on 127.0.0.1: a certificate authority that believes everybody, a token for
// it, and the files of the trust kit that name both and the log.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createSign, generateKeyPairSync } from 'node:crypto';
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { SIGSTORE_PYTHON } from './sigstore-python.mjs';
import { stele } from './started-log.mjs';

const FAKE_FULCIO = fileURLToPath(new URL('./fake_fulcio.py', import.meta.url));

/** Who signs, and who says so. */
export const IDENTITY = 'signer@example.com';
export const ISSUER = 'https://issuer.example.com';

/** Starts the authority; returns { url, chain, ctfe, stop() }, paths of what is to be trusted among them. */
export async function startedFulcio(folder) {
  const missing = `NO sigstore-python AT ${SIGSTORE_PYTHON}: see .ci/run; nothing of it is proved`;
  assert.ok(existsSync(SIGSTORE_PYTHON), missing);
  const child = spawn(SIGSTORE_PYTHON, [FAKE_FULCIO, folder], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = new Promise((resolve) => child.once('close', resolve));
  const lines = createInterface({ input: child.stdout });
  const first = await Promise.race([new Promise((resolve) => lines.once('line', resolve)), ended]);
  assert.equal(typeof first, 'string', 'the certificate authority did not start');
  const stop = async () => {
    child.kill();
    await ended;
  };
  const { url } = JSON.parse(first);
  return { url, chain: join(folder, 'chain.pem'), ctfe: join(folder, 'ctfe.pub'), stop };
}

/** Returns an identity token for an hour. RS256: some clients take any other for a file name. */
export function identityToken() {
  const seconds = Math.floor(Date.now() / 1000);
  const claims = {
    ...{ iss: ISSUER, aud: 'sigstore', sub: IDENTITY, email: IDENTITY, email_verified: true },
    ...{ iat: seconds, nbf: seconds, exp: seconds + 3600 },
  };
  const part = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const signed = `${part({ alg: 'RS256', typ: 'JWT', kid: 'x' })}.${part(claims)}`;
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  return `${signed}.${createSign('sha256').update(signed).sign(privateKey, 'base64url')}`;
}

/**
 * Writes the trust kit of a log, for clients of one API, into a folder of its own; returns the path of each file by
 * its name. `authority` is what startedFulcio returns, or like it without `ctfe`.
 */
export function exportedTrust(log, { url, chain, ctfe }, api) {
  const out = join(log.folder, `trust-${api}`);
  mkdirSync(out);
  stele(
    ...['trust', 'export', '--data-dir', join(log.folder, 'data'), '--out', out, '--force'],
    ...['--public-url', log.url, '--trust-apis', api],
    ...['--trust-fulcio', `url=${url},certificate-chain=${chain}`],
    ...(ctfe === undefined ? [] : ['--trust-ctfe', `url=${url},public-key=${ctfe}`]),
    ...['--trust-tsa', `url=${log.url}/api/v1/timestamp,certificate-chain=${log.timestampChain}`],
    ...['--trust-oidc', `url=${ISSUER}`],
  );
  return (name) => join(out, name);
}
