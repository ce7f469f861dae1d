import assert from 'node:assert/strict';
import { it } from 'node:test';
import { EMPTY_ROOT } from '../../../src/merkle/hash.js';
import { rootAt } from '../../../src/storage/root-at.js';
import { commitOf, grow, logIn, makeLeaves, recordOf, TREE_ID } from '../growing-log.js';
import { same } from '../same-bytes.js';
import { code, type StoreFactory } from './store-factory.js';

/** Declares the tests of a store and the logs in it: creation, separation, close. */
export function describeLogs(openStore: StoreFactory): void {
  it('has no log until one is created, then lists them in order of creation', async () => {
    const store = await openStore({});
    same(await store.logs(), []);
    assert.throws(() => store.log(TREE_ID), code('TREE_UNKNOWN'));
    await store.createLog(recordOf(9n));
    await store.createLog(recordOf(3n));
    same(await store.logs(), [recordOf(9n), recordOf(3n)]);
    assert.equal(store.log(3n), store.log(3n));
    await assert.rejects(store.createLog(recordOf(9n)), code('STORE_IDENTITY'));
    await store.close();
  });

  it('starts a log with the empty head', async () => {
    const store = await openStore({});
    const log = await logIn(store);
    same(await log.head(), {
      size: 0,
      root: EMPTY_ROOT,
      frontier: [],
      integratedTimeSeconds: 0,
      batch: 0,
    });
    same(await log.leaves(0, 0), []);
    same(await rootAt(log, 0), EMPTY_ROOT);
    await store.close();
  });

  it('keeps the logs of one store apart', async () => {
    const store = await openStore({});
    const [one, two] = [await logIn(store, 1n), await logIn(store, 2n)];
    await grow(one, 3);
    await grow(two, 1);
    assert.equal((await two.head()).size, 1);
    same(await two.indexesOf(makeLeaves(0, 3).map((leaf) => leaf.hash)), [0, undefined, undefined]);
    same(await two.find('number:1', { below: 9, limit: 9 }), []);
    await store.close();
  });

  it('refuses everything after close', async () => {
    const store = await openStore({});
    const log = await logIn(store);
    const commit = await commitOf(log, makeLeaves(0, 1));
    await store.close();
    await assert.rejects(log.commit(commit), code('STORE_UNAVAILABLE'));
    await assert.rejects(store.createLog(recordOf(7n)), code('STORE_UNAVAILABLE'));
    await assert.rejects(store.recover(), code('STORE_UNAVAILABLE'));
    await store.close();
  });
}
