// Tessera's tools, unmodified: mirror copies a log tile by tile into a folder; fsck reads every entry bundle of a log,
// rebuilds the tree from them and compares each tile and the root of the checkpoint.
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { startedLog } from './started-log.mjs';
import { writeEntries } from './submissions.mjs';
import { FSCK, fsck, MIRROR, mirror } from './tessera-tools.mjs';
import { assertTools } from './tools.mjs';

/** Full tiles and partial ones, of both levels; a v2 log has an entry of its own before them. */
const ENTRIES = 640;

async function assertContent(log, url, expected, origin) {
  for (const vkey of log.keys().verifierKeys) {
    const { size, output } = await fsck(url, vkey, { origin });
    assert.equal(size, expected, output);
  }
}

before(() => assertTools(FSCK, MIRROR));

describe('fsck over the logs of a server', () => {
  let log;
  after(() => log?.stop());
  before(async () => {
    log = await startedLog();
    await writeEntries(log.url, 'v1', ENTRIES);
    await writeEntries(log.url, 'v2', ENTRIES);
  });

  it('finds the v2 log whole, at the root and below /api/v2, by either key', async () => {
    await assertContent(log, log.url, ENTRIES + 1);
    await assertContent(log, `${log.url}/api/v2`, ENTRIES + 1);
    const { v2 } = log.keys();
    await assertContent(log, `${log.url}/logs/${v2.treeID}`, ENTRIES + 1);
  });

  it('finds the v1 log whole, below /logs, by either key', async () => {
    await assertContent(log, `${log.url}/logs/${log.treeID}`, ENTRIES, log.origin);
  });

  it('finds a mirror of the v2 log whole', async () => {
    const folder = join(log.folder, 'mirror');
    assert.match(await mirror(log.url, folder), /Log mirrored successfully/);
    await assertContent(log, `file://${folder}`, ENTRIES + 1);
  });

  it('does not take one log for the other', async () => {
    const [vkey] = log.keys().verifierKeys;
    const { size, output } = await fsck(`${log.url}/logs/${log.treeID}`, vkey);
    assert.equal(size, undefined, output);
    assert.match(output, /Origin/);
  });
});

describe('fsck over a tree that both APIs write to', () => {
  let log;
  after(() => log?.stop());
  before(async () => {
    log = await startedLog('--v2-tree', 'shared');
    await Promise.all([
      writeEntries(log.url, 'v1', ENTRIES / 2),
      writeEntries(log.url, 'v2', ENTRIES / 2),
    ]);
  });

  it('finds it whole, by either key', async () => {
    await assertContent(log, log.url, ENTRIES + 1);
    await assertContent(log, `${log.url}/logs/${log.treeID}`, ENTRIES + 1);
  });
});

describe('fsck over a log with one byte changed', () => {
  let log;
  let proxy;
  let damagedPath;
  let damaged = 0;
  after(async () => {
    await new Promise((resolve) => proxy?.close(resolve));
    await log?.stop();
  });
  before(async () => {
    log = await startedLog();
    await writeEntries(log.url, 'v2', ENTRIES);
    proxy = createServer(async (request, response) => {
      const answer = await fetch(log.url + request.url);
      const body = Buffer.from(await answer.arrayBuffer());
      if (request.url === damagedPath) {
        body[40] ^= 1;
        damaged++;
      }
      response.writeHead(answer.status).end(body);
    });
    await new Promise((resolve) => proxy.listen(0, '127.0.0.1', resolve));
  });

  const check = (path) => {
    damagedPath = path;
    damaged = 0;
    const [vkey] = log.keys().verifierKeys;
    const url = `http://127.0.0.1:${proxy.address().port}`;
    return fsck(url, vkey, { timeoutMs: 10_000 });
  };

  it('is content when none is changed', async () => {
    const { size, output } = await check(undefined);
    assert.equal(size, ENTRIES + 1, output);
  });

  for (const path of [
    '/checkpoint',
    '/tile/0/000',
    '/tile/0/002.p/129',
    '/tile/1/000.p/2',
    '/tile/entries/001',
    '/tile/entries/002.p/129',
  ]) {
    it(`is not content when it is one of ${path}`, async () => {
      const { size, output } = await check(path);
      assert.equal(size, undefined, output);
      assert.ok(damaged > 0, 'it was not asked for');
    });
  }
});
