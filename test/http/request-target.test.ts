import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  escapePath,
  lastQueryValue,
  parseQuery,
  parseRequestTarget,
  printQuery,
} from '../../src/http/request-target.js';

const CLEANED = [
  ['/api/v1/log', '/api/v1/log'],
  ['/api/v1/log/', '/api/v1/log'],
  ['/api//v1///log', '/api/v1/log'],
  ['/api/v1/./log/.', '/api/v1/log'],
  ['/api/v1/x/../log', '/api/v1/log'],
  ['/../../api', '/api'],
  ['//', '/'],
  ['/..', '/'],
  ['/a/..b/.c', '/a/..b/.c'],
] as const;

for (const [sent, cleaned] of CLEANED) {
  test(`the path ${sent} is matched as ${cleaned}`, () => {
    const target = parseRequestTarget(sent);
    assert.equal(target?.cleanPath, cleaned);
    assert.equal(target?.escapedPath, sent);
  });
}

test('percent-escapes are kept for routing and decoded for the path', () => {
  const target = parseRequestTarget('/api/v1/log/%65ntries?x=%31');
  assert.equal(target?.cleanPath, '/api/v1/log/%65ntries');
  assert.equal(target?.path, '/api/v1/log/entries');
  assert.equal(target?.rawQuery, 'x=%31');
});

test('a path in an invalid form is escaped anew as a whole', () => {
  assert.equal(parseRequestTarget('/a"b/%65')?.escapedPath, '/a%22b/e');
  assert.equal(parseRequestTarget('/<b>')?.escapedPath, '/%3Cb%3E');
});

test('a bad percent-escape is no target', () => {
  for (const sent of ['/%', '/%2', '/%zz', '/a%2gb']) {
    assert.equal(parseRequestTarget(sent), undefined, sent);
  }
});

test('an absolute target may be without a path, but its port is a number', () => {
  for (const [sent, path] of [
    ['http://log.example', ''],
    ['http://log.example?a', ''],
    ['ftp://user:password@log.example:/x', '/x'],
    ['http://[::1]:3000//x', '//x'],
    ['http://log.example:80:80/x', '/x'],
  ] as const) {
    assert.equal(parseRequestTarget(sent)?.escapedPath, path, sent);
  }
  for (const sent of ['http://x:y/', 'http://x:-1/', 'http://u@x:8o/']) {
    assert.equal(parseRequestTarget(sent), undefined, sent);
  }
});

test('a question mark with nothing behind it is remembered', () => {
  for (const [sent, isBare] of [
    ['/x', false],
    ['/x?', true],
    ['/%78?', true],
    ['/x??', false],
    ['/x?a', false],
  ] as const) {
    assert.equal(parseRequestTarget(sent)?.hasBareQuestionMark, isBare, sent);
  }
});

test('bytes of a query that are no UTF-8 are kept and printed as they came', () => {
  for (const [query, printed] of [
    ['a=%ff%C3%BC', 'a=%FF%C3%BC'],
    ['a=%ed%a0%80', 'a=%ED%A0%80'],
    ['a=%e2%82', 'a=%E2%82'],
    ['a=%c0%80%f4%90%80%80', 'a=%C0%80%F4%90%80%80'],
    ['a=%EF%BF%BD%F0%9F%98%80', 'a=%EF%BF%BD%F0%9F%98%80'],
  ] as const) {
    assert.equal(printQuery(parseQuery(query)), printed);
  }
  assert.deepEqual(parseQuery('a=%ffx%F0%9F%98%80'), [['a', '\udcffx\u{1f600}']]);
});

test('the authority of an absolute target does not count', () => {
  const target = parseRequestTarget('http://log.example:3000/api/v1/log?x=1');
  assert.equal(target?.cleanPath, '/api/v1/log');
  assert.equal(target?.rawQuery, 'x=1');
  assert.equal(target?.origin, 'http://log.example:3000');
  assert.equal(parseRequestTarget('/http://log.example/')?.origin, '');
});

test('the last of repeated query values counts, names match exactly', () => {
  const query = parseQuery('logIndex=0&LogIndex=5&logIndex=1');
  assert.equal(lastQueryValue(query, 'logIndex'), '1');
  assert.equal(lastQueryValue(query, 'logindex'), undefined);
});

test('query values are decoded as forms are, damaged pairs are dropped', () => {
  assert.deepEqual(parseQuery('a=1+2&b=%C3%A9&c=%zz&d;e=1&f&=g'), [
    ['a', '1 2'],
    ['b', 'é'],
    ['f', ''],
    ['', 'g'],
  ]);
});

test('a query is printed sorted by name, values in their order', () => {
  assert.equal(
    printQuery([
      ['z', '1'],
      ['a', 'é &'],
      ['a', '0'],
    ]),
    'a=%C3%A9+%26&a=0&z=1',
  );
});

test('a path is escaped byte by byte', () => {
  assert.equal(escapePath('/a b?\u00ff~'), '/a%20b%3F%FF~');
});

test('a long path of slashes and dots is cleaned in linear time', () => {
  const target = parseRequestTarget('/'.repeat(20_000) + './../'.repeat(20_000));
  assert.equal(target?.cleanPath, '/');
});
