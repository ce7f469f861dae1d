import assert from 'node:assert/strict';
import { test } from 'node:test';
import { negotiate, parseMediaType } from '../../src/http/media-type.js';

const JSON_ONLY = ['application/json'];
const PEM_OR_JSON = ['application/x-pem-file', 'application/json'];

const ACCEPTED: readonly [accept: string | undefined, offers: string[], chosen: string][] = [
  [undefined, JSON_ONLY, 'application/json'],
  ['application/json', JSON_ONLY, 'application/json'],
  ['APPLICATION/JSON', JSON_ONLY, 'application/json'],
  ['*/*', JSON_ONLY, 'application/json'],
  ['application/*', JSON_ONLY, 'application/json'],
  ['text/html, */*;q=0.1', JSON_ONLY, 'application/json'],
  ['application/json;charset=utf-8', JSON_ONLY, 'application/json'],
  ['"a,b", application/json', JSON_ONLY, 'application/json'],
  ['application/json;q=0', JSON_ONLY, ''],
  ['application/json;q=nonsense', JSON_ONLY, 'application/json'],
  ['application/json; q = 1', JSON_ONLY, 'application/json'],
  ['application/json; q = 0', JSON_ONLY, ''],
  ['application/json;q=\t0', JSON_ONLY, ''],
  ['application/json;{x}=}', JSON_ONLY, 'application/json'],
  ['application/{json}, application/json;q=0', JSON_ONLY, ''],
  ['text/html', JSON_ONLY, ''],
  ['???', JSON_ONLY, ''],
  ['', JSON_ONLY, ''],
  ['garbage', JSON_ONLY, ''],
  [undefined, PEM_OR_JSON, 'application/x-pem-file'],
  ['application/json', PEM_OR_JSON, 'application/json'],
  ['application/json, application/x-pem-file', PEM_OR_JSON, 'application/x-pem-file'],
  ['application/json, application/x-pem-file;q=0.5', PEM_OR_JSON, 'application/json'],
  ['*/*, application/json', PEM_OR_JSON, 'application/json'],
];

for (const [accept, offers, chosen] of ACCEPTED) {
  test(`Accept ${JSON.stringify(accept)} of ${offers.length} gets ${chosen || 'nothing'}`, () => {
    assert.equal(negotiate(accept, offers, ''), chosen);
  });
}

const PROBLEMS = [
  ['garbage', 'mediatype: malformed: "garbage" has no subtype'],
  [';', 'mime: no media type'],
  ['application/', 'mime: expected token after slash'],
  ['application json', 'mime: expected slash after first token'],
  ['application/json x', 'mime: unexpected content after media subtype'],
  ['application/json; charset', 'mime: invalid media parameter'],
  ['application/json; a=1; a=2', 'mime: duplicate parameter name'],
] as const;

for (const [text, problem] of PROBLEMS) {
  test(`${JSON.stringify(text)} is no media type: ${problem}`, () => {
    assert.deepEqual(parseMediaType(text), { problem });
  });
}

test('parameters and letter case do not change the type', () => {
  for (const text of [
    'application/json; charset=utf-16',
    'APPLICATION/JSON',
    'application/json;',
    'application/json; a="x;\\"y"',
    'application/json;q= 1',
    'application/json;{a} = "x"',
  ]) {
    const type = parseMediaType(text);
    assert.equal('name' in type ? type.name : type.problem, 'application/json', text);
  }
});

test('long hostile headers are read in linear time', () => {
  assert.equal(negotiate('"'.repeat(30_000), JSON_ONLY, ''), '');
  assert.equal(negotiate('a/b;'.repeat(8_000), JSON_ONLY, ''), '');
  assert.ok('problem' in parseMediaType(`application/json;${' '.repeat(30_000)}x`));
});
