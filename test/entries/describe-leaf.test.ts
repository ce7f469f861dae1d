import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { utf8 } from '../../src/encoding/bytes.js';
import { describeLeaf } from '../../src/entries/describe-leaf.js';
import type { DescribedLeaf } from '../../src/entries/described-leaf.js';
import { KNOWN_KINDS } from '../../src/entries/registry.js';
import { isLogError } from '../../src/errors.js';
import { packageRoot, vectorLines } from '../vectors.js';
import { recordedEntries } from './recorded.js';

interface RealLeaf {
  readonly name: string;
  readonly leaf: string;
}

/** What Rekor's index has that no leaf says: subjects of statements, and for dsse in the spelling of a digest. */
const OF_STATEMENTS: ReadonlySet<string> = new Set(['dsse', 'intoto', 'cose']);

for (const kind of KNOWN_KINDS) {
  test(`a stored ${kind} entry says again what Rekor's index says of it`, async () => {
    let described = 0;
    for (const { name, expect } of recordedEntries(kind)) {
      if (!('leaf' in expect) || expect.leaf === undefined) continue;
      const found = valuesOf(await describeLeaf(utf8(expect.leaf)));
      for (const key of expect.indexKeys ?? []) {
        if (OF_STATEMENTS.has(kind) && /^[a-z0-9_]+:/i.test(key)) continue;
        if (kind === 'tuf' && /^(\d+|[a-z]+)$/.test(key)) continue;
        if (kind === 'jar' && !key.startsWith('sha256:')) continue;
        assert.ok(found.has(key.toLowerCase()), `${name}: ${key}`);
      }
      described++;
    }
    assert.ok(described > 0);
  });
}

test('a certificate of Sigstore is described by its names, its issuer and any of its extensions', async () => {
  const [leaf] = vectorLines<RealLeaf>('rekor-v2/real-world-leaves.jsonl');
  const { signers, terms } = await describeLeaf(utf8(leaf?.leaf ?? ''));
  const [signer] = signers;
  assert.ok(signer);
  assert.deepEqual(signer.values('issuer'), [
    'https://token.actions.githubusercontent.com',
    'https://token.actions.githubusercontent.com',
  ]);
  assert.match(signer.values('uri')[0] ?? '', /^https:\/\/github\.com\/sigstore-conformance\//);
  assert.deepEqual(signer.values('certificate-issuer'), [
    'CN=sigstore-intermediate,O=sigstore.dev',
  ]);
  assert.ok(signer.extension('1.3.6.1.4.1.57264.1.2').includes('workflow_dispatch'));
  assert.ok(signer.extension('1.3.6.1.4.1.57264.1.11').includes('github-hosted'));
  assert.deepEqual(signer.extension('1.2.3'), []);
  assert.match(terms[0]?.value ?? '', /^sha256:[0-9a-f]{64}$/);
});

test('every leaf of a public log that was kept can be described', async () => {
  const leaves = vectorLines<RealLeaf>('rekor-v2/real-world-leaves.jsonl');
  for (const { leaf } of leaves) assert.ok((await describeLeaf(utf8(leaf))).signers.length > 0);
});

test('an OpenPGP signer is found by the fingerprint of each of his keys', async () => {
  const [entry] = recordedEntries('rpm').filter(({ expect }) => 'leaf' in expect && expect.leaf);
  assert.ok(entry !== undefined && 'leaf' in entry.expect);
  const described = await describeLeaf(utf8(entry.expect.leaf ?? ''));
  const keys = described.signers.flatMap((signer) => signer.values('key'));
  assert.ok(keys.some((key) => /^[0-9a-f]{40}$/.test(key)));
});

test('what cannot be read is refused with a code, never passed over', async () => {
  const source = readFileSync(
    join(packageRoot, 'test/vectors/rekor-v2/real-world-leaves.jsonl'),
    'utf8',
  );
  const { leaf } = JSON.parse(source.split('\n')[0] ?? '') as RealLeaf;
  const damaged = [
    '',
    'x',
    '[]',
    '{}',
    '{"kind":"hashedrekord","apiVersion":"0.0.1"}',
    '{"kind":"other","apiVersion":"0.0.1","spec":{}}',
    '{"kind":"hashedrekord","apiVersion":"9","spec":{}}',
    '{"kind":"__proto__","apiVersion":"0.0.1","spec":{}}',
    '{"kind":"tuf","apiVersion":"0.0.1","spec":{"metadata":{"content":"eA=="},"root":{"content":"eA=="}}}',
    '{"kind":"rpm","apiVersion":"0.0.1","spec":{"package":{"hash":{"algorithm":"a","value":"b"},"headers":{}},"publicKey":{"content":"!"}}}',
    leaf.replace('MIII', 'MIIJ'),
    leaf.replace('"rawBytes":"', '"rawBytes":"!'),
  ];
  for (const text of damaged) {
    await assert.rejects(
      async () => describeLeaf(utf8(text)),
      (error) => isLogError(error),
      text.slice(0, 80),
    );
  }
});

function valuesOf({ terms, signers }: DescribedLeaf): Set<string> {
  const values = terms.map(({ value }) => value);
  for (const signer of signers) {
    for (const field of ['key', 'email', 'uri', 'dns', 'ip', 'other-name'] as const) {
      values.push(...signer.values(field));
    }
    values.push(...signer.values('key').map((hash) => `sha256:${hash}`));
  }
  // Rekor's index names documents of TUF by the bare hash.
  values.push(...values.map((value) => value.replace(/^sha256:/, '')));
  return new Set(values.map((value) => value.toLowerCase()));
}

test('a leaf is described by its own bytes alone', async () => {
  const [leaf] = vectorLines<RealLeaf>('rekor-v2/real-world-leaves.jsonl');
  const der = Buffer.from(/"rawBytes":"([^"]+)"/.exec(leaf?.leaf ?? '')?.[1] ?? '', 'base64');
  const { signers } = await describeLeaf(utf8(leaf?.leaf ?? ''));
  assert.ok(signers[0]?.values('key').includes(createHash('sha256').update(der).digest('hex')));
});
