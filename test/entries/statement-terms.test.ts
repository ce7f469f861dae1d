import assert from 'node:assert/strict';
import { test } from 'node:test';
import { utf8 } from '../../src/encoding/bytes.js';
import { packageUrlTerms } from '../../src/entries/shared/package-url.js';
import { MOST_STATEMENT_TERMS, statementTerms } from '../../src/entries/shared/statement-terms.js';

function termsOf(statement: unknown): string[] {
  return statementTerms(utf8(JSON.stringify(statement))).map(
    ({ field, value }) => `${field} ${value}`,
  );
}

test('a statement of version 1 is found by predicate type, subjects, package URLs and dependencies', () => {
  assert.deepEqual(
    termsOf({
      _type: 'https://in-toto.io/Statement/v1',
      predicateType: 'https://slsa.dev/provenance/v1',
      subject: [
        { name: 'pkg:npm/%40scope/thing@1.2.3', digest: { sha512: 'AB', sha256: 'cd' } },
        { name: 'app', uri: 'pkg:oci/app@sha256%3Aff?repository_url=r', digest: { sha256: 'ee' } },
      ],
      predicate: {
        buildDefinition: {
          resolvedDependencies: [{ uri: 'git+https://x@y', digest: { gitCommit: '01' } }],
        },
      },
    }),
    [
      'predicate-type https://slsa.dev/provenance/v1',
      'digest sha512:AB',
      'digest sha256:cd',
      'digest sha256:ee',
      'subject-name pkg:npm/%40scope/thing@1.2.3',
      'package pkg:npm/%40scope/thing@1.2.3',
      'package pkg:npm/%40scope/thing',
      'subject-name app',
      'package pkg:oci/app@sha256%3Aff?repository_url=r',
      'package pkg:oci/app@sha256%3Aff',
      'package pkg:oci/app',
      'digest gitCommit:01',
    ],
  );
});

test('a statement of version 0.1 is found by its materials too', () => {
  assert.deepEqual(
    termsOf({
      _type: 'https://in-toto.io/Statement/v0.1',
      predicateType: 'https://slsa.dev/provenance/v0.2',
      subject: [{ name: 'a', digest: { sha256: '11' } }],
      predicate: { materials: [{ uri: 'pkg:deb/x@1', digest: { sha1: '22' } }] },
    }),
    [
      'predicate-type https://slsa.dev/provenance/v0.2',
      'digest sha256:11',
      'subject-name a',
      'digest sha1:22',
    ],
  );
});

test('a package URL is found with its version, without qualifiers, and by its name', () => {
  const values = (written: string) => packageUrlTerms(written).map(({ value }) => value);
  assert.deepEqual(values('pkg:pypi/a@1'), ['pkg:pypi/a@1', 'pkg:pypi/a']);
  assert.deepEqual(values('pkg:npm/@s/n@1?a=b@c#x'), [
    'pkg:npm/@s/n@1?a=b@c#x',
    'pkg:npm/@s/n@1',
    'pkg:npm/@s/n',
  ]);
  assert.deepEqual(values('pkg:npm/@s/n'), ['pkg:npm/@s/n']);
  assert.deepEqual(values('pkg:golang/x#sub/dir'), ['pkg:golang/x#sub/dir', 'pkg:golang/x']);
  assert.deepEqual(values('pkg:@'), ['pkg:@', 'pkg:']);
});

test('what is not as it should be is passed over, and the rest is found', () => {
  for (const odd of [null, 5, 'text', [], {}, { subject: {} }, { subject: null }, [[]]]) {
    assert.deepEqual(termsOf(odd), [], JSON.stringify(odd));
  }
  assert.deepEqual(
    termsOf({
      predicateType: 7,
      subject: [
        null,
        'x',
        [],
        { name: 3, uri: {}, digest: [] },
        { digest: { sha256: 1, md5: 'ff' } },
      ],
      predicate: { materials: 'none', buildDefinition: [{ resolvedDependencies: [] }] },
    }),
    ['digest md5:ff'],
  );
  for (const text of ['', '{', 'not json', '\0', '{"subject":[{"name":"a"}]', '\xff']) {
    assert.deepEqual(statementTerms(Buffer.from(text, 'latin1')), [], text);
  }
});

test('names that objects have by birth are plain data', () => {
  const text =
    '{"subject":[{"name":"a","digest":{"__proto__":"01","constructor":"02"}}],"__proto__":{"predicateType":"p"}}';
  assert.deepEqual(
    statementTerms(utf8(text)).map(({ value }) => value),
    ['__proto__:01', 'constructor:02', 'a'],
  );
});

test('no term is left out of a statement that may be stored, however often it repeats itself', () => {
  const subject = Array.from({ length: MOST_STATEMENT_TERMS / 2 }, (_, i) => ({
    name: `n${i}`,
    digest: { sha256: `${i}` },
  }));
  const all = termsOf({ subject: [...subject, { name: 'N1', digest: { SHA256: '1' } }] });
  assert.equal(all.length, MOST_STATEMENT_TERMS);
  const materials = ['one', 'two', 'three'].map((sha256) => ({ digest: { sha256 } }));
  // Enough to be refused for; how many more there are does not matter.
  const many = termsOf({ subject, predicate: { materials } });
  assert.equal(many.length, MOST_STATEMENT_TERMS + 1);
});

test('deep and long documents cost no stack and no time', () => {
  const deep = `{"subject":${'['.repeat(1_000_000)}${']'.repeat(1_000_000)}}`;
  assert.deepEqual(statementTerms(utf8(deep)), []);
  const long = `pkg:${'@/?#'.repeat(200_000)}`;
  assert.equal(termsOf({ subject: [{ name: long }] }).length, 3);
});
