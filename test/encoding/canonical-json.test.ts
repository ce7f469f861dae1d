import assert from 'node:assert/strict';
import { test } from 'node:test';
import canonicalize from 'canonicalize';
import fc from 'fast-check';
import { canonicalJson, type JsonValue } from '../../src/encoding/canonical-json.js';
import { isLogError } from '../../src/errors.js';

const malformed = (error: unknown) => isLogError(error, 'ENCODING_MALFORMED');

test('the example of RFC 8785 section 3.2.2 and 3.2.3 is printed as there', () => {
  const value = {
    numbers: [Number('333333333.33333329'), 1e30, 4.5, 2e-3, 1e-27],
    string: '\u20ac$\u000f\nA\'\u0042\u0022\u005c\\"/',
    literals: [null, true, false],
  };
  assert.equal(
    canonicalJson(value),
    '{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],' +
      '"string":"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/"}',
  );
});

test('members are sorted by UTF-16 code units, as in RFC 8785 section 3.2.3', () => {
  const names = ['\u20ac', '\r', '\ufb33', '1', '\u{1f600}', '\u0080', '\u00f6'];
  const value = Object.fromEntries(names.map((name) => [name, 0]));
  const sorted = Object.keys(JSON.parse(canonicalJson(value)) as object);
  assert.deepEqual(sorted, ['1', '\r', '\u0080', '\u00f6', '\u20ac', '\u{1f600}', '\ufb33']);
});

test('any JSON value is printed as another implementation prints it', () => {
  fc.assert(
    fc.property(fc.jsonValue({ stringUnit: 'grapheme' }), (value) => {
      const text = canonicalJson(value as JsonValue);
      assert.equal(text, canonicalize(value));
      assert.deepEqual(JSON.parse(text), JSON.parse(JSON.stringify(value)));
    }),
    { seed: 33, numRuns: 1000 },
  );
});

test('numbers are printed as ECMAScript does', () => {
  fc.assert(
    fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (number) => {
      assert.equal(canonicalJson(number), JSON.stringify(number));
    }),
    { seed: 34, numRuns: 500 },
  );
  assert.equal(canonicalJson(-0), '0');
});

test('a member named __proto__ is printed like any other', () => {
  const text = '{"__proto__":{"x":1},"constructor":2}';
  assert.equal(canonicalJson(JSON.parse(text) as JsonValue), text);
});

test('what JSON cannot carry is refused', () => {
  const values: unknown[] = [
    NaN,
    Infinity,
    -Infinity,
    '\ud800',
    'a\udc00b',
    undefined,
    1n,
    () => 1,
  ];
  for (const value of values) {
    assert.throws(() => canonicalJson(value as JsonValue), malformed);
    assert.throws(() => canonicalJson({ member: [value as JsonValue] }), malformed);
  }
  assert.throws(() => canonicalJson({ '\udc00\ud800': 1 }), malformed);
});

test('nesting of a million levels does not overflow the stack', () => {
  let value: JsonValue = 1;
  for (let i = 0; i < 1_000_000; i++) value = i % 2 === 0 ? [value] : { a: value };
  assert.equal(canonicalJson(value).length, 500_000 * (2 + 6) + 1);
});
