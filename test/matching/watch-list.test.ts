import assert from 'node:assert/strict';
import { test } from 'node:test';
import { utf8 } from '../../src/encoding/bytes.js';
import { describeLeaf } from '../../src/entries/describe-leaf.js';
import type { DescribedLeaf } from '../../src/entries/described-leaf.js';
import type { SignerField, StoredSigner } from '../../src/entries/stored-signer.js';
import { isLogError } from '../../src/errors.js';
import { readWatchList } from '../../src/matching/watch-list.js';
import { vectorLines } from '../vectors.js';

const noFiles = (path: string): readonly string[] => {
  throw new Error(`${path} is not to be read`);
};

function signer(values: Partial<Record<SignerField, string[]>>): StoredSigner {
  return {
    values: (field) => values[field] ?? [],
    names: () => [...(values.email ?? []), ...(values.uri ?? [])],
    extension: () => [],
    certificates: () => [],
  };
}

function leafOf(...signers: StoredSigner[]): DescribedLeaf {
  const terms = [{ field: 'digest', value: 'sha256:aa' }] as const;
  return { kind: 'hashedrekord', apiVersion: '0.0.2', terms, signers };
}

function alarms(
  configuration: { watch?: unknown; allow?: unknown },
  leaf: DescribedLeaf,
): string[] {
  const matches = readWatchList(configuration, noFiles).judge(leaf);
  return matches.filter(({ allowedBy }) => allowedBy === undefined).map(({ rule }) => rule);
}

const ALICE = signer({ email: ['Alice@Example.com'], issuer: ['https://idp.example'] });
const MALLORY = signer({ email: ['alice@example.com'], issuer: ['https://evil.example'] });

test('what is watched for is found in any letter case, and a pattern anywhere in a value', () => {
  const leaf = leafOf(ALICE);
  assert.deepEqual(alarms({ watch: [{ name: 'a', san: 'alice@example.com' }] }, leaf), ['a']);
  assert.deepEqual(alarms({ watch: [{ name: 'a', email: { pattern: '@example' } }] }, leaf), ['a']);
  assert.deepEqual(alarms({ watch: [{ name: 'a', uri: 'alice@example.com' }] }, leaf), []);
  assert.deepEqual(alarms({ watch: [{ name: 'a', san: ['x', 'alice@example.com'] }] }, leaf), [
    'a',
  ]);
  assert.deepEqual(alarms({ watch: [{ name: 'a', digest: 'SHA256:AA' }] }, leaf), ['a']);
});

test('what is allowed must be exactly so, from end to end', () => {
  const watch = [{ name: 'a', san: 'alice@example.com' }];
  const leaf = leafOf(ALICE);
  assert.deepEqual(alarms({ watch, allow: [{ san: 'alice@example.com' }] }, leaf), ['a']);
  assert.deepEqual(alarms({ watch, allow: [{ san: 'Alice@Example.com' }] }, leaf), []);
  assert.deepEqual(alarms({ watch, allow: [{ san: { pattern: 'Alice@Example' } }] }, leaf), ['a']);
  assert.deepEqual(alarms({ watch, allow: [{ san: { pattern: 'Alice@.*' } }] }, leaf), []);
});

test('conditions on a signer hold of one signer, not of several together', () => {
  const rule = { name: 'a', san: 'alice@example.com', issuer: 'https://idp.example' };
  const other = signer({ email: ['bob@example.com'], issuer: ['https://idp.example'] });
  assert.deepEqual(alarms({ watch: [rule] }, leafOf(MALLORY, other)), []);
  assert.deepEqual(alarms({ watch: [rule] }, leafOf(MALLORY, ALICE)), ['a']);
});

test('a signer who is ours does not hide one who is not', () => {
  const watch = [{ name: 'a', san: 'alice@example.com' }];
  const allow = [{ issuer: 'https://idp.example' }];
  assert.deepEqual(alarms({ watch, allow }, leafOf(ALICE)), []);
  assert.deepEqual(alarms({ watch, allow }, leafOf(ALICE, MALLORY)), ['a']);
  assert.deepEqual(
    alarms({ watch: [{ name: 'd', digest: 'sha256:aa' }], allow }, leafOf(ALICE, MALLORY)),
    ['d'],
  );
});

test('a certificate that names two issuers is found by each, and allowed by none', () => {
  const issuers = ['https://idp.example', 'https://evil.example'];
  const both = leafOf(signer({ email: ['alice@example.com'], issuer: issuers }));
  const same = ['https://idp.example', 'https://idp.example'];
  const one = leafOf(signer({ email: ['alice@example.com'], issuer: same }));
  const watch = issuers.map((issuer) => ({ name: issuer, issuer }));
  const allow = [{ issuer: issuers }];
  assert.deepEqual(alarms({ watch, allow }, both), issuers);
  assert.deepEqual(alarms({ watch, allow }, one), []);
});

test('what is ours is reported as allowed, by the rule that says so', () => {
  const configuration = {
    watch: [{ name: 'a', san: 'alice@example.com' }],
    allow: [{ name: 'our release', issuer: 'https://idp.example' }],
  };
  const [match] = readWatchList(configuration, noFiles).judge(leafOf(ALICE));
  assert.equal(match?.allowedBy, 'our release');
  assert.deepEqual(match?.found, [{ field: 'san', value: 'Alice@Example.com' }]);
});

test('everything in a log can be watched, so that only what is not ours alarms', () => {
  const configuration = {
    watch: [{ name: 'all', everything: true }],
    allow: [{ digest: { file: 'ours.txt' } }],
  };
  const read = (lines: string[]) => readWatchList(configuration, () => lines);
  assert.equal(read(['sha256:aa']).judge(leafOf())[0]?.allowedBy, 'allow[0]');
  assert.equal(read(['sha256:bb']).judge(leafOf())[0]?.allowedBy, undefined);
});

test('a certificate is found by any of its extensions, by its issuer and by its key', async () => {
  const [real] = vectorLines<{ leaf: string }>('rekor-v2/real-world-leaves.jsonl');
  const leaf = await describeLeaf(utf8(real?.leaf ?? ''));
  const key = leaf.signers[0]?.values('key')[1] ?? '';
  const rules = [
    { name: 'extension', extensions: { '1.3.6.1.4.1.57264.1.11': 'github-hosted' } },
    { name: 'another', extensions: { '1.3.6.1.4.1.57264.1.11': 'self-hosted' } },
    { name: 'raw', extensions: { '1.3.6.1.4.1.57264.1.11': { pattern: '^hex:0c0d' } } },
    { name: 'ca', 'certificate-issuer': 'CN=sigstore-intermediate,O=sigstore.dev' },
    { name: 'key', key: key.toUpperCase() },
    { name: 'kind', kind: 'dsse' },
  ];
  assert.deepEqual(alarms({ watch: rules }, leaf), ['extension', 'raw', 'ca', 'key']);
});

test('a rule that says nothing, or something unknown, is refused', () => {
  const refused: unknown[] = [
    {},
    [{}],
    [{ name: 'a' }],
    [{ name: '', san: 'x' }],
    [{ san: '' }],
    [{ san: 1 }],
    [{ san: { pattern: '(' } }],
    [{ san: { pattern: 'a', file: 'b' } }],
    [{ everything: true, san: 'x' }],
    [{ nonsense: 'x' }],
    [{ __proto__x: 'x' }],
    [{ toString: 'x' }],
    [{ extensions: {} }],
    [{ extensions: { x: 'y' } }],
    [{ extensions: [{ oid: '1.2', value: 'x' }] }],
    ['x'],
    [
      { name: 'a', san: 'x' },
      { name: 'a', san: 'y' },
    ],
  ];
  for (const watch of refused) {
    assert.throws(
      () => readWatchList({ watch }, noFiles),
      (error) => isLogError(error, 'CONFIG_INVALID'),
      JSON.stringify(watch),
    );
  }
});

test('a list says what its rules ask for, and asks for its patterns where it is told to', () => {
  const compiled: string[] = [];
  const list = readWatchList(
    {
      watch: [
        { name: 'a', san: ['A@x', { pattern: 'b' }], extensions: { '1.2.3': 'x' } },
        { name: 'b', everything: true },
      ],
      allow: [{ key: 'ours', extensions: { '1.2.4': ['y', 'z'] } }],
    },
    noFiles,
    (source, options) => {
      compiled.push(`${source} ${options.whole}`);
      return { matches: () => true };
    },
  );
  assert.deepEqual(compiled, ['b false']);
  assert.deepEqual(list.extensions, ['1.2.3', '1.2.4']);
  assert.equal(list.valueCount, 5);
  const [first, second] = list.rules;
  assert.deepEqual(
    first?.conditions.map(({ field, matcher }) => [field, ...matcher.exact]),
    [
      ['san', 'a@x'],
      ['1.2.3', 'x'],
    ],
  );
  const both = leafOf(ALICE, MALLORY);
  assert.deepEqual(first?.conditions[0]?.values(both), ['Alice@Example.com', 'alice@example.com']);
  assert.deepEqual(second?.conditions, []);
  assert.equal(second?.judge(both)?.signer, ALICE);
});
