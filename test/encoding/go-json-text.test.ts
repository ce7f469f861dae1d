import assert from 'node:assert/strict';
import { test } from 'node:test';
import { itemTexts, memberTexts } from '../../src/encoding/go-json-text.js';

test('the source texts of members and items are found whatever is around them', () => {
  const text =
    ' {"a":[1,{"b":[7]}],"s":"\\"],[","\\u0062\\\\":[ 1.0 , "x,]" ,[2,3],{}], "a" : 1e2 } ';
  const members = [...memberTexts(text)];
  assert.deepEqual(
    members.map(({ name }) => name),
    ['a', 's', 'b\\', 'a'],
  );
  assert.deepEqual([...itemTexts(members[2]?.value ?? '')], ['1.0', '"x,]"', '[2,3]', '{}']);
  assert.equal(members[3]?.value.trim(), '1e2');
  assert.deepEqual([...itemTexts('[]')], []);
  assert.deepEqual([...memberTexts('{}')], []);
});
