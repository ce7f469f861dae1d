import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startLog } from '../golden/started-log.js';
import { manualClock } from '../http/manual-clock.js';
import { ENTRIES, readAll, sendRequest, startApp } from './started-app.js';

const RETRIEVE = `${ENTRIES}/retrieve`;
const INDEX = '/api/v1/index/retrieve';
const HEAD = `POST ${ENTRIES} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n`;

const nested = (depth: number) => '['.repeat(depth) + ']'.repeat(depth);
const entry = (spec: string, more = '') =>
  `{"kind":"hashedrekord","apiVersion":"0.0.1","spec":${spec}${more}}`;

/** A DSSE entry whose payload, or whose whole envelope, the caller chooses. */
function dsseEntry(payload: string, envelope?: string): string {
  const text = JSON.stringify({
    payloadType: 'application/vnd.in-toto+json',
    payload: Buffer.from(payload).toString('base64'),
    signatures: [{ sig: 'AAAA' }],
  });
  const spec = { proposedContent: { envelope: envelope ?? text, verifiers: ['AAAA'] } };
  return JSON.stringify({ kind: 'dsse', apiVersion: '0.0.1', spec });
}

/** What a hostile or broken client may send as a body. */
const BODIES: readonly (readonly [what: string, body: string | Uint8Array])[] = [
  ['nothing', ''],
  ['white space', ' \n\t '],
  ['a truncated object', '{"kind":"hashedrekord","apiVersion":"0.0.1","spec":{"a":'],
  ['a truncated string', '{"kind":"hash'],
  ['a truncated escape', '{"kind":"\\u00'],
  ['nesting of 10,000', entry(nested(9_999))],
  ['nesting of 10,001', entry(nested(10_001))],
  [
    'an object with nesting of 9,990 inside',
    entry(`{"signature":{},"data":${'{"a":'.repeat(9_990)}1${'}'.repeat(9_990)}}`),
  ],
  ['a DSSE payload of deep nesting', dsseEntry(nested(200_000))],
  ['a DSSE envelope of deep nesting', dsseEntry('x', nested(9_000))],
  ['nesting of 1,000,000', nested(1_000_000)],
  ['open brackets without end', '['.repeat(500_000)],
  ['duplicate members', entry('{}', ',"spec":{"a":1},"kind":"dsse"')],
  ['a __proto__ member', entry('{"__proto__":{"polluted":true}}', ',"__proto__":{"spec":1}')],
  ['constructor members', entry('{"constructor":{"prototype":{"polluted":true}}}')],
  ['lone surrogates', entry('{"\\ud800":"\\udfff"}')],
  [
    'damaged UTF-8',
    Buffer.concat([Buffer.from('{"kind":"'), Buffer.of(0xff, 0xfe), Buffer.from('"}')]),
  ],
  ['a byte order mark', '\ufeff{}'],
  ['numbers beyond 2^53', entry('{"n":9007199254740993,"big":1e400,"neg":-1e400}')],
  ['a number of 100,000 digits', entry(`{"n":${'9'.repeat(100_000)}}`)],
  ['a string of a megabyte', entry(`{"s":"${'x'.repeat(1_000_000)}"}`)],
  ['NUL bytes', '\0\0\0'],
  ['a list of logIndexes that are none', '{"logIndexes":[{},[],"1",1.5,true]}'],
  ['logIndexes beyond int64', '{"logIndexes":[9223372036854775808]}'],
  ['a million entryUUIDs', `{"entryUUIDs":["${Array(200_000).fill('a').join('","')}"]}`],
  ['a member 300,000 times', `{${'"kind":1,"email":"a","logIndexes":1,'.repeat(100_000)}"x":1}`],
  ['a name in 300,000 spellings', `{${'"KIND":1,"Kind":null,"kinD":{},'.repeat(100_000)}"x":1}`],
  ['entries that are none', '{"entries":[null,1,"x",[]]}'],
  ['an e-mail of brackets', `{"email":"${'<'.repeat(100_000)}"}`],
  ['an e-mail of comments', `{"email":"${'('.repeat(100_000)}a@b"}`],
  ['an e-mail of words', `{"email":"${'a '.repeat(100_000)}<"}`],
  ['a public key that is no base64', '{"publicKey":{"format":"x509","content":"%"}}'],
  ['a public key without a format', '{"publicKey":{}}'],
];

for (const adapter of ['fast', 'express'] as const) {
  test(`no body is answered with a 5xx, and each within its time (${adapter})`, async () => {
    const log = await startLog({ adapter });
    const port = Number(new URL(log.url).port);
    const headers = { 'Content-Type': 'application/json' };
    try {
      for (const path of [ENTRIES, RETRIEVE, INDEX]) {
        for (const [what, body] of BODIES) {
          const startedMs = performance.now();
          const { status } = await sendRequest(port, 'POST', path, headers, body);
          assert.ok(status < 500, `${path} ${what}: ${status}`);
          assert.ok(performance.now() - startedMs < 5_000, `${path} ${what} took too long`);
        }
      }
      assert.equal(({} as { polluted?: boolean }).polluted, undefined);
      const health = await sendRequest(port, 'GET', '/healthz', {});
      assert.equal(health.body, '{"status":"SERVING"}');
    } finally {
      await log.close();
    }
  });
}

test('no path, query or header is answered with a 5xx', async (t) => {
  const app = await startApp(t);
  const paths = [
    '/%',
    '/%ff',
    '/%00',
    `/${'a'.repeat(30_000)}`,
    `/api/v1/log/entries/${'%2e'.repeat(5_000)}`,
    '/api/v1/log/entries/%ff%fe',
    '/api/v1/log/entries/__proto__',
    '/constructor',
    '/__proto__',
    `${ENTRIES}?logIndex=${'9'.repeat(20_000)}`,
    `${ENTRIES}?logIndex=%ff`,
    `${ENTRIES}?${'a=1&'.repeat(5_000)}logIndex=0`,
    '/api/v1/log/proof?firstSize=9223372036854775807&lastSize=9223372036854775807',
    `/api/v1/log/publicKey?treeID=${'1'.repeat(20_000)}`,
    `/api/v1/log/proof?lastSize=1&treeID=${'1'.repeat(20_000)}`,
    '//evil.example/api/v1/log',
    'http://evil.example/api/v1/log',
  ];
  for (const path of paths) {
    for (const headers of [{}, { Accept: '"'.repeat(1_000) }, { Origin: 'x'.repeat(1_000) }]) {
      const { status } = await app.send('GET', path, headers as Record<string, string>);
      assert.ok(status < 500, `${path.slice(0, 60)}: ${status}`);
    }
  }
});

test('a body over the limit is 413 only when its JSON value does not end within it', async (t) => {
  const app = await startApp(t, { maxRequestBodySize: 200 });
  const value = entry('{"a":1}');
  const padded = `${value}${' '.repeat(200 - value.length)}`;
  assert.equal((await app.post(ENTRIES, padded)).status, 201);
  assert.equal((await app.post(ENTRIES, `${padded}trailing garbage`)).status, 409);
  const long = await app.post(ENTRIES, entry(`{"a":"${'x'.repeat(200)}"}`));
  assert.equal(long.status, 413);
  assert.equal(long.body, '{"code":413,"message":"Request Entity Too Large. Limit set to 200"}');
  const exact = entry(`{"b":"${'x'.repeat(200 - entry('{"b":""}').length)}"}`);
  assert.equal(exact.length, 200);
  assert.equal((await app.post(ENTRIES, exact)).status, 201);
  assert.equal((await app.post(ENTRIES, `${' '.repeat(1)}${exact}`)).status, 413);
  assert.equal((await app.post(ENTRIES, `x${'y'.repeat(300)}`)).status, 400);
});

test('a scalar that ends at the limit has no end when the body goes on', async (t) => {
  const app = await startApp(t, { maxRequestBodySize: 100 });
  const filled = (value: string) => value.padStart(100, ' ');
  for (const [body, status] of [
    ['1'.repeat(101), 413],
    [`${filled('null')} `, 413],
    [`${filled('"a"')} `, 413],
    [`${filled('true')}x`, 413],
    [`${filled('{}')} `, 422],
    [`${filled('[]')} `, 400],
    [`${' '.repeat(95)}null  `, 422],
    [filled('null'), 422],
  ] as const) {
    assert.equal((await app.post(ENTRIES, body)).status, status, body.trim());
  }
});

test('a body at one byte a second loses its connection after the grace', async (t) => {
  const clock = manualClock();
  const app = await startApp(t, { clock });
  const socket = await app.connect();
  const answered = readAll(socket);
  socket.write(`${HEAD}Content-Length: 1000\r\n\r\n{`);
  while (clock.armed === 0) await new Promise(setImmediate);
  for (let second = 0; second < 7; second++) {
    socket.write(' ');
    clock.advance(1_000);
  }
  const answer = await answered;
  assert.match(answer, /^HTTP\/1\.1 408 /);
  assert.match(answer, /Connection: close/);
  assert.equal(app.completed.at(-1)?.status, 408);
});

test('a client that hangs up within its body is written down as 499 and answered by nobody', async (t) => {
  const app = await startApp(t);
  const socket = await app.connect();
  socket.write(`${HEAD}Content-Length: 1000\r\n\r\n{"half":`);
  await new Promise(setImmediate);
  socket.destroy();
  while (app.completed.length === 0) await new Promise(setImmediate);
  assert.equal(app.completed[0]?.status, 499);
});

test('a client that hangs up while its entry is stored breaks nothing', async (t) => {
  const app = await startApp(t);
  const open = app.log.hold();
  const socket = await app.connect();
  const body = entry('{"a":1}');
  socket.write(`${HEAD}Content-Length: ${body.length}\r\n\r\n${body}`);
  const closed = new Promise((resolve) => socket.once('close', resolve));
  await new Promise(setImmediate);
  socket.destroy();
  await closed;
  open();
  while (app.completed.length === 0) await new Promise(setImmediate);
  assert.equal((await app.post(ENTRIES, body)).status, 409);
});

test('a connection that is answered before its large body came is not kept', async (t) => {
  const app = await startApp(t);
  const socket = await app.connect();
  const answered = readAll(socket);
  socket.write('POST /nope HTTP/1.1\r\nHost: x\r\nContent-Length: 100000000\r\n\r\n');
  const chunk = 'x'.repeat(65_536);
  socket.on('error', () => {});
  const feed = setInterval(() => socket.destroyed || socket.write(chunk), 1);
  t.after(() => clearInterval(feed));
  assert.match(await answered, /^HTTP\/1\.1 404 [\s\S]*Connection: close/);
});

test('connections that send nothing are closed after the time for headers', async (t) => {
  const app = await startApp(t, {}, { headersTimeoutMs: 300 });
  const sockets = await Promise.all(Array.from({ length: 200 }, () => app.connect()));
  const closed = Promise.all(sockets.map((socket) => readAll(socket)));
  // The others are answered meanwhile.
  assert.equal((await app.send('GET', '/ping')).body, '.');
  for (const answer of await closed) assert.match(answer, /^(HTTP\/1\.1 408 |$)/);
});

test('a connection beyond the limit is closed, and those within it are answered', async (t) => {
  const app = await startApp(t, {}, { maxConnections: 3 });
  const [one] = await Promise.all([app.connect(), app.connect(), app.connect()]);
  const over = await app.connect();
  assert.equal(await readAll(over), '');
  const answered = readAll(one);
  one.write('GET /ping HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n');
  assert.match(await answered, /^HTTP\/1\.1 200 /);
});

test('what is not HTTP gets an answer in the form of the API', async (t) => {
  const app = await startApp(t);
  for (const [bytes, status] of [
    ['NONSENSE\r\n\r\n', 400],
    [`GET /ping HTTP/1.1\r\nHost: x\r\nX: ${'a'.repeat(40_000)}\r\n\r\n`, 431],
    ['GET /ping HTTP/1.1\r\n\r\n', 400],
    [`${HEAD}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n`, 400],
    [`${HEAD}Transfer-Encoding: chunked\r\n\r\nzz\r\n`, 400],
  ] as const) {
    const socket = await app.connect();
    const answered = readAll(socket);
    socket.write(bytes);
    assert.match(await answered, new RegExp(`^HTTP/1.1 ${status} `), bytes.slice(0, 20));
  }
});

test('more requests than the server takes at once get 503 and are told when to come again', async (t) => {
  const app = await startApp(t, { maxConcurrentRequests: 1 });
  const open = app.log.hold();
  const first = app.post(ENTRIES, entry('{"a":1}'));
  let second = await app.send('GET', '/api/v1/log');
  while (second.status === 200) second = await app.send('GET', '/api/v1/log');
  assert.equal(second.status, 503);
  assert.equal(second.headers['retry-after'], '1');
  // Health is answered whatever happens.
  assert.equal((await app.send('GET', '/healthz')).status, 200);
  open();
  assert.equal((await first).status, 201);
  assert.equal((await app.send('GET', '/api/v1/log')).status, 200);
});
