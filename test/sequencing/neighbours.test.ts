/** One leaf never decides about its neighbours: what is wrong with it is told to whoever brought it. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LogError } from '../../src/errors.js';
import { weightOf } from '../../src/sequencing/pool.js';
import type { Commit, CommitOutcome, NewLeaf, Store } from '../../src/storage/log-store.js';
import { newStore, TREE_ID } from '../log/log-fixture.js';
import { leafOf, newSequencer } from './sequencer-fixture.js';

/** A store that refuses, before writing, every batch with one of these leaves in it. */
async function refusingStore(bad: readonly NewLeaf[], error: Error): Promise<Store> {
  const store = await newStore();
  const log = store.log(TREE_ID);
  const commit = log.commit.bind(log);
  log.commit = async (batch: Commit): Promise<CommitOutcome> => {
    if (batch.leaves.some((leaf) => bad.includes(leaf))) throw error;
    return commit(batch);
  };
  return store;
}

for (const error of [
  new LogError('STORE_CORRUPT', 'a leaf-hash row does not match its checksum'),
  new RangeError('a leaf that the store does not take'),
]) {
  test(`leaves that the store refuses with ${error.name} are refused alone`, async () => {
    const leaves = Array.from({ length: 100 }, (_, i) => leafOf(`leaf ${i}`));
    const bad = [0, 41, 42, 99].map((i) => leaves[i] as NewLeaf);
    const store = await refusingStore(bad, error);
    const { sequencer, troubles, guard } = await newSequencer({ store });
    const fates = await Promise.allSettled(leaves.map((leaf) => sequencer.add(leaf)));
    fates.forEach((fate, i) => {
      if (fate.status === 'rejected') assert.equal(fate.reason, error);
      assert.equal(fate.status === 'rejected', bad.includes(leaves[i] as NewLeaf), `leaf ${i}`);
    });
    assert.equal(sequencer.head.size, 96);
    assert.equal(guard.size, 96);
    assert.equal(sequencer.trouble(), undefined);
    assert.deepEqual(troubles, []);
  });
}

test('a leaf that no store takes is refused before it waits with others', async () => {
  const { sequencer, released } = await newSequencer();
  const wrong: NewLeaf[] = [
    { ...leafOf('a'), indexKeys: [''] },
    { ...leafOf('b'), indexKeys: ['x'.repeat(4_161)] },
    { ...leafOf('c'), indexKeys: ['k', 'k'] },
    { ...leafOf('d'), hash: new Uint8Array(31) },
  ];
  const refused = wrong.map((leaf) => assert.rejects(sequencer.add(leaf), RangeError));
  const answer = await sequencer.add({ ...leafOf('e'), indexKeys: ['x'.repeat(4_160)] });
  await Promise.all(refused);
  assert.equal(answer.index, 0);
  assert.equal(released.length, 1);
});

test('an error that says nothing about the write is settled by the stored head', async () => {
  const leaf = leafOf('a');
  const store = await refusingStore([leaf], new Error('what is this'));
  const { sequencer, troubles } = await newSequencer({ store });
  await assert.rejects(sequencer.add(leaf), { code: 'COMMIT_UNKNOWN' });
  assert.deepEqual(troubles, ['commit-unknown', 'settled']);
});

test('a search key weighs its row too: entries with many keys fill a batch', async () => {
  const { sequencer, released } = await newSequencer({ limits: { batchBytes: 1_000_000 } });
  const indexKeys = Array.from({ length: 4_096 }, (_, i) => `${i}`);
  const leaves = ['a', 'b', 'c', 'd', 'e'].map((text) => ({ ...leafOf(text), indexKeys }));
  const weight = weightOf(leaves[0] as NewLeaf);
  assert.ok(weight >= 100 * 4_096, `${weight}`);
  await Promise.all(leaves.map((leaf) => sequencer.add(leaf)));
  assert.deepEqual(
    released.map((batch) => batch.leaves.length),
    [2, 2, 1],
  );
});
