import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, it, type TestContext } from 'node:test';
import { isLogError } from '../../src/errors.js';
import { printVerifierKey } from '../../src/note/verifier-key.js';
import { type FollowedLogs, openFollowedLogs } from '../../src/witness/followed-logs.js';
import { parseLogFlag } from '../../src/witness/log-list.js';
import { fetchList, pullLists } from '../../src/witness/pulled-lists.js';
import { openSyncedRows } from '../../src/witness/synced-rows.js';
import { witnessFolder } from './served-witness.js';
import { TestLog } from './test-log.js';

const a = new TestLog('log.example/a');
const a2 = new TestLog('log.example/a', undefined, 1);
const b = new TestLog('log.example/b');
const URL_OF_LIST = 'https://lists.example/logs';

async function open(t: TestContext, folder = witnessFolder(t)) {
  const rows = await openSyncedRows(folder);
  t.after(() => rows.close());
  return { rows, folder, logs: await openFollowedLogs(rows) };
}

const shown = (logs: FollowedLogs) =>
  logs
    .all()
    .map(({ origin, keys, isDisabled, source }) => [
      ...[origin, isDisabled ? 'disabled' : 'followed', source],
      ...keys.map(printVerifierKey),
    ]);

async function pull(logs: FollowedLogs, list: string) {
  const told: unknown[] = [];
  await pullLists({
    urls: [URL_OF_LIST],
    intervalMs: 1,
    logs,
    events: {
      pulled: (_, changes, skipped) => told.push([changes, skipped.length]),
      failed: (_, error) => told.push(error),
    },
    fetchText: async () => list,
  });
  return told[0];
}

describe('the logs that a witness follows', () => {
  it('are never forgotten, only disabled', async (t) => {
    const { rows, folder, logs } = await open(t);
    await logs.setOperatorLogs([parseLogFlag(a.vkey), parseLogFlag(b.vkey)], [b.origin]);
    assert.equal(logs.byOrigin(b.origin), undefined);
    await logs.setOperatorLogs([parseLogFlag(b.vkey)]);
    await rows.close();
    const again = await open(t, folder);
    assert.deepEqual(shown(again.logs), [
      [a.origin, 'disabled', 'operator', a.vkey],
      [b.origin, 'followed', 'operator', b.vkey],
    ]);
    assert.equal(again.logs.byOrigin(a.origin), undefined);
    assert.equal(again.logs.byOrigin(b.origin)?.origin, b.origin);
  });

  it('come from lists by themselves, but their new keys do not', async (t) => {
    const { rows, folder, logs } = await open(t);
    await logs.setOperatorLogs([parseLogFlag(a.vkey)]);
    const list = `logs/v0\nvkey ${a2.vkey}\nvkey ${b.vkey}\nvkey broken\n`;
    assert.deepEqual(await pull(logs, list), [
      { added: [b.origin], otherKeys: [a.origin], refused: [] },
      1,
    ]);
    await pull(logs, 'logs/v0\n');
    await rows.close();
    const again = await open(t, folder);
    await again.logs.setOperatorLogs([parseLogFlag(a.vkey)]);
    assert.deepEqual(shown(again.logs), [
      [a.origin, 'followed', 'operator', a.vkey],
      [b.origin, 'followed', URL_OF_LIST, b.vkey],
    ]);
    await again.logs.setOperatorLogs([parseLogFlag(a.vkey)], [b.origin]);
    await pull(again.logs, list);
    assert.equal(again.logs.byOrigin(b.origin), undefined, 'a list does not enable a log');
  });

  it('stay as they are when a list cannot be read', async (t) => {
    const { logs } = await open(t);
    assert.ok(isLogError(await pull(logs, '<html>'), 'CONFIG_INVALID'));
    assert.deepEqual(shown(logs), []);
  });
});

describe('a log list behind an address', () => {
  it('is read when it is answered, and not from elsewhere', async (t) => {
    const server = createServer((request, response) => {
      if (request.url === '/logs') response.end('logs/v0\n');
      else if (request.url === '/moved') response.writeHead(302, { location: '/logs' }).end();
      else response.writeHead(404).end();
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    t.after(() => server.close());
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    assert.equal(await fetchList(`${url}/logs`), 'logs/v0\n');
    await assert.rejects(fetchList(`${url}/other`), (error) => isLogError(error, 'CONFIG_INVALID'));
    await assert.rejects(fetchList(`${url}/moved`));
  });
});
