import assert from 'node:assert/strict';
import { test } from 'node:test';
import { repeatedMember } from '../../src/encoding/json-members.js';

test('a member that stands twice in one object is named, however it is spelled', () => {
  const found: [string, string][] = [
    ['{"a":1,"a":2}', 'a'],
    ['{"x":[{"b":{}, "c":[], "b" \n:1}]}', 'b'],
    ['{"a":1,"\\u0061":2}', 'a'],
    ['{"\\"":1,"b":"\\\\","\\"":2}', '"'],
    ['{"":1,"":2}', ''],
    ['{"__proto__":1,"__proto__":2}', '__proto__'],
    ['[{"a":{"a":1}},{"a":1,"b":"a","a":1}]', 'a'],
  ];
  for (const [json, name] of found) {
    JSON.parse(json);
    assert.equal(repeatedMember(json), name, json);
  }
});

test('names that are met again elsewhere, and texts that look like names, are no repetition', () => {
  const texts = [
    '{}',
    '"a"',
    '17',
    '[]',
    '{"a":{"a":{"a":"a"}},"b":["a","a",":"]}',
    '[{"a":1},{"a":1}]',
    '{"a":"\\",\\"a\\":1"}',
    '{"a":"}","b":"{\\"a\\":1,","c":{}}',
    '{"a":1,"A":2}',
  ];
  for (const json of texts) {
    JSON.parse(json);
    assert.equal(repeatedMember(json), undefined, json);
  }
});

test('long and deep texts are read in time that grows with them', () => {
  const deep = 200_000;
  assert.equal(repeatedMember('['.repeat(deep) + ']'.repeat(deep)), undefined);
  assert.equal(repeatedMember(`{"a":"${'\\\\'.repeat(500_000)}","a":1}`), 'a');
});
