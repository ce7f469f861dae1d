import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MAX_SUBMISSION_BYTES } from '../../../src/api/v2/create-entry.js';
import { readAll, startApp } from '../started-app.js';

const ENTRIES = '/api/v2/log/entries';
const requestOf = (digest: string) => `{"hashedRekordRequestV002":{"digest":"${digest}"}}`;
const REQUEST = requestOf('AA==');
const TYPE = { 'Content-Type': 'application/json' };

const problem = (code: number, message: string) => ({ code, message, details: [] });

test('a new entry is answered 201, the same one again 409 with its index', async (t) => {
  const app = await startApp(t);
  const first = await app.post(ENTRIES, REQUEST);
  assert.equal(first.status, 201);
  assert.equal(first.headers['content-type'], 'application/json');
  assert.equal(JSON.parse(first.body).logIndex, '0');
  assert.equal((await app.post(ENTRIES, requestOf('AQ=='))).status, 201);
  const again = await app.post(ENTRIES, REQUEST);
  assert.equal(again.status, 409);
  assert.equal(again.headers['x-log-index'], '0');
  const message = 'an equivalent entry already exists in the transparency log with index 0';
  assert.deepEqual(JSON.parse(again.body), problem(6, message));
});

test('an entry that was added but cannot be answered yet is told by its index', async (t) => {
  const app = await startApp(t);
  app.log.loseSigner();
  const answer = await app.post(ENTRIES, REQUEST);
  assert.equal(answer.status, 409);
  assert.equal(answer.headers['x-log-index'], '0');
  // Reading it is an outage until the signer is back.
  const outage = await app.send('GET', `${ENTRIES}/0`);
  assert.equal(outage.status, 503);
  assert.equal(outage.headers['retry-after'], '5');
  assert.equal(JSON.parse(outage.body).code, 14);
  app.log.findSigner();
  assert.equal((await app.send('GET', `${ENTRIES}/0`)).status, 200);
});

test('a body of the limit is read, one byte more is answered 413', async (t) => {
  const app = await startApp(t);
  for (const [length, status] of [
    [MAX_SUBMISSION_BYTES, 201],
    [MAX_SUBMISSION_BYTES + 1, 413],
  ] as const) {
    const answer = await app.post(ENTRIES, REQUEST.padEnd(length));
    assert.equal(answer.status, status);
    if (status === 413) {
      assert.deepEqual(JSON.parse(answer.body), problem(3, 'http: request body too large'));
    }
  }
});

test('the limit of the server for all bodies holds where it is the lower one', async (t) => {
  const app = await startApp(t, { maxRequestBodySize: 100 });
  assert.equal((await app.post(ENTRIES, REQUEST.padEnd(100))).status, 201);
  assert.equal((await app.post(ENTRIES, REQUEST.padEnd(101))).status, 413);
});

test('a body that is announced too long is refused without its being read', async (t) => {
  const app = await startApp(t, { maxRequestBodySize: 1_000 });
  const socket = await app.connect();
  socket.write(`POST ${ENTRIES} HTTP/1.1\r\nHost: x\r\nContent-Length: 100000000\r\n\r\n`);
  socket.write(REQUEST.padEnd(5_000));
  const text = await readAll(socket);
  assert.match(text, /^HTTP\/1\.1 413 /);
  assert.match(text, /\r\nConnection: close\r\n/i);
  assert.match(text, /"code":3,"message":"http: request body too large","details":\[\]/);
});

test('no body, an empty one and an empty chunked one name nothing to log', async (t) => {
  const app = await startApp(t);
  const expected = problem(3, 'invalid type, must be hashedrekord');
  for (const [headers, body] of [
    [{}, undefined],
    [{}, ''],
    [TYPE, ''],
    [{ 'Transfer-Encoding': 'chunked' }, undefined],
  ] as const) {
    const answer = await app.send('POST', ENTRIES, headers as Record<string, string>, body);
    assert.equal(answer.status, 400);
    assert.deepEqual(JSON.parse(answer.body), expected);
  }
  for (const body of ['{}', ' \n', '{"hashedRekordRequestV002":null}']) {
    assert.deepEqual(JSON.parse((await app.post(ENTRIES, body)).body), expected);
  }
});

test('what is wrong with a body is told by the member', async (t) => {
  const app = await startApp(t);
  for (const [body, told] of [
    ['{"hashedRekordRequestV002":{"digest":7}}', /digest/],
    ['{"hashedRekordRequestV002":{"digest":"?"}}', /digest/],
    ['{"hashedRekordRequestV002":{"digests":""}}', /digests/],
    ['{"hashedRekordRequestV002":{"digest":"","digest":""}}', /digest/],
    ['{"hashedRekordRequestV002":{"signature":[]}}', /unexpected token \[/],
    ['{"hashedRekordRequestV002":{"signature":{"verifier":{"keyDetails":"X"}}}}', /keyDetails/],
    ['{"hashedRekordRequestV002":{},"dsseRequestV002":{}}', /dsseRequestV002/],
    ['{"dsseRequestV002":{"verifiers":{}}}', /unexpected token \{/],
    ['{"__proto__":{}}', /__proto__/],
    ['{"hashedRekordRequestV002":{"digest":"AA=="', /unexpected EOF/],
  ] as const) {
    const answer = await app.post(ENTRIES, body);
    assert.equal(answer.status, 400, body);
    const { code, message, details } = JSON.parse(answer.body);
    assert.equal(code, 3);
    assert.deepEqual(details, []);
    assert.match(message, told);
  }
});

test('no Content-Type, Accept or Content-Encoding is looked at', async (t) => {
  const app = await startApp(t);
  let digest = 0;
  for (const headers of [
    {},
    { 'Content-Type': 'text/plain' },
    { 'Content-Type': 'garbage;;' },
    { Accept: 'application/xml' },
    { Accept: '' },
    { 'Content-Encoding': 'gzip' },
  ]) {
    const body = requestOf(Buffer.of(digest++).toString('base64'));
    const answer = await app.send('POST', ENTRIES, headers as Record<string, string>, body);
    assert.equal(answer.status, 201, JSON.stringify(headers));
    assert.equal(answer.headers['content-type'], 'application/json');
  }
});

test('when too much is under way, one more is told to come again', async (t) => {
  const app = await startApp(t, { maxConcurrentRequests: 1 });
  const release = app.log.hold();
  const first = app.post(ENTRIES, REQUEST);
  while (app.log.waiting() === 0) await new Promise((resolve) => setImmediate(resolve));
  for (const [method, path] of [
    ['POST', ENTRIES],
    ['GET', `${ENTRIES}/0`],
    ['GET', '/api/v2/checkpoint'],
  ] as const) {
    const answer = await app.send(method, path, TYPE, method === 'POST' ? REQUEST : undefined);
    assert.equal(answer.status, 503, path);
    assert.equal(answer.headers['retry-after'], '1');
    assert.deepEqual(JSON.parse(answer.body), problem(14, 'too many requests are under way'));
  }
  release();
  assert.equal((await first).status, 201);
});

test('below /api/v2/ every path and method that is none says so in the form of v2', async (t) => {
  const app = await startApp(t);
  for (const path of [
    ...['/api/v2/', '/api/v2/nope', '/api/v2/log', '/api/v2/log/', '/api/v2/log/entries/'],
    ...['/api/v2//log/entries', '/api/v2/./log/entries', '/api/v2/log/Entries'],
    ...['/api/v2/log/entries/0/', '/api/v2/log/entries/0/proofs', '/api/v2/log/entries/%30'],
    ...['/api/v2/tile', '/api/v2/tile/', '/api/v2/tile/abc/000', '/api/v2/checkpoint/'],
  ]) {
    for (const method of ['GET', 'POST', 'PUT', 'OPTIONS']) {
      const answer = await app.send(method, path);
      // A path that begins as one of a tile is a path of tiles, to be read.
      const isTiles = path === '/api/v2/tile/abc/000' && method !== 'GET';
      const expected = isTiles ? problem(12, 'Method Not Allowed') : problem(5, 'Not Found');
      assert.equal(answer.status, isTiles ? 501 : 404, `${method} ${path}`);
      assert.deepEqual(JSON.parse(answer.body), expected, `${method} ${path}`);
    }
  }
  for (const method of ['PUT', 'DELETE', 'PATCH', 'OPTIONS', 'GET', 'HEAD', 'PROPFIND']) {
    const answer = await app.send(method, ENTRIES);
    assert.equal(answer.status, 501, method);
    if (method === 'HEAD') assert.equal(answer.body, '');
    else assert.deepEqual(JSON.parse(answer.body), problem(12, 'Method Not Allowed'), method);
  }
  // The neighbour's form.
  for (const path of ['/api/v2', '/api/v22/log/entries', '/api/v1/nope']) {
    assert.equal(JSON.parse((await app.send('GET', path)).body).code, 404, path);
  }
});

test('scripts of another origin may write, and read what they need of the answer', async (t) => {
  const app = await startApp(t);
  const origin = { Origin: 'https://ui.example' };
  const exposed = 'Location, ETag, x-log-index, x-stele-reason';
  const failing = { 'Access-Control-Request-Method': 'POST', ...origin };
  for (const path of [ENTRIES, '/api/v2/nope']) {
    const preflight = await app.send('OPTIONS', path, failing);
    assert.equal(preflight.status, 204, path);
    assert.equal(preflight.headers['access-control-allow-origin'], '*');
    assert.equal(preflight.headers['access-control-allow-methods'], 'POST');
  }
  for (const [method, path, body, status] of [
    ['POST', ENTRIES, REQUEST, 201],
    ['POST', ENTRIES, REQUEST, 409],
    ['POST', ENTRIES, '{', 400],
    ['GET', `${ENTRIES}/0`, undefined, 200],
    ['GET', '/api/v2/nope', undefined, 404],
    ['GET', '/api/v2/checkpoint', undefined, 200],
  ] as const) {
    const answer = await app.send(method, path, { ...TYPE, ...origin }, body);
    assert.equal(answer.status, status);
    assert.equal(answer.headers['access-control-allow-origin'], '*', path);
    assert.equal(answer.headers['access-control-expose-headers'], exposed, path);
    const plain = await app.send(method, path, TYPE, body);
    assert.equal(plain.headers['access-control-expose-headers'], undefined, path);
  }
});
