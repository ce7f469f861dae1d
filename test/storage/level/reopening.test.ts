import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { describe, it } from 'node:test';
import { utf8 } from '../../../src/encoding/bytes.js';
import { isLogError } from '../../../src/errors.js';
import { FORMAT_KEY, logKeys, PREFIX } from '../../../src/storage/level/keyspace.js';
import { encodeNumber } from '../../../src/storage/level/row-formats.js';
import { sealRow } from '../../../src/storage/level/rows.js';
import { rootAt } from '../../../src/storage/root-at.js';
import { commitOf, grow, logIn, makeLeaves, recordOf, TREE_ID } from '../growing-log.js';
import { same } from '../same-bytes.js';
import { openAt, tamper, temporaryFolder } from './level-fixture.js';

const code =
  (expected: string, text = /./) =>
  (error: unknown) =>
    isLogError(error) && error.code === expected && text.test(error.message);

describe('reopening', () => {
  it('finds every row as it was committed', async () => {
    const directory = await temporaryFolder();
    const first = await openAt(directory, { create: true });
    assert.equal(first.created, true);
    await grow(await logIn(first), 1, 299, 1000);
    await grow(await logIn(first, 2n), 5);
    const log = first.log(TREE_ID);
    await log.late({ timestamps: { from: 1, signatures: [utf8('x')] } });
    await log.late({ notes: [{ kind: 'v1', size: 7, bytes: utf8('note') }] });
    const head = await log.head();
    const leaves = await log.leaves(0, 1300);
    await first.close();

    const second = await openAt(directory);
    assert.equal(second.created, false);
    assert.deepEqual(await second.logs(), [recordOf(), recordOf(2n)]);
    const again = second.log(TREE_ID);
    same(await again.head(), head);
    assert.deepEqual(await again.leaves(0, 1300), leaves);
    assert.deepEqual(await again.timestamp(1), utf8('x'));
    assert.deepEqual(await again.newestNote('v1'), { size: 7, bytes: utf8('note') });
    await second.deepCheck();
    await grow(again, 300);
    same(await rootAt(again, 1600), (await again.head()).root);
    await second.close();
  });

  it('knows again that the leaves of a log may repeat, and finds all its rows', async () => {
    const directory = await temporaryFolder();
    const first = await openAt(directory, { create: true });
    await first.createLog({ ...recordOf(), leavesRepeat: true });
    const leaves = Array.from({ length: 300 }, () => makeLeaves(1, 1)).flat();
    await first.log(TREE_ID).commit(await commitOf(first.log(TREE_ID), leaves));
    await first.close();

    const second = await openAt(directory);
    const log = second.log(TREE_ID);
    await second.deepCheck();
    await second.learnLeafHashes();
    same(await log.commit(await commitOf(log, leaves)), { outcome: 'committed' });
    same(await rootAt(log, 600), (await log.head()).root);
    await second.close();
  });

  it('at the end of the deep check keeps reads and writes going', async () => {
    const store = await openAt(await temporaryFolder(), { create: true });
    const log = await logIn(store);
    await grow(log, 50);
    let isDone = false;
    const check = store.deepCheck().finally(() => {
      isDone = true;
    });
    while (!isDone) {
      await grow(log, 3);
      assert.equal((await log.leaves(0, 50)).length, 50);
    }
    await check;
    assert.equal(store.failed, false);
    const { size, root } = await log.head();
    same(await rootAt(log, size), root);
    await store.close();
  });

  it('at the end of the deep check fails the store when it cannot be opened again', async () => {
    const directory = await temporaryFolder();
    const store = await openAt(directory, { create: true });
    await grow(await logIn(store), 5);
    const current = join(directory, 'CURRENT');
    const kept = await readFile(current);
    await rm(current);
    await assert.rejects(store.deepCheck(), code('STORE_CORRUPT'));
    assert.equal(store.failed, true);
    await writeFile(current, kept);
    await store.recover();
    await grow(store.log(TREE_ID), 5);
    assert.equal((await store.log(TREE_ID).head()).size, 10);
    await store.close();
  });

  it('at the end of the deep check leaves the database open when there is no room', async () => {
    const directory = await temporaryFolder();
    let free = Number.MAX_SAFE_INTEGER;
    const store = await openAt(directory, {
      create: true,
      freeBytes: async () => free,
      reserveBytes: 1,
    });
    await grow(await logIn(store), 5);
    free = 0;
    await rm(join(directory, 'CURRENT'));
    await store.deepCheck();
    assert.equal((await store.log(TREE_ID).leaves(0, 5)).length, 5);
    await store.close();
  });

  it('makes a store only on request, and only where nothing lies', async () => {
    const directory = await temporaryFolder();
    await assert.rejects(openAt(directory), code('STORE_MISSING'));
    await assert.rejects(readdir(directory), { code: 'ENOENT' });
    await assert.rejects(openAt(join(directory, 'a', 'b')), code('STORE_MISSING'));
    await (await openAt(join(directory, 'a', 'b'), { create: true })).close();
    await rm(directory, { recursive: true });
    await mkdir(directory);
    await assert.rejects(openAt(directory), code('STORE_MISSING'));
    await writeFile(join(directory, 'notes.txt'), 'mine');
    await assert.rejects(openAt(directory, { create: true }), code('STORE_MISSING'));
    assert.deepEqual(await readdir(directory), ['notes.txt']);
  });

  it('finishes a creation that was interrupted, only on request', async () => {
    const directory = await temporaryFolder();
    await mkdir(directory);
    for (const name of ['LOCK', 'LOG', 'MANIFEST-000001']) {
      await writeFile(join(directory, name), '');
    }
    await assert.rejects(openAt(directory), code('STORE_MISSING'));
    const store = await openAt(directory, { create: true });
    assert.equal(store.created, true);
    await store.close();
  });

  it('opens an existing store with create as it is', async () => {
    const directory = await temporaryFolder();
    const first = await openAt(directory, { create: true });
    await grow(await logIn(first), 3);
    await first.close();
    const second = await openAt(directory, { create: true });
    assert.equal(second.created, false);
    assert.equal((await second.log(TREE_ID).head()).size, 3);
    await second.close();
  });

  it('reads and writes a store of format 1 as it was laid out', async () => {
    const directory = await temporaryFolder();
    await (await openAt(directory, { create: true })).close();
    const { key, value } = sealRow(FORMAT_KEY, encodeNumber(1));
    await tamper(directory, (database) => database.put(key, value));
    const first = await openAt(directory, { create: true });
    await grow(await logIn(first), 300, 7);
    const head = await first.log(TREE_ID).head();
    await first.close();
    await tamper(directory, async (database) => {
      const [lastKey] = await database.keys({ reverse: true, limit: 1 }).all();
      assert.ok((lastKey?.[0] ?? 0xff) < PREFIX.leaf);
      assert.ok(await database.has(logKeys(TREE_ID, 1).leaf(306)));
    });
    const second = await openAt(directory);
    await second.deepCheck();
    same((await second.log(TREE_ID).head()).root, head.root);
    assert.equal((await second.log(TREE_ID).leaves(0, 307)).length, 307);
    await grow(second.log(TREE_ID), 1);
    await second.close();
  });

  it('refuses a store of a newer format, and one without a format', async () => {
    const directory = await temporaryFolder();
    await (await openAt(directory, { create: true })).close();
    const { key, value } = sealRow(FORMAT_KEY, encodeNumber(3));
    await tamper(directory, (database) => database.put(key, value));
    await assert.rejects(openAt(directory), code('STORE_FORMAT', /format 3/));
    await tamper(directory, (database) => database.del(FORMAT_KEY));
    await assert.rejects(openAt(directory), code('STORE_MISSING'));
    await tamper(directory, (database) => database.put(Buffer.from('x'), value));
    await assert.rejects(openAt(directory, { create: true }), code('STORE_CORRUPT'));
  });
});

describe('the lock', () => {
  it('refuses a second opening in this process', async () => {
    const directory = await temporaryFolder();
    const store = await openAt(directory, { create: true });
    await assert.rejects(openAt(directory), code('STORE_LOCKED', /this process/));
    await grow(await logIn(store), 1);
    await store.close();
    await (await openAt(directory)).close();
    await assert.rejects(readFile(`${directory}.lock`), { code: 'ENOENT' });
  });

  it('names the process that holds the store, and is taken over after kill -9', async () => {
    const directory = await temporaryFolder();
    const child = openInChild(directory);
    try {
      const [line] = (await once(createInterface(child.stdout), 'line')) as [string];
      assert.equal(line, 'open');
      await assert.rejects(
        openAt(directory),
        code('STORE_LOCKED', new RegExp(`process ID ${child.pid}\\b`)),
      );
    } finally {
      child.kill('SIGKILL');
      await once(child, 'exit');
    }
    assert.match(await readFile(`${directory}.lock`, 'utf8'), /"pid"/);
    await (await openAt(directory)).close();
  });

  it('is taken over from a process ID that belongs to another process by now', async () => {
    const directory = await temporaryFolder();
    const store = await openAt(directory, { create: true });
    const own: unknown = JSON.parse(await readFile(`${directory}.lock`, 'utf8'));
    await store.close();
    const earlier = { ...(own as object), startTicks: '1' };
    const otherBoot = { ...(own as object), bootID: 'another' };
    const stale = [JSON.stringify(earlier), JSON.stringify(otherBoot), 'not a lock', '{}', ''];
    for (const text of stale) {
      await writeFile(`${directory}.lock`, text);
      await (await openAt(directory)).close();
    }
    await writeFile(`${directory}.lock`, JSON.stringify(own));
    await assert.rejects(openAt(directory), code('STORE_LOCKED'));
  });

  it('leaves no lock behind when opening fails', async () => {
    const directory = await temporaryFolder();
    await assert.rejects(openAt(directory), code('STORE_MISSING'));
    await assert.rejects(readFile(`${directory}.lock`), { code: 'ENOENT' });
    await rm(directory, { recursive: true, force: true });
  });
});

// The child runs as this file does: from source through the loader, or compiled.
function openInChild(directory: string) {
  const module = new URL('../../../src/storage/level/level-store.js', import.meta.url).href;
  const program = `
    const { openLevelStore } = await import(${JSON.stringify(module)});
    await openLevelStore({ directory: process.argv[1], create: true, reserveBytes: 0 });
    console.log('open');
    setInterval(() => {}, 1000);`;
  const flags = [
    ...process.execArgv.filter((flag) => !flag.startsWith('--test')),
    '--input-type=module',
  ];
  return spawn(process.execPath, [...flags, '-e', program, directory], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
}
