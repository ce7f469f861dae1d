import assert from 'node:assert/strict';
import { test } from 'node:test';
import { apkFile, apkProposal, gzipBomb } from '../entries/apk-file.js';
import { storedEntry } from '../entries/recorded.js';
import { BOMBS } from './archive-bombs.js';
import { assertCheap, ServedLog } from './served-log.js';

const INCIDENTS = {
  alpine: 'I1 CVE-2023-30551, I2 CVE-2026-48702',
  jar: 'I1 CVE-2023-30551, I2 CVE-2026-48702',
  rpm: 'I2 CVE-2026-48702',
  helm: 'I2 CVE-2026-48702',
} as const;

const log = await ServedLog.start();

// What is loaded once, and the growth of young heaps, are no part of what a bomb costs.
for (const [kind, name] of [
  ['alpine', 'rsa2048'],
  ['jar', 'rsa'],
  ['rpm', 'rsa'],
  ['helm', 'rsa'],
] as const) {
  const { status, text } = await log.submit(storedEntry(kind, name));
  assert.equal(status, 201, text);
  await log.submit({ kind, apiVersion: '0.0.1', spec: { padding: 'x'.repeat(8 * 2 ** 20) } });
}

for (const kind of ['alpine', 'jar', 'rpm', 'helm'] as const) {
  for (const [name, make] of Object.entries(BOMBS[kind])) {
    test(`${INCIDENTS[kind]}: ${kind}, ${name}: 400 within a second and 64 MiB`, async () => {
      const body = JSON.stringify(make());
      const [{ status, text }, cost] = await log.measured(() => log.submit(body));
      assert.equal(status, 400, text);
      assert.equal(JSON.parse(text).code, 400);
      assertCheap(cost, name);
    });
  }
}

test('I2 CVE-2026-48702: alpine, a GiB in the place of the data is nothing that is unpacked', async () => {
  const body = JSON.stringify(apkProposal(apkFile({ data: gzipBomb(1024) })));
  const [{ status, text }, cost] = await log.measured(() => log.submit(body));
  assert.equal(status, 201, text);
  assertCheap(cost, 'data');
});

test('I2 CVE-2026-48702: a bomb of a thousand to one is one', () => {
  assert.ok(gzipBomb(1000).length < 1.1 * 2 ** 20);
});

test('I2 CVE-2026-48702: after all of them the server takes what it took before', async () => {
  for (const [kind, name] of [
    ['alpine', 'rsa4096'],
    ['jar', 'ec'],
    ['rpm', 'ed'],
    ['helm', 'ed'],
  ] as const) {
    const { status, text } = await log.submit(storedEntry(kind, name));
    assert.equal(status, 201, text);
  }
  assert.equal(log.output.includes('"level":50'), false, log.output);
});
