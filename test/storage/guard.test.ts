import assert from 'node:assert/strict';
import { mkdtemp, open, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { isLogError } from '../../src/errors.js';
import { openGuard } from '../../src/storage/guard.js';
import type { Head, Store } from '../../src/storage/log-store.js';
import { openMemoryStore } from '../../src/storage/memory/memory-store.js';
import { commitOf, grow, logIn, makeLeaves, recordOf, TREE_ID } from './growing-log.js';

const folders: string[] = [];
after(() => Promise.all(folders.map((folder) => rm(folder, { recursive: true }))));

async function guardPath(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'stele-guard-'));
  folders.push(folder);
  return join(folder, 'guard');
}

const code = (expected: string) => (error: unknown) => isLogError(error) && error.code === expected;

async function storeOf(...batches: number[]): Promise<Store> {
  const store = openMemoryStore();
  await grow(await logIn(store), ...batches);
  return store;
}

async function headOf(store: Store): Promise<Head> {
  return store.log(TREE_ID).head();
}

/** Returns a path with a guard that saw a store of `size` entries, moved there in two steps. */
async function guarded(size: number): Promise<string> {
  const path = await guardPath();
  const store = await storeOf();
  const guard = await openGuard({ path, store, adopt: false });
  for (const count of [1, size - 1]) {
    await grow(store.log(TREE_ID), count);
    await guard.forLog(TREE_ID).move(await headOf(store));
  }
  await guard.close();
  return path;
}

async function damage(path: string, at: number): Promise<void> {
  const file = await open(path, 'r+');
  const byte = Buffer.alloc(1);
  await file.read(byte, 0, 1, at);
  await file.write(Buffer.from([(byte[0] ?? 0) ^ 4]), 0, 1, at);
  await file.close();
}

describe('the guard judges a store', () => {
  it('accepts the store that it saw, and one that has grown since', async () => {
    const path = await guarded(300);
    for (const store of [await storeOf(1, 299), await storeOf(1, 299, 50)]) {
      const guard = await openGuard({ path, store, adopt: false });
      assert.deepEqual(
        guard.entries().map((entry) => [entry.treeID, entry.size]),
        [[TREE_ID, 300]],
      );
      await guard.close();
    }
  });

  it('refuses a store that is smaller, naming both sizes, adopted or not', async () => {
    const path = await guarded(300);
    for (const adopt of [false, true]) {
      await assert.rejects(
        openGuard({ path, store: await storeOf(299), adopt }),
        (error) => code('GUARD_AHEAD')(error) && /300.*299/.test((error as Error).message),
      );
    }
  });

  it('refuses a store whose tree is another one at the size of the guard', async () => {
    const path = await guarded(300);
    const store = openMemoryStore();
    const log = await logIn(store);
    await log.commit(await commitOf(log, makeLeaves(1000, 400)));
    await assert.rejects(openGuard({ path, store, adopt: true }), code('GUARD_AHEAD'));
  });

  it('refuses a store that does not have the log', async () => {
    const path = await guarded(2);
    await assert.rejects(
      openGuard({ path, store: openMemoryStore(), adopt: true }),
      code('GUARD_AHEAD'),
    );
  });

  it('refuses a log of the same tree ID with another key or origin', async () => {
    const path = await guarded(2);
    for (const change of [{ logID: '00'.repeat(32) }, { origin: 'elsewhere' }]) {
      const store = openMemoryStore();
      await store.createLog({ ...recordOf(), ...change });
      await grow(store.log(TREE_ID), 2);
      await assert.rejects(openGuard({ path, store, adopt: true }), code('STORE_IDENTITY'));
    }
  });

  it('is made beside an empty store, and refused as missing beside one with entries', async () => {
    const path = await guardPath();
    const store = await storeOf(3);
    await assert.rejects(openGuard({ path, store, adopt: false }), code('GUARD_MISSING'));
    await assert.rejects(readFile(path), { code: 'ENOENT' });
    const adopted = await openGuard({ path, store, adopt: true });
    assert.equal(adopted.entries()[0]?.size, 3);
    await adopted.close();
    await assert.rejects(
      openGuard({ path, store: await storeOf(2), adopt: false }),
      code('GUARD_AHEAD'),
    );
  });

  it('refuses a file that was emptied as missing', async () => {
    const path = await guarded(3);
    await truncate(path, 0);
    const store = await storeOf(1, 2);
    await assert.rejects(openGuard({ path, store, adopt: false }), code('GUARD_MISSING'));
    await (await openGuard({ path, store, adopt: true })).close();
    await (await openGuard({ path, store, adopt: false })).close();
  });

  it('knows each of several logs, and takes in new ones', async () => {
    const path = await guardPath();
    const store = openMemoryStore();
    const guard = await openGuard({ path, store, adopt: false });
    for (let treeID = 1n; treeID <= 20n; treeID += 1n) {
      const log = await logIn(store, treeID);
      await guard.add(recordOf(treeID));
      await grow(log, Number(treeID));
      await guard.forLog(treeID).move(await log.head());
    }
    assert.throws(() => guard.forLog(21n), code('TREE_UNKNOWN'));
    await guard.close();
    const again = await openGuard({ path, store, adopt: false });
    assert.deepEqual(
      again.entries().map((entry) => entry.size),
      Array.from({ length: 20 }, (_, i) => i + 1),
    );
    await again.close();
  });
});

describe('the guard file', () => {
  it('falls back to the slot before when the newest one is torn', async () => {
    const path = await guarded(300);
    // Sequences 2 and 3 took the log in; 4 is size 1 in the first slot, 5 is size 300 in the second.
    await damage(path, 512 + 40);
    const guard = await openGuard({ path, store: await storeOf(1, 299), adopt: false });
    assert.equal(guard.entries()[0]?.size, 1);
    await guard.forLog(TREE_ID).move(await headOf(await storeOf(1, 299)));
    await guard.close();
    const again = await openGuard({ path, store: await storeOf(1, 299), adopt: false });
    assert.equal(again.entries()[0]?.size, 300);
    await again.close();
  });

  it('is refused when both slots are damaged, wherever the damage is, unless adopted', async () => {
    for (const at of [0, 9, 20, 30, 50, 80, 97, 120, 509]) {
      const path = await guarded(5);
      await damage(path, at);
      await damage(path, 512 + at);
      const store = await storeOf(1, 4);
      await assert.rejects(openGuard({ path, store, adopt: false }), code('GUARD_CORRUPT'));
      await (await openGuard({ path, store, adopt: true })).close();
      await (await openGuard({ path, store, adopt: false })).close();
    }
  });

  it('takes a torn first write for a log that was not taken in', async () => {
    const path = await guardPath();
    await writeFile(path, Buffer.concat([Buffer.alloc(100, 7), Buffer.alloc(924)]));
    const guard = await openGuard({ path, store: await storeOf(), adopt: false });
    assert.equal(guard.entries()[0]?.size, 0);
    await guard.close();
  });

  it('never goes back and does nothing for the head that it has', async () => {
    const path = await guardPath();
    const store = await storeOf();
    const guard = await openGuard({ path, store, adopt: false });
    await grow(store.log(TREE_ID), 4);
    const head = await headOf(store);
    await guard.forLog(TREE_ID).move(head);
    const { sequence } = guard.entries()[0] ?? { sequence: 0 };
    await guard.forLog(TREE_ID).move(head);
    assert.equal(guard.entries()[0]?.sequence, sequence);
    await assert.rejects(guard.forLog(TREE_ID).move({ ...head, size: 3 }), RangeError);
    await assert.rejects(
      guard.forLog(TREE_ID).move({ ...head, root: new Uint8Array(32) }),
      RangeError,
    );
    await guard.close();
  });

  it('leaves the file as it was when the store is refused', async () => {
    const path = await guarded(5);
    const before = await readFile(path);
    const store = await storeOf(2);
    await grow(await logIn(store, 8n), 1);
    await assert.rejects(openGuard({ path, store, adopt: true }), code('GUARD_AHEAD'));
    assert.deepEqual(await readFile(path), before);
  });

  it('is not made in a folder that is not there', async () => {
    const path = join(await guardPath(), 'nested', 'guard');
    await assert.rejects(
      openGuard({ path, store: await storeOf(), adopt: false }),
      code('STORE_UNAVAILABLE'),
    );
  });
});
