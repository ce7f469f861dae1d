import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isPreflight, originHeader, preflightHeaders } from '../../src/http/cors.js';

const ORIGIN = { origin: 'https://ui.example' };
const asking = (method: string, headers?: string) => ({
  ...ORIGIN,
  'access-control-request-method': method,
  ...(headers === undefined ? {} : { 'access-control-request-headers': headers }),
});
const lines = (headers: Record<string, string>) =>
  Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, [value]]));
const names = (headers: ReturnType<typeof preflightHeaders>) => headers.map(([name]) => name);

test('a preflight is an OPTIONS that asks for a method', () => {
  assert.equal(isPreflight('OPTIONS', asking('GET')), true);
  assert.equal(isPreflight('OPTIONS', ORIGIN), false);
  assert.equal(isPreflight('GET', asking('GET')), false);
});

test('an allowed preflight is told the method and headers that it asked for', () => {
  assert.deepEqual(preflightHeaders(lines(asking('POST', 'accept,content-type'))), [
    ['Vary', 'Origin, Access-Control-Request-Method, Access-Control-Request-Headers'],
    ['Access-Control-Allow-Headers', 'accept,content-type'],
    ['Access-Control-Allow-Methods', 'POST'],
    ['Access-Control-Allow-Origin', '*'],
  ]);
});

const ALLOW_METHODS = 'Access-Control-Allow-Methods';
const ALLOW_HEADERS = 'Access-Control-Allow-Headers';
const ALLOW_ORIGIN = 'Access-Control-Allow-Origin';

for (const [why, origins, methods, asked, granted] of [
  [
    'headers in two lines',
    ['x'],
    ['GET'],
    ['accept', 'content-type'],
    [ALLOW_HEADERS, ALLOW_HEADERS, ALLOW_METHODS],
  ],
  ['headers in two lines out of order', ['x'], ['GET'], ['content-type', 'accept'], undefined],
  ['an empty line of headers first', ['x'], ['GET'], ['', 'accept'], [ALLOW_METHODS]],
  [
    'two origins and two methods',
    ['x', 'y'],
    ['GET', 'PUT'],
    undefined,
    [ALLOW_METHODS, ALLOW_METHODS],
  ],
  ['two methods, a forbidden one first', ['x'], ['PUT', 'GET'], undefined, undefined],
  ['an empty origin first', ['', 'x'], ['GET'], undefined, undefined],
] as const) {
  test(`a preflight with ${why} is judged by its lines`, () => {
    const answer = preflightHeaders({
      origin: origins,
      'access-control-request-method': methods,
      'access-control-request-headers': asked,
    });
    const allowances = granted === undefined ? [] : [...granted, ALLOW_ORIGIN];
    assert.deepEqual(names(answer), ['Vary', ...allowances]);
  });
}

for (const [why, headers] of [
  ['DELETE is no method for scripts', asking('DELETE')],
  ['authorization is no header for scripts', asking('GET', 'authorization')],
  ['one of two headers is not allowed', asking('GET', 'accept,x-custom')],
  ['the list is not sorted', asking('GET', 'content-type,accept')],
  ['the list is not lower-case', asking('GET', 'Accept')],
  ['a name is repeated', asking('GET', 'accept,accept')],
  ['the list has too many empty elements', asking('GET', ','.repeat(40))],
  ['there is no origin', { 'access-control-request-method': 'GET' }],
] as const) {
  test(`a preflight gets no allowance when ${why}`, () => {
    assert.deepEqual(names(preflightHeaders(lines(headers))), ['Vary']);
  });
}

test('scripts of every origin may read answers to the methods that they may use', () => {
  assert.deepEqual(originHeader('GET', ORIGIN), ['Access-Control-Allow-Origin', '*']);
  assert.deepEqual(originHeader('HEAD', { origin: 'null' }), ['Access-Control-Allow-Origin', '*']);
  assert.equal(originHeader('PUT', ORIGIN), undefined);
  assert.equal(originHeader('GET', {}), undefined);
});
