import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fromBase64 } from '../../src/encoding/base64.js';
import { fromUtf8 } from '../../src/encoding/bytes.js';
import { acceptEntry, identifyEntry } from '../../src/entries/accept.js';
import { vectorPath } from '../vectors.js';
import { openPolicy, testContext } from './policy.js';
import { proposedEntry } from './recorded.js';

const folder = vectorPath('entries/realworld');
const files = readdirSync(folder);

test('there are bundles to read', () => assert.ok(files.length >= 4));

for (const file of files) {
  test(`${file}: the public log's canonical body comes out again, byte for byte`, async () => {
    const bundle = JSON.parse(readFileSync(`${folder}/${file}`, 'utf8'));
    for (const { canonicalizedBody } of bundle.verificationMaterial.tlogEntries) {
      const body = fromUtf8(fromBase64(canonicalizedBody));
      const entry = proposedEntry(body);
      const identified = await identifyEntry(entry, testContext);
      assert.equal(fromUtf8(identified.leaf), body);
      const accepted = await acceptEntry(entry, openPolicy, testContext);
      assert.equal(fromUtf8(accepted.leaf), body);
      // The signer's identity, from the certificate.
      assert.ok(accepted.indexKeys.some((key) => key.startsWith('https://github.com/')));
    }
  });
}
