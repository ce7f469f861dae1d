import assert from 'node:assert/strict';
import { test } from 'node:test';
import { utf8 } from '../../src/encoding/bytes.js';
import { decodeFirstGoJson, decodeGoJson, member } from '../../src/encoding/go-json.js';
import { GO_JSON_MAX_DEPTH } from '../../src/encoding/go-json-scan.js';
import { isLogError } from '../../src/errors.js';

function refusedAs(text: string): (error: unknown) => boolean {
  return (error) => {
    assert.ok(isLogError(error, 'ENCODING_MALFORMED'));
    assert.equal(error.message, text);
    return true;
  };
}

test('members named like those of Object.prototype are plain data', () => {
  const value = decodeGoJson(utf8('{"__proto__":{"admin":true},"a":1,"a":2}'));
  assert.deepEqual(Object.keys(value as object), ['__proto__', 'a']);
  assert.equal(Object.getPrototypeOf(value), Object.prototype);
  assert.deepEqual(member(value, '__proto__'), { admin: true });
  assert.equal(member(value, 'a'), 2);
  assert.equal(member(value, 'admin'), undefined);
  for (const name of ['constructor', 'toString', 'hasOwnProperty']) {
    assert.equal(member(value, name), undefined);
  }
  for (const other of [null, 1, 'text', ['a']]) assert.equal(member(other, 'length'), undefined);
});

test('the first value ends where the next begins, and what follows is not looked at', () => {
  assert.deepEqual(decodeFirstGoJson(utf8(' {"a":[1]}{"b"')), { value: { a: [1] }, end: 10 });
  assert.deepEqual(decodeFirstGoJson(utf8('"é"\xff')), { value: 'é', end: 4 });
  assert.deepEqual(decodeFirstGoJson(utf8('12 \n')), { value: 12, end: 2 });
  assert.throws(() => decodeFirstGoJson(utf8(' \n')), refusedAs('EOF'));
  assert.throws(() => decodeFirstGoJson(utf8('[1')), refusedAs('unexpected EOF'));
  assert.throws(() => decodeGoJson(utf8('')), refusedAs('unexpected end of JSON input'));
});

test('a byte order mark is an invalid character', () => {
  const text = "invalid character 'ï' looking for beginning of value";
  assert.throws(() => decodeFirstGoJson(utf8('\ufeff{}')), refusedAs(text));
});

test('half surrogates become U+FFFD, in names and values, escaped backslashes stay', () => {
  const json = '{"\\ud800":"\\udc00\\ud83d\\ude00\\ud800\\ud83d\\ude00 \\\\ud800"}';
  const expected = { '\ufffd': '\ufffd\u{1f600}\ufffd\u{1f600} \\ud800' };
  assert.deepEqual(decodeGoJson(utf8(json)), expected);
});

const nested = (depth: number) => utf8('['.repeat(depth) + ']'.repeat(depth));

test('nesting is read to the limit and refused beyond', () => {
  for (const decode of [decodeGoJson, decodeFirstGoJson]) {
    decode(nested(GO_JSON_MAX_DEPTH));
    const text = "invalid character '[' exceeded max depth";
    assert.throws(() => decode(nested(GO_JSON_MAX_DEPTH + 1)), refusedAs(text));
    assert.throws(() => decode(utf8('{"a":'.repeat(2_000_000))), /'{' exceeded max depth/);
  }
});

test('more brackets than the limit, none of them deep, are read', () => {
  const wide = `[${'[],'.repeat(20_000)}"${'[{'.repeat(20_000)}"]`;
  assert.equal((decodeGoJson(utf8(wide)) as unknown[]).length, 20_001);
  assert.equal(decodeFirstGoJson(utf8(`${wide}x`)).end, wide.length);
});

test('hostile input of a megabyte is read or refused at once', () => {
  const million = 1_000_000;
  const inputs = [
    '"'.padEnd(million, '\\'),
    '"'.padEnd(million, '\\ud800'),
    '['.padEnd(million, '0,'),
    ' '.repeat(million),
    '1'.repeat(million),
    '{"a":1,'.repeat(million / 7),
    `"${'\\ud800'.repeat(million / 6)}"`,
    '\ufeff'.repeat(million / 3),
  ];
  const start = performance.now();
  for (const input of inputs) {
    for (const decode of [decodeGoJson, decodeFirstGoJson]) {
      try {
        decode(utf8(input));
      } catch (error) {
        assert.ok(isLogError(error, 'ENCODING_MALFORMED'));
      }
    }
  }
  // A quadratic walk of any of them would take minutes.
  assert.ok(performance.now() - start < 20_000);
});
