import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { LogError } from '../../../src/errors.js';
import { startApp } from '../started-app.js';

const ENTRIES = '/api/v2/log/entries';
const requestOf = (digest: string) => `{"hashedRekordRequestV002":{"digest":"${digest}"}}`;
const TREE_HEX = '0000000000001234';

test('an entry is read by index, leaf hash and entry ID, as it was answered', async (t) => {
  const app = await startApp(t);
  for (const digest of ['AA==', 'AQ==']) await app.post(ENTRIES, requestOf(digest));
  const byIndex = await app.send('GET', `${ENTRIES}/1`);
  assert.equal(byIndex.status, 200);
  assert.equal(byIndex.headers['content-type'], 'application/json');
  const { logIndex, canonicalizedBody } = JSON.parse(byIndex.body);
  assert.equal(logIndex, '1');
  const leaf = Buffer.from(canonicalizedBody, 'base64');
  const hash = createHash('sha256').update(Buffer.of(0)).update(leaf).digest('hex');
  for (const path of [
    `/${hash}`,
    `/${hash.toUpperCase()}`,
    `/${TREE_HEX}${hash}`,
    '?logIndex=1',
    '?logIndex=0&logIndex=1',
    `?logIndex=${hash}`,
    '?other=7&logIndex=1',
  ]) {
    const answer = await app.send('GET', ENTRIES + path);
    assert.equal(answer.status, 200, path);
    assert.equal(answer.body, byIndex.body, path);
    assert.match(answer.headers['cache-control'] ?? '', /no-store/, path);
    const head = await app.send('HEAD', ENTRIES + path);
    assert.equal(head.status, 200, path);
    assert.equal(head.headers['content-length'], answer.headers['content-length'], path);
    assert.equal(head.body, '');
  }
});

test('an entry that is not there is 404', async (t) => {
  const app = await startApp(t);
  await app.post(ENTRIES, requestOf('AA=='));
  const { canonicalizedBody } = JSON.parse((await app.send('GET', `${ENTRIES}/0`)).body);
  const leaf = Buffer.from(canonicalizedBody, 'base64');
  const hash = createHash('sha256').update(Buffer.of(0)).update(leaf).digest('hex');
  for (const path of [
    '/1',
    '?logIndex=1',
    '/9007199254740991',
    '/9007199254740992',
    '/9999999999999999',
    `/${'0'.repeat(64)}`,
    `/${'0'.repeat(80)}`,
    `/0000000000001235${hash}`,
    `/ffffffffffffffff${hash}`,
  ]) {
    const answer = await app.send('GET', ENTRIES + path);
    assert.equal(answer.status, 404, path);
    assert.deepEqual(JSON.parse(answer.body), { code: 5, message: 'Not Found', details: [] });
  }
});

test('what names no entry is refused by the name of the parameter', async (t) => {
  const app = await startApp(t);
  for (const [path, parameter] of [
    ...['-1', '01', '1.0', '1e3', '0x1', 'x', '+', '99999999999999999', '0'.repeat(63)].map(
      (text): [string, string] => [`/${text}`, 'entryID'],
    ),
    ...['0'.repeat(65), '0'.repeat(79), '0'.repeat(81), 'g'.repeat(64), '__proto__'].map(
      (text): [string, string] => [`/${text}`, 'entryID'],
    ),
    ...['', '-1', '01', 'x', '%20', '1%00', '9'.repeat(5_000)].map((text): [string, string] => [
      `?logIndex=${text}`,
      'logIndex',
    ]),
  ]) {
    const answer = await app.send('GET', ENTRIES + path);
    assert.equal(answer.status, 400, path.slice(0, 99));
    const { code, message, details } = JSON.parse(answer.body);
    assert.equal(code, 3);
    assert.deepEqual(details, []);
    assert.ok(message.startsWith(`${parameter} must be a log index`), message);
    assert.ok(message.length < 200);
  }
});

test('a store that cannot be read is an outage in the form of the path', async (t) => {
  const app = await startApp(t);
  app.log.hasTile = () => true;
  app.log.tile = async () => {
    throw new LogError('STORE_CORRUPT', 'a row of the store is damaged');
  };
  const ofV2 = await app.send('GET', '/api/v2/tile/0/000.p/1');
  assert.equal(ofV2.status, 500);
  const message = 'STORE_CORRUPT, request request-1';
  assert.deepEqual(JSON.parse(ofV2.body), { code: 13, message, details: [] });
  const atRoot = await app.send('GET', '/tile/0/000.p/1');
  assert.deepEqual(JSON.parse(atRoot.body), { code: 500, message });
});

test('with its reads refused the v2 API has none, and the root has them', async (t) => {
  const app = await startApp(t);
  const desks = { rekorSide: app.log, tileSide: app.log };
  const refusing = await startApp(t, { v2: { log: desks, logs: [desks], servesReads: false } });
  await refusing.post(ENTRIES, requestOf('AA=='));
  // What is written goes to the first app's log.
  for (const [path, method] of [
    ['/checkpoint', 'GetCheckpoint'],
    ['/tile/0/000', 'GetTile'],
    ['/tile/0/000.p/1', 'GetTile'],
    ['/tile/entries/000', 'GetEntryBundle'],
    ['/tile/entries/000.p/1', 'GetEntryBundle'],
  ] as const) {
    const answer = await refusing.send('GET', `/api/v2${path}`);
    assert.equal(answer.status, 501, path);
    const wanted = { code: 12, message: `method ${method} not implemented`, details: [] };
    assert.deepEqual(JSON.parse(answer.body), wanted);
  }
  for (const path of ['/checkpoint', '/tile/0/000.p/1', '/tile/entries/000.p/1']) {
    assert.equal((await refusing.send('GET', path)).status, 200, path);
  }
});
