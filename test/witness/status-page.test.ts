import assert from 'node:assert/strict';
import { test } from 'node:test';
import { originID } from '../../src/note/origin-id.js';
import { ed25519Cosigner } from '../../src/signing/cosigner.js';
import { statusPage } from '../../src/witness/status-page.js';
import { serveWitness } from './served-witness.js';
import { TestLog } from './test-log.js';

const { key } = ed25519Cosigner('<b>&"w"', new Uint8Array(32).fill(1));

test('what others have named is text in the page, and nothing is loaded or run', async (t) => {
  const log = new TestLog('<script>alert(1)</script>&"\'');
  const witness = await serveWitness(t, { logs: [{ origin: log.origin, keys: [log.key] }] });
  assert.equal((await witness.post('/add-checkpoint', log.body(0, 5))).status, 200);
  const response = await fetch(`${witness.url}/`);
  const page = await response.text();
  assert.ok(page.includes('&#60;script&#62;alert(1)&#60;/script&#62;&#38;&#34;'), page);
  assert.doesNotMatch(page, /<script|src=|onload/);
  assert.match(response.headers.get('content-security-policy') ?? '', /default-src 'none'/);
  assert.match(page, new RegExp(`href="/${originID(log.origin)}/checkpoint">5<`));
  assert.doesNotMatch(statusPage([key], [], 0), /<b>/);
});

test('a log whose rows are damaged does not hide the others, nor do too many', () => {
  const log = {
    ...{ id: 'a'.repeat(64), origin: 'log.example', keys: [], verifiers: [] },
    ...{ source: 'operator', isDisabled: true },
  };
  const page = statusPage([key], [{ log, head: 'unreadable', evidence: 0 }], 7);
  assert.match(page, /log\.example \(disabled\)<\/td><td>cannot be read</);
  assert.match(page, /And 7 more\./);
});
