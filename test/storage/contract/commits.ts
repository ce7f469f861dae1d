import assert from 'node:assert/strict';
import { it } from 'node:test';
import { utf8 } from '../../../src/encoding/bytes.js';
import { EMPTY_ROOT } from '../../../src/merkle/hash.js';
import { commitOf, grow, logIn, makeLeaves, recordOf, TREE_ID } from '../growing-log.js';
import { same } from '../same-bytes.js';
import type { StoreFactory } from './store-factory.js';

/** Declares the tests of commits: all or nothing, on the expected head, no leaf twice. */
export function describeCommits(openStore: StoreFactory): void {
  it('makes leaves, times, index, search keys, attachments and head readable at once', async () => {
    const store = await openStore({});
    const log = await logIn(store);
    const leaves = makeLeaves(0, 12);
    const commit = await commitOf(log, leaves);
    same(await log.commit(commit), { outcome: 'committed' });
    same(await log.head(), commit.head);
    same(
      await log.leaves(0, 12),
      leaves.map(({ hash, bytes }, index) => ({ index, hash, bytes, integratedTimeSeconds: 1001 })),
    );
    same(await log.indexesOf([leaves[7]?.hash ?? EMPTY_ROOT, EMPTY_ROOT]), [7, undefined]);
    same(await log.find('number:7', { below: 12, limit: 10 }), [7]);
    for (const [index, attachment] of [utf8('attachment 10'), undefined].entries()) {
      const [leaf] = await log.leaves(10 + index, 11 + index);
      same(await log.entry(10 + index), { ...leaf, attachment });
    }
    await assert.rejects(log.entry(12), RangeError);
    await store.close();
  });

  it('answers conflict with the stored head when the expected one is another', async () => {
    const store = await openStore({});
    const log = await logIn(store);
    const stale = await commitOf(log, makeLeaves(5, 2));
    await grow(log, 1);
    const head = await log.head();
    same(await log.commit(stale), { outcome: 'conflict', head });
    const otherRoot = { ...stale, expect: { size: head.size, root: EMPTY_ROOT } };
    same(await log.commit(otherRoot), { outcome: 'conflict', head });
    same(await log.indexesOf(stale.leaves.map((leaf) => leaf.hash)), [undefined, undefined]);
    same(await log.head(), head);
    await store.close();
  });

  it('names every duplicate and writes nothing of the batch', async () => {
    const store = await openStore({});
    const log = await logIn(store);
    await grow(log, 4);
    const again = [...makeLeaves(10, 1), ...makeLeaves(1, 2)];
    const before = await log.head();
    same(await log.commit(await commitOf(log, again)), {
      outcome: 'duplicates',
      duplicates: [
        { hash: again[1]?.hash, index: 1 },
        { hash: again[2]?.hash, index: 2 },
      ],
    });
    same(await log.head(), before);
    same(await log.find('number:10', { below: 99, limit: 9 }), []);
    await store.close();
  });

  it('takes a leaf again and again in a log whose leaves may repeat', async () => {
    const store = await openStore({});
    await store.createLog({ ...recordOf(), leavesRepeat: true });
    const log = store.log(TREE_ID);
    const [leaf] = makeLeaves(0, 1);
    if (leaf === undefined) throw new Error('no leaf');
    for (let commit = 0; commit < 2; commit++) {
      const outcome = await log.commit(await commitOf(log, [leaf, leaf, leaf]));
      same(outcome, { outcome: 'committed' });
    }
    same((await log.leafBytes(0, 6)).length, 6);
    same((await log.leafBytes(5, 6))[0], leaf.bytes);
    await assert.rejects(log.indexesOf([leaf.hash]), RangeError);
    same((await store.logs())[0]?.leavesRepeat, true);
    await store.close();
  });

  it('lets one of two commits on the same head win', async () => {
    const store = await openStore({});
    const log = await logIn(store);
    const one = await commitOf(log, makeLeaves(0, 1));
    const two = await commitOf(log, makeLeaves(1, 1));
    const outcomes = await Promise.all([log.commit(one), log.commit(two)]);
    same(
      outcomes.map((outcome) => outcome.outcome),
      ['committed', 'conflict'],
    );
    await store.close();
  });

  it('refuses a commit that contradicts itself and stays usable', async () => {
    const store = await openStore({});
    const log = await logIn(store);
    await grow(log, 255);
    const good = await commitOf(log, makeLeaves(255, 2));
    const { head } = good;
    const leaf = good.leaves[0] as (typeof good.leaves)[number];
    const bad = [
      { ...good, leaves: [] },
      { ...good, leaves: [leaf, leaf] },
      { ...good, leaves: [leaf, { ...leaf, hash: new Uint8Array(31) }] },
      { ...good, leaves: [leaf, { ...makeLeaves(256, 1)[0], indexKeys: ['k', 'k'] }] },
      { ...good, leaves: [leaf, { ...makeLeaves(256, 1)[0], indexKeys: ['k'.repeat(4_161)] }] },
      { ...good, head: { ...head, size: 258 } },
      { ...good, head: { ...head, batch: 3 } },
      { ...good, head: { ...head, root: EMPTY_ROOT } },
      { ...good, fullTiles: [] },
      { ...good, fullTiles: [...good.fullTiles, ...good.fullTiles] },
      { ...good, fullTiles: good.fullTiles.map((tile) => ({ ...tile, index: 1 })) },
    ];
    for (const commit of bad) {
      await assert.rejects(log.commit(commit as typeof good), RangeError);
      assert.equal(store.failed, false);
    }
    same(await log.commit(good), { outcome: 'committed' });
    await store.close();
  });
}
