import assert from 'node:assert/strict';
import { it } from 'node:test';
import { fromUtf8, utf8 } from '../../../src/encoding/bytes.js';
import { EMPTY_ROOT, leafHash } from '../../../src/merkle/hash.js';
import { rootAt } from '../../../src/storage/root-at.js';
import { Faults } from '../faults.js';
import { commitOf, grow, logIn, makeLeaves, recordOf } from '../growing-log.js';
import { same } from '../same-bytes.js';
import { code, type StoreFactory } from './store-factory.js';

/** Declares the tests of writes that fail: what is still known, and recovery. */
export function describeFailedWrites(openStore: StoreFactory): void {
  for (const fault of ['before', 'after'] as const) {
    it(`refuses writes after a commit that failed ${fault} it took effect, until recover`, async () => {
      const faults = new Faults();
      const store = await openStore({ fault: faults.point });
      const log = await logIn(store);
      await grow(log, 3);
      const old = await log.head();
      const commit = await commitOf(log, makeLeaves(3, 300));
      faults.arm('commit', fault);
      await assert.rejects(log.commit(commit), code('COMMIT_UNKNOWN'));
      assert.equal(store.failed, true);
      same(await log.head(), old);
      assert.equal((await log.leaves(0, 3)).length, 3);
      same(await log.indexesOf([commit.leaves[0]?.hash ?? EMPTY_ROOT]), [undefined]);
      await assert.rejects(log.commit(commit), code('STORE_UNAVAILABLE'));
      await assert.rejects(
        log.late({ timestamps: { from: 0, signatures: [utf8('x')] } }),
        code('STORE_UNAVAILABLE'),
      );
      await store.recover();
      assert.equal(store.failed, false);
      same(await log.head(), fault === 'after' ? commit.head : old);
      const next = await commitOf(log, makeLeaves(1000, 2));
      same(await log.commit(next), { outcome: 'committed' });
      same(await rootAt(log, next.head.size), next.head.root);
      await store.close();
    });
  }

  it('throws DISK_FULL before writing and stays usable', async () => {
    const faults = new Faults();
    const store = await openStore({ fault: faults.point });
    const log = await logIn(store);
    const commit = await commitOf(log, makeLeaves(0, 2));
    faults.arm('commit', 'disk-full');
    await assert.rejects(log.commit(commit), code('DISK_FULL'));
    assert.equal(store.failed, false);
    assert.equal((await log.head()).size, 0);
    same(await log.commit(commit), { outcome: 'committed' });
    await store.close();
  });

  it('says whether it would take a write, without writing', async () => {
    const faults = new Faults();
    const store = await openStore({ fault: faults.point });
    const log = await logIn(store);
    await store.checkWritable();
    faults.arm('check', 'disk-full');
    await assert.rejects(store.checkWritable(), code('DISK_FULL'));
    assert.equal(store.failed, false);
    await store.checkWritable();
    faults.arm('commit', 'before');
    await assert.rejects(log.commit(await commitOf(log, makeLeaves(0, 1))));
    await assert.rejects(store.checkWritable(), code('STORE_UNAVAILABLE'));
    await store.recover();
    await store.checkWritable();
    assert.equal((await log.head()).size, 0);
    await store.close();
    await assert.rejects(store.checkWritable(), code('STORE_UNAVAILABLE'));
  });

  it('stays failed and readable while recovery finds no space', async () => {
    const faults = new Faults();
    const store = await openStore({ fault: faults.point });
    const log = await logIn(store);
    await grow(log, 2);
    faults.arm('commit', 'before');
    await assert.rejects(log.commit(await commitOf(log, makeLeaves(2, 1))));
    faults.arm('recover', 'disk-full');
    await assert.rejects(store.recover(), code('DISK_FULL'));
    assert.equal(store.failed, true);
    assert.equal(fromUtf8((await log.leaves(1, 2))[0]?.bytes ?? EMPTY_ROOT).slice(0, 6), 'leaf 1');
    await store.recover();
    assert.equal(store.failed, false);
    await grow(log, 1);
    await store.close();
  });

  it('fails every log of the store together', async () => {
    const faults = new Faults();
    const store = await openStore({ fault: faults.point });
    const [one, two] = [await logIn(store, 1n), await logIn(store, 2n)];
    const [first, second] = [
      await commitOf(one, makeLeaves(0, 1)),
      await commitOf(two, makeLeaves(0, 1)),
    ];
    faults.arm('commit', 'after');
    const settled = await Promise.allSettled([one.commit(first), two.commit(second)]);
    same(
      settled.map((outcome) => outcome.status),
      ['rejected', 'rejected'],
    );
    await Promise.all([store.recover(), store.recover()]);
    assert.equal((await one.head()).size, 1);
    assert.equal((await two.head()).size, 0);
    await store.close();
  });

  it('fails the store when late rows or a new log cannot be written', async () => {
    const faults = new Faults();
    const store = await openStore({ fault: faults.point });
    const log = await logIn(store);
    await grow(log, 1);
    faults.arm('late', 'before');
    await assert.rejects(
      log.late({ timestamps: { from: 0, signatures: [leafHash(utf8('x'))] } }),
      code('COMMIT_UNKNOWN'),
    );
    assert.equal(store.failed, true);
    await store.recover();
    assert.equal(await log.timestamp(0), undefined);
    faults.arm('createLog', 'after');
    await assert.rejects(store.createLog(recordOf(5n)), code('COMMIT_UNKNOWN'));
    await store.recover();
    assert.equal((await store.log(5n).head()).size, 0);
    await store.close();
  });
}
