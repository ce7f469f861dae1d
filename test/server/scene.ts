/** Servers in temporary folders, in this process, and a few requests to them. */

import { createHash, generateKeyPairSync, sign } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { composeServer, type RunningServer } from '../../src/server/compose.js';
import { type Config, readConfig } from '../../src/server/config.js';

/** Returns a folder that is removed when the test is over, after its servers have stopped. */
export function temporaryFolder(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'stele-server-'));
  t.after(async () => {
    // What is to be done after a test is done in the order in which it was told: this came first.
    await Promise.all((started.get(t) ?? []).map((server) => server.close()));
    rmSync(folder, { recursive: true, force: true });
  });
  return folder;
}

const started = new WeakMap<TestContext, RunningServer[]>();

/** Returns a quiet configuration on free ports. */
export function configFor(dataDir: string, ...flags: readonly string[]): Config {
  const quiet = ['--port=0', '--metrics-port=0', '--log-level=silent', `--data-dir=${dataDir}`];
  return readConfig({
    argv: [...quiet, ...flags],
    environment: {},
    readFile: (path) => {
      throw new Error(`${path} is not to be read`);
    },
  });
}

/** Starts a server that is closed when the test is over, unless the test has closed it. */
export async function start(
  t: TestContext,
  dataDir: string,
  ...flags: readonly string[]
): Promise<RunningServer> {
  const server = await composeServer(configFor(dataDir, ...flags));
  started.set(t, [...(started.get(t) ?? []), server]);
  t.after(() => server.close());
  return server;
}

const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
export const signerPem = publicKey.export({ type: 'spki', format: 'pem' }).toString();

/** Submits a hashedrekord over `artifact`. */
export function submit(url: string, artifact: string): Promise<Response> {
  return fetch(`${url}/api/v1/log/entries`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      kind: 'hashedrekord',
      apiVersion: '0.0.1',
      spec: {
        data: {
          hash: {
            algorithm: 'sha256',
            value: createHash('sha256').update(artifact).digest('hex'),
          },
        },
        signature: {
          content: sign('sha256', Buffer.from(artifact), privateKey).toString('base64'),
          publicKey: { content: Buffer.from(signerPem).toString('base64') },
        },
      },
    }),
  });
}

/** Submits a hashedrekord over `artifact` to the v2 API. */
export function submitV2(url: string, artifact: string): Promise<Response> {
  return sendV2(url, v2Submission(artifact));
}

/** Sends what may be sent again. */
export function sendV2(url: string, body: string): Promise<Response> {
  return fetch(`${url}/api/v2/log/entries`, { method: 'POST', body });
}

/** Returns a hashedrekord over `artifact` as the v2 API takes it; each is signed anew. */
export function v2Submission(artifact: string): string {
  return JSON.stringify({
    hashedRekordRequestV002: {
      digest: createHash('sha256').update(artifact).digest('base64'),
      signature: {
        content: sign('sha256', Buffer.from(artifact), privateKey).toString('base64'),
        verifier: {
          publicKey: {
            rawBytes: publicKey.export({ type: 'spki', format: 'der' }).toString('base64'),
          },
          keyDetails: 'PKIX_ECDSA_P256_SHA_256',
        },
      },
    },
  });
}
