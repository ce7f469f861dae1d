import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TRUST_FILES, type TrustDocuments } from '../../src/trust/documents.js';
import { startApp } from './started-app.js';

const documents: TrustDocuments = {
  'trusted-root.json': '{"a": "ü"}\n',
  'signing-config.json': '{}\n',
  'client-trust-config.json': '[]\n',
  'log.pub': '-----BEGIN PUBLIC KEY-----\n',
  'log.vkey': 'log.example.org+00000000+AA==\n',
};
const TYPES: Readonly<Record<string, string>> = {
  'trusted-root.json': 'application/json',
  'signing-config.json': 'application/json',
  'client-trust-config.json': 'application/json',
  'log.pub': 'application/x-pem-file',
  'log.vkey': 'text/plain; charset=utf-8',
};

for (const adapter of ['fast', 'express'] as const) {
  test(`the trust kit is served as it is, to scripts of other origins too (${adapter})`, async (t) => {
    const app = await startApp(t, { adapter, trustDocuments: () => documents });
    for (const file of TRUST_FILES) {
      const path = `/.well-known/stele/${file}`;
      const get = await app.send('GET', path, { Origin: 'https://example.org' });
      assert.equal(get.status, 200, file);
      assert.equal(get.body, documents[file]);
      assert.equal(get.headers['content-type'], TYPES[file]);
      assert.equal(get.headers['cache-control'], 'public, max-age=300');
      assert.equal(get.headers['access-control-allow-origin'], '*');
      const head = await app.send('HEAD', path);
      assert.equal(head.status, 200);
      assert.equal(head.body, '');
      assert.equal(head.headers['content-length'], get.headers['content-length']);
    }
  });

  test(`the trust kit has no other paths and takes nothing (${adapter})`, async (t) => {
    const app = await startApp(t, { adapter, trustDocuments: () => documents });
    for (const path of [
      '/.well-known/stele',
      '/.well-known/stele/',
      '/.well-known/stele/Log.pub',
      '/.well-known/stele/log.pub/',
      '/.well-known/stele//log.pub',
      '/.well-known/stele/../stele/log.pub',
    ]) {
      assert.equal((await app.send('GET', path)).status, 404, path);
    }
    assert.equal((await app.send('POST', '/.well-known/stele/log.pub')).status, 404);
  });
}

test('the trust kit is not there where none was given', async (t) => {
  const app = await startApp(t);
  assert.equal((await app.send('GET', '/.well-known/stele/log.pub')).status, 404);
});
