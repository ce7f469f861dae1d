/**
 * A twelfth kind, as ARCHITECTURE.md says that one is added: a folder's worth of code (here, one object) and a line in
 * the registry. Everything else takes it from there.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { utf8 } from '../../src/encoding/bytes.js';
import { canonicalJson } from '../../src/encoding/canonical-json.js';
import type { EntryKind, EntryVersion } from '../../src/entries/entry-kind.js';
import { ENTRY_KINDS, KNOWN_KINDS } from '../../src/entries/registry.js';
import { readSpec } from '../../src/entries/shared/schema.js';
import { LogError } from '../../src/errors.js';
import { startLog } from '../golden/started-log.js';

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

test('a kind in the registry is submitted, refused, read and found like any other', async () => {
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
  const submit = (word: string): Promise<Response> =>
    post('/api/v1/log/entries', { kind: 'example', apiVersion: '0.0.1', spec: { word } });
  try {
    const created = await submit('Hello');
    assert.equal(created.status, 201);
    const [id = ''] = Object.keys((await created.json()) as object);
    assert.equal((await submit('Hello')).status, 409);
    assert.equal((await submit('unsigned')).status, 400);
    assert.equal((await fetch(`${log.url}/api/v1/log/entries/${id}`)).status, 200);
    const indexed = await post('/api/v1/index/retrieve', { subject: 'word:hello' });
    assert.deepEqual(await indexed.json(), [id]);
    const found = await fetch(`${log.url}/api/v1/search?subject-name=hello&kind=example`);
    const { results } = (await found.json()) as { results: { entryID: string }[] };
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
