/**
 * A twelfth kind, as ARCHITECTURE.md says that one is added: a folder's worth of code (here, one object) and a line in
 * the registry. The server takes it from there.
 */

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { parse } from 'yaml';
import { utf8 } from '../../src/encoding/bytes.js';
import { canonicalJson } from '../../src/encoding/canonical-json.js';
import type { EntryKind, EntryVersion } from '../../src/entries/entry-kind.js';
import { ENTRY_KINDS, KNOWN_KINDS } from '../../src/entries/registry.js';
import { readSpec } from '../../src/entries/shared/schema.js';
import { LogError } from '../../src/errors.js';
import { startLog } from '../golden/started-log.js';
import { packageRoot } from '../vectors.js';

const SHAPE = {
  type: 'object',
  members: { word: { type: 'text', required: true } },
} as const;

const exampleV001: EntryVersion<string, string> = {
  verifiedWhen: 'read',
  parse: (spec) => readSpec(SHAPE, spec).word,
  assertInsertable() {},
  async verify(word) {
    if (word === 'unsigned') throw new LogError('SIGNATURE_INVALID', 'nobody signed that');
    return word;
  },
  canonicalize: ({ proven }) =>
    utf8(canonicalJson({ apiVersion: '0.0.1', kind: 'example', spec: { word: proven } })),
  indexKeys: ({ proven }) => [`word:${proven}`],
  searchTerms: ({ proven }) => [{ field: 'subject-name', value: proven }],
};

const example: EntryKind = { kind: 'example', isolated: false, versions: { '0.0.1': exampleV001 } };

const ajv = new Ajv2020({ strict: false });
const description = parse(readFileSync(join(packageRoot, 'openapi.yaml'), 'utf8'));
ajv.addSchema({ $id: 'description:stele', ...description });

function assertDescribed(schema: string, value: unknown): void {
  const reference = { $ref: `description:stele#/components/schemas/${schema}` };
  assert.ok(ajv.validate(reference, value), `${schema}: ${ajv.errorsText()}`);
}

test('a kind in the registry is submitted, refused, read, found, published and described like any other', async () => {
  const kinds = ENTRY_KINDS as Record<string, EntryKind>;
  kinds['example'] = example;
  // A line in the registry would have been there when the names were listed.
  (KNOWN_KINDS as string[]).push('example');
  const log = await startLog({ enabledKinds: ['example'] });
  const post = (path: string, body: unknown): Promise<Response> =>
    fetch(`${log.url}${path}`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify(body),
    });
  const submit = (word: string): Promise<Response> => {
    const proposal = { kind: 'example', apiVersion: '0.0.1', spec: { word } };
    assertDescribed('ProposedEntry', proposal);
    return post('/api/v1/log/entries', proposal);
  };
  try {
    const created = await submit('Hello');
    assert.equal(created.status, 201);
    const [id = ''] = Object.keys((await created.json()) as object);
    assert.equal((await submit('Hello')).status, 409);
    assert.equal((await submit('unsigned')).status, 400);
    assert.equal((await fetch(`${log.url}/api/v1/log/entries/${id}`)).status, 200);
    const limits = await (await fetch(`${log.url}/api/v1/limits`)).json();
    assertDescribed('Limits', limits);
    assert.deepEqual((limits as { entryTypes: unknown }).entryTypes, { example: ['0.0.1'] });
    const indexed = await post('/api/v1/index/retrieve', { subject: 'word:hello' });
    assert.deepEqual(await indexed.json(), [id]);
    const found = await fetch(`${log.url}/api/v1/search?subject-name=hello&kind=example`);
    const page = (await found.json()) as { results: { entryID: string }[] };
    assertDescribed('SearchPage', page);
    const { results } = page;
    assert.deepEqual(
      results.map(({ entryID }) => entryID),
      [id],
    );
  } finally {
    await log.close();
    delete kinds['example'];
    (KNOWN_KINDS as string[]).pop();
  }
});
