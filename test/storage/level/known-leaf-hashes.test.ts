import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, it } from 'node:test';
import { KnownLeafHashes } from '../../../src/storage/level/known-leaf-hashes.js';
import { LeafHashFilter } from '../../../src/storage/level/leaf-hash-filter.js';
import type { LevelStore } from '../../../src/storage/level/level-store.js';
import { commitOf, grow, logIn, makeLeaves, TREE_ID } from '../growing-log.js';
import { openAt, temporaryFolder } from './level-fixture.js';

const hashOf = (number: number) => createHash('sha256').update(`${number}`).digest();

describe('a filter of leaf hashes', () => {
  it('never forgets a hash, and claims few that it was not given, also far beyond what was expected', () => {
    const filter = new LeafHashFilter(0);
    const count = 1_200_000;
    for (let i = 0; i < count; i += 1) filter.add(hashOf(i));
    let claimed = 0;
    for (let i = 0; i < count; i += 7) {
      assert.ok(filter.mayHave(hashOf(i)));
      if (filter.mayHave(hashOf(count + i))) claimed += 1;
    }
    assert.ok(claimed / (count / 7) < 0.03, `${claimed} of ${count / 7}`);
  });
});

const hashesOf = (first: number, count: number) =>
  makeLeaves(first, count).map((leaf) => leaf.hash);
const range = (first: number, count: number) => Array.from({ length: count }, (_, i) => first + i);

async function grownStore(size: number): Promise<LevelStore> {
  const store = await openAt(await temporaryFolder(), { create: true });
  await grow(await logIn(store), size);
  return store;
}

describe('leaf hashes that were learnt', () => {
  it('are found as before, those of the last tile and of later commits too', async () => {
    const store = await grownStore(700);
    await store.learnLeafHashes();
    const log = store.log(TREE_ID);
    await grow(log, 300);
    assert.deepEqual(await log.indexesOf(hashesOf(0, 1000)), range(0, 1000));
    assert.deepEqual(await log.indexesOf([...hashesOf(999, 3), ...hashesOf(4, 1)]), [
      999,
      undefined,
      undefined,
      4,
    ]);
    const [twice] = makeLeaves(5, 1);
    const outcome = await log.commit(await commitOf(log, [...makeLeaves(1000, 1), twice as never]));
    assert.equal(outcome.outcome, 'duplicates');
    await store.close();
  });

  it('are those of a commit that was under way when it began, and of one made meanwhile', async () => {
    const store = await grownStore(5000);
    const log = store.log(TREE_ID);
    const underWay = log.commit(await commitOf(log, makeLeaves(5000, 20)));
    const learning = store.learnLeafHashes();
    await underWay;
    await grow(log, 20);
    await learning;
    assert.deepEqual(await log.indexesOf(hashesOf(4990, 50)), range(4990, 50));
    await store.close();
  });

  it('are not believed as somebody began to learn them who was not told of later commits', async () => {
    const known = new KnownLeafHashes();
    let give = (_: Uint8Array): void => undefined;
    const given = new Promise<Uint8Array>((resolve) => {
      give = resolve;
    });
    known.begin(1);
    const first = known.learn(1, () => given, undefined);
    known.begin(1);
    const second = known.learn(1, () => given, undefined);
    known.add(hashOf(1));
    give(hashOf(0));
    await first;
    assert.ok(known.mayHave(hashOf(1)));
    await second;
    assert.ok(known.mayHave(hashOf(0)) && known.mayHave(hashOf(1)));
    assert.equal(known.mayHave(hashOf(2)), false);
  });

  it('let new ones be new without a look into the database', async () => {
    const store = await grownStore(300);
    const other = hashesOf(1_000, 1);
    await store.learnLeafHashes();
    await store.close();
    assert.deepEqual(await store.log(TREE_ID).indexesOf(other), [undefined]);
    await assert.rejects(store.log(TREE_ID).indexesOf(hashesOf(7, 1)), {
      code: 'STORE_UNAVAILABLE',
    });
  });

  it('are not learnt again when they are known', async () => {
    const store = await grownStore(300);
    await store.learnLeafHashes();
    await store.close();
    await store.learnLeafHashes();
    assert.deepEqual(await store.log(TREE_ID).indexesOf(hashesOf(1_000, 1)), [undefined]);
  });

  it('are not believed when the learning ended early', async () => {
    const store = await grownStore(300);
    await store.learnLeafHashes(AbortSignal.abort());
    await store.close();
    await assert.rejects(store.log(TREE_ID).indexesOf(hashesOf(1_000, 1)), {
      code: 'STORE_UNAVAILABLE',
    });
  });

  it('are no longer gathered when the learning failed or ended early, until it begins anew', async () => {
    const broken = () => Promise.reject(new Error('no'));
    const unread = () => assert.fail('not to be read');
    const known = new KnownLeafHashes();
    const begun = [
      () => assert.rejects(known.learn(1, broken, undefined)),
      () => known.learn(1, unread, AbortSignal.abort()),
    ];
    for (const learn of begun) {
      known.begin(1);
      await learn();
      known.add(new Proxy(hashOf(0), { get: () => assert.fail('not to be gathered') }));
      assert.ok(known.mayHave(hashOf(2)));
    }
    known.begin(1);
    known.add(hashOf(1));
    await known.learn(1, async () => hashOf(0), undefined);
    assert.deepEqual(
      [0, 1, 2].map((number) => known.mayHave(hashOf(number))),
      [true, true, false],
    );
  });
});
