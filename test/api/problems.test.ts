import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PROBLEMS } from '../../src/api/problem.js';
import { ERROR_CODES, LogError } from '../../src/errors.js';
import { createFakeLog } from './fake-log.js';
import { ENTRIES, startApp } from './started-app.js';

const ENTRY = '{"kind":"hashedrekord","apiVersion":"0.0.1","spec":{}}';

test('every error code has a status, and only outages have one of the 500s', () => {
  assert.deepEqual(Object.keys(PROBLEMS).sort(), [...ERROR_CODES].sort());
  const outages = ERROR_CODES.filter((code) => PROBLEMS[code].status >= 500);
  for (const code of outages) {
    assert.match(
      code,
      /^(OVERLOADED|SHUTTING|CLOCK|COMMIT|STORE|SIGNER|DISK|GUARD|QUORUM|KEY_FILE|CONFIG)/,
    );
  }
});

for (const code of ERROR_CODES) {
  const { status, retryAfterSeconds } = PROBLEMS[code];
  test(`a submission that ends with ${code} is answered ${status}`, async (t) => {
    const app = await startApp(t);
    app.log.failWith(new LogError(code, 'the secret reason'));
    const answer = await app.post(ENTRIES, ENTRY);
    assert.equal(answer.status, status);
    assert.equal(answer.headers['content-type'], 'application/json');
    assert.ok(answer.body.endsWith('}\n'));
    const expected =
      status < 500 ? 'error processing entry: the secret reason' : `${code}, request request-1`;
    assert.deepEqual(JSON.parse(answer.body), { code: status, message: expected });
    assert.equal(answer.headers['retry-after'], retryAfterSeconds?.toString());
  });
}

test('an error that nobody expected says nothing of the inside', async (t) => {
  const app = await startApp(t);
  app.log.failWith(new TypeError('cannot read properties of undefined'));
  const answer = await app.post(ENTRIES, ENTRY);
  assert.equal(answer.body, '{"code":500,"message":"INTERNAL, request request-1"}\n');
  assert.ok(app.completed[0]?.error instanceof TypeError);
});

test('a logger that throws costs one connection, not the server', async (t) => {
  const faults: unknown[] = [];
  let isBroken = true;
  const app = await startApp(t, {
    logger: {
      completed() {
        if (isBroken) throw new Error('the disk of the logs is full');
      },
      faulted: (error) => faults.push(error),
    },
  });
  await app.send('GET', '/ping').catch(() => undefined);
  isBroken = false;
  assert.equal((await app.send('GET', '/ping')).status, 200);
  assert.equal(faults.length, 1);
});

test('the request ID is the one of the header when that is a plain one', async (t) => {
  const app = await startApp(t, { requestIDHeader: 'X-Trace' });
  await app.send('GET', '/ping', { 'x-trace': 'abc-123' });
  await app.send('GET', '/ping', { 'x-trace': 'two words' });
  await app.send('GET', '/ping', { 'x-trace': 'x'.repeat(200) });
  assert.deepEqual(
    app.completed.map(({ requestID }) => requestID),
    ['abc-123', 'request-1', 'request-1'],
  );
});

test('a new entry is answered compact, with one final newline, an ETag and its Location', async (t) => {
  const app = await startApp(t);
  const answer = await app.post(`${ENTRIES}/?b=2&apiKey=s&a=%2B`, ENTRY);
  assert.equal(answer.status, 201);
  const [id] = Object.keys(JSON.parse(answer.body));
  assert.equal(answer.headers.etag, id);
  assert.equal(answer.headers.location, `${ENTRIES}//${id}?a=%2B&b=2`);
  assert.equal(answer.body, `${JSON.stringify(JSON.parse(answer.body))}\n`);
});

test('the Location keeps a bare question mark, but none that stood before an API key', async (t) => {
  for (const [query, kept] of [
    ['', ''],
    ['?', '?'],
    ['?apiKey=s', ''],
    ['?a=%ff', '?a=%FF'],
  ]) {
    const app = await startApp(t);
    const answer = await app.post(`${ENTRIES}${query}`, ENTRY);
    const [id] = Object.keys(JSON.parse(answer.body));
    assert.equal(answer.headers.location, `${ENTRIES}/${id}${kept}`);
  }
});

test('the Location of an entry that was sent to an absolute target is absolute', async (t) => {
  const app = await startApp(t);
  const answer = await app.post(`HTTP://log.example:80${ENTRIES}?a=1`, ENTRY);
  const [id] = Object.keys(JSON.parse(answer.body));
  assert.equal(answer.headers.location, `http://log.example:80${ENTRIES}/${id}?a=1`);
});

test('an attestation is shown when the entry is read, not when it is made', async (t) => {
  const app = await startApp(t);
  const made = await app.post(ENTRIES, ENTRY.replace('{}', '{"attested":true}'));
  const [id] = Object.keys(JSON.parse(made.body));
  assert.equal(JSON.parse(made.body)[id as string].attestation, undefined);
  const retrieve = await app.post(`${ENTRIES}/retrieve`, `{"entryUUIDs":["${id}"]}`);
  const shown = [
    JSON.parse((await app.send('GET', `${ENTRIES}/${id}`)).body),
    JSON.parse((await app.send('GET', `${ENTRIES}?logIndex=0`)).body),
    JSON.parse(retrieve.body)[0],
  ];
  for (const entry of shown) {
    assert.deepEqual(Object.keys(entry[id as string])[0], 'attestation');
    assert.deepEqual(entry[id as string].attestation, { data: 'BAUG' });
  }
});

test('the room for bodies is given back after every request, refused ones too', async (t) => {
  const app = await startApp(t, { bodyLimits: { maxHeldBytes: 20_000 } });
  for (let i = 0; i < 20; i++) {
    const body = ENTRY.replace('{}', `{"n":${i},"pad":"${'x'.repeat(4_000)}"}`);
    assert.equal((await app.post(ENTRIES, body)).status, 201);
    assert.equal((await app.post(ENTRIES, `[${body}]`)).status, 400);
  }
});

test('readiness names the part that cannot work', async (t) => {
  const app = await startApp(t);
  assert.deepEqual(await app.send('GET', '/readyz').then(({ status }) => status), 200);
  app.log.setReadiness({ append: 'the clock jumped', sign: undefined, read: undefined });
  const answer = await app.send('GET', '/readyz');
  assert.equal(answer.status, 503);
  assert.equal(answer.headers['retry-after'], '5');
  assert.deepEqual(JSON.parse(answer.body), {
    append: 'the clock jumped',
    read: 'ok',
    sign: 'ok',
    status: 'NOT_READY',
  });
});

test('readiness speaks of the log of the v2 API too, and of shards only as far as they are read', async (t) => {
  const [active, old, ofV2] = [createFakeLog(1n), createFakeLog(2n), createFakeLog(3n)] as const;
  const app = await startApp(t, { shards: { active, inactive: [old], ofV2 } });
  const stuck = { append: 'the disk is full', sign: undefined, read: undefined };
  old.setReadiness(stuck);
  assert.equal((await app.send('GET', '/readyz')).status, 200);
  ofV2.setReadiness(stuck);
  const answer = await app.send('GET', '/readyz');
  assert.equal(answer.status, 503);
  assert.match(answer.body, /"append":"the disk is full"/);
});

test('the pages outside the API answer HEAD without a body', async (t) => {
  const app = await startApp(t);
  for (const path of ['/ping', '/healthz', '/readyz', '/', '/docs', '/swagger.json']) {
    const get = await app.send('GET', path);
    const head = await app.send('HEAD', path);
    assert.equal(head.status, get.status, path);
    assert.equal(head.body, '', path);
    assert.equal(head.headers['content-length'], get.headers['content-length'], path);
  }
  assert.equal((await app.send('POST', '/healthz')).status, 404);
});

test('measured routes are counted under Rekor’s names, pages and unknown paths are not', async (t) => {
  const app = await startApp(t);
  await app.post(ENTRIES, ENTRY);
  await app.send('GET', `${ENTRIES}/nothex`);
  await app.send('GET', '/ping');
  await app.send('GET', '/nope');
  const text = await app.registry.metrics();
  assert.match(text, /^rekor_new_entries 1$/m);
  assert.match(
    text,
    /^rekor_qps_by_api\{path="\/api\/v1\/log\/entries",method="POST",code="201"\} 1$/m,
  );
  assert.match(
    text,
    /^rekor_qps_by_api\{path="\/api\/v1\/log\/entries\/\{entryUUID\}",method="GET",code="422"\} 1$/m,
  );
  assert.doesNotMatch(text, /path="\/(ping|nope)"/);
  for (const name of [
    'rekor_api_latency_bucket',
    'rekor_api_latency_summary_count',
    'rekor_latency_by_api_bucket',
    'rekor_build_info',
    'rekor_index_storage_latency_summary',
    'rekor_checkpoint_publish',
  ]) {
    assert.ok(text.includes(name), name);
  }
});
