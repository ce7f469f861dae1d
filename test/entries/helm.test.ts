import assert from 'node:assert/strict';
import { test } from 'node:test';
import { toBase64 } from '../../src/encoding/base64.js';
import { fromUtf8, utf8 } from '../../src/encoding/bytes.js';
import type { ProposedEntry } from '../../src/entries/entry-kind.js';
import { chartHash, MAX_PROVENANCE_LENGTH } from '../../src/entries/helm/provenance.js';
import {
  MAX_ALIASES,
  MAX_DOCUMENTS,
  MAX_YAML_LENGTH,
  MAX_YAML_NESTING,
  readSums,
} from '../../src/entries/helm/sum-collection.js';
import { isLogError } from '../../src/errors.js';
import { clearSign, forgeKey, forgeRing } from '../pki/pgp-forge.js';
import { vectorLines } from '../vectors.js';
import { accept } from './acceptance.js';
import { storedEntry } from './recorded.js';

interface Sums {
  readonly name: string;
  readonly yaml: string;
  readonly rekor: string | null;
  readonly here?: string | null;
}

const cases = vectorLines<Sums>('entries/helm/sums.jsonl');
const key = forgeKey(1);
const DESCRIPTION = 'apiVersion: v2\nname: my-chart\nversion: 0.1.0\n';

function proposal(provenance: Uint8Array, ring = forgeRing(key)): ProposedEntry {
  return {
    kind: 'helm',
    apiVersion: '0.0.1',
    spec: {
      publicKey: { content: toBase64(ring) },
      chart: { provenance: { content: toBase64(provenance) } },
    },
  };
}

function withSums(yaml: string): ProposedEntry {
  return proposal(clearSign(key, `${DESCRIPTION}\n...\n${yaml}`));
}

for (const { name, yaml, rekor, here = rekor } of cases) {
  test(`sums (${name}) are ${here === null ? 'refused' : 'stored'}${here === rekor ? ' as in Rekor' : ''}`, async () => {
    const outcome = accept(withSums(yaml));
    if (here === null) {
      await assert.rejects(outcome, { code: 'ENTRY_MALFORMED' });
      return;
    }
    const { leaf } = await outcome;
    const { algorithm, value } = JSON.parse(fromUtf8(leaf)).spec.chart.hash;
    assert.equal(`${algorithm}:${value}`, here);
  });
}

test('this log stores nothing else than Rekor: where it differs, it refuses', () => {
  const different = cases.filter(({ here }) => here !== undefined);
  assert.ok(different.length > 0);
  for (const { name, here } of different) assert.equal(here, null, name);
});

test('of several files the first in the document is stored, whatever its name', async () => {
  const sums = await readSums(utf8('files:\n  z: a:1\n  "10": b:2\n  __proto__: c:3\n'));
  assert.deepEqual(
    [...(sums ?? [])],
    [
      ['z', 'a:1'],
      ['10', 'b:2'],
      ['__proto__', 'c:3'],
    ],
  );
  assert.deepEqual(chartHash(sums), { algorithm: 'a', value: '1' });
});

test('an entry is found by its chart, its files, its key, its signature and its sum', async () => {
  const { searchTerms, indexKeys } = await accept(
    withSums('files:\n  my-chart-0.1.0.tgz: SHA256:AB'),
  );
  const values = (field: string) =>
    searchTerms.filter((term) => term.field === field).map(({ value }) => value);
  assert.deepEqual(values('subject-name'), ['my-chart', 'my-chart-0.1.0.tgz']);
  assert.deepEqual(values('email'), ['forged@example.com']);
  assert.equal(values('digest').length, 1);
  assert.equal(values('key').length, 1);
  assert.equal(values('signature').length, 1);
  assert.equal(indexKeys.at(-1), 'sha256:ab');
});

test('a provenance file that another key has signed, or nobody, is refused', async () => {
  const content = fromUtf8(clearSign(key, `${DESCRIPTION}\n...\nfiles:\n  a: b:c`));
  const changed = proposal(utf8(content.replace('b:c', 'b:d')));
  await assert.rejects(accept(changed), { code: 'SIGNATURE_INVALID' });
  await assert.rejects(accept(proposal(utf8(content), forgeRing(forgeKey(2)))), {
    code: 'SIGNATURE_INVALID',
    message: 'openpgp: signature made by unknown entity',
  });
  await assert.rejects(accept(proposal(utf8(content.replace(/\n=.{4}\n/, 'A\n')))), {
    code: 'SIGNATURE_INVALID',
    message: /^unable to read PGP signature: /,
  });
});

test('line ends and text around the message change nothing in the leaf', async () => {
  const content = fromUtf8(clearSign(key, `${DESCRIPTION}\n...\nfiles:\n  a: b:c`));
  const { leaf } = await accept(proposal(utf8(content)));
  for (const same of [content.replace(/\n/g, '\r\n'), `x\n${content}`, `${content}x`]) {
    assert.deepEqual((await accept(proposal(utf8(same)))).leaf, leaf);
  }
});

test('damage anywhere in a recorded proposal ends in a reason, never in a crash', async () => {
  const { spec } = storedEntry('helm', 'ed') as unknown as {
    spec: { publicKey: { content: string }; chart: { provenance: { content: string } } };
  };
  const ring = Buffer.from(spec.publicKey.content, 'base64');
  const provenance = Buffer.from(spec.chart.provenance.content, 'base64');
  for (let at = 0; at < provenance.length; at += 3) {
    const damaged = Uint8Array.from(provenance);
    damaged[at] = (damaged[at] as number) ^ (1 << (at % 8));
    await accept(proposal(damaged, ring)).catch((error) => assert.ok(isLogError(error), error));
  }
});

async function isRefused(yaml: string): Promise<boolean> {
  try {
    await readSums(utf8(yaml));
    return false;
  } catch (error) {
    assert.ok(isLogError(error), String(error));
    assert.equal(error.code, 'ENTRY_MALFORMED');
    return true;
  }
}

test('YAML is bounded before it is parsed: length, nesting, aliases, documents', async () => {
  const files = 'files: {a: "b:c"}\n';
  const padded = (length: number) => `${files}#${'x'.repeat(length - files.length - 2)}\n`;
  assert.equal(await isRefused(padded(MAX_YAML_LENGTH)), false);
  assert.equal(await isRefused(padded(MAX_YAML_LENGTH + 1)), true);
  const brackets = (count: number) => `${files}x: ${'['.repeat(count)}${']'.repeat(count)}\n`;
  assert.equal(await isRefused(brackets(MAX_YAML_NESTING - 1)), false);
  assert.equal(await isRefused(brackets(MAX_YAML_NESTING)), true);
  const sequences = (count: number) => `${files}x:\n${'- '.repeat(count)}a\n`;
  assert.equal(await isRefused(sequences(MAX_YAML_NESTING)), false);
  assert.equal(await isRefused(sequences(MAX_YAML_NESTING + 1)), true);
  const aliases = (count: number) => `x: &x y\n${files}z: [${'*x ,'.repeat(count)}]\n`;
  assert.equal(await isRefused(aliases(MAX_ALIASES)), false);
  assert.equal(await isRefused(aliases(MAX_ALIASES + 1)), true);
  assert.equal(await isRefused('---\n'.repeat(MAX_DOCUMENTS) + files), false);
  assert.equal(await isRefused('---\n'.repeat(MAX_DOCUMENTS + 1) + files), true);
});

test('a bomb of aliases stays as small as it came', async () => {
  const lines = ['a: &a [x, x, x, x, x, x, x, x, x]'];
  for (const [at, name] of [...'bcdefghi'].entries()) {
    lines.push(`${name}: &${name} [${Array(9).fill(`*${'abcdefgh'[at]} `).join(',')}]`);
  }
  const before = process.memoryUsage().heapUsed;
  const sums = await readSums(utf8(`${lines.join('\n')}\nfiles: {a: "b:c"}\n`));
  assert.equal(sums?.get('a'), 'b:c');
  assert.ok(process.memoryUsage().heapUsed - before < 64 << 20);
});

test('a provenance file is bounded in length', async () => {
  await assert.rejects(accept(proposal(new Uint8Array(MAX_PROVENANCE_LENGTH + 1))), {
    code: 'ENTRY_MALFORMED',
    message: /longer than/,
  });
});
