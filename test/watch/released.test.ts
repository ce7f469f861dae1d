import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fromUtf8 } from '../../src/encoding/bytes.js';
import { Watch } from '../../src/watch/watch.js';
import { watchedDesk } from '../../src/watch/watched-source.js';
import { FakeGuard, newStore, openTestDesks, proposal, TREE_ID } from '../log/log-fixture.js';
import { describe, leafOf } from './made-leaves.js';

test('nobody is told of an entry before it is committed and the guard has moved', async (t) => {
  const guard = new FakeGuard();
  const move = guard.move.bind(guard);
  let moveNow = (): void => {};
  let isAsked = (): void => {};
  const asked = new Promise<void>((resolve) => {
    isAsked = resolve;
  });
  const told: number[] = [];
  const watched: { watch?: Watch } = {};
  const { rekorSide } = await openTestDesks(await newStore(), {
    guard,
    observer: { released: (batch) => watched.watch?.released(TREE_ID, batch) },
  });
  t.after(() => rekorSide.close());
  const watch = new Watch({
    sources: [watchedDesk(rekorSide, () => 'https://log.example')],
    describe,
    maxSubscribers: 2,
    nowMs: () => 0,
    pause: async () => {},
    trouble: (error) => assert.fail(`${error}`),
  });
  t.after(() => watch.close());
  watched.watch = watch;
  let hears = (): void => {};
  const heard = new Promise<void>((resolve) => {
    hears = resolve;
  });
  const sink = {
    take(index: number) {
      told.push(index);
      hears();
      return true;
    },
    ready: async () => true,
    reached: () => {},
    ended: () => {},
  };
  watch.subscribe(TREE_ID, {}).follow(0, sink);
  guard.move = async (head) => {
    isAsked();
    await new Promise<void>((resolve) => {
      moveNow = resolve;
    });
    return move(head);
  };
  const submitted = rekorSide.submit(proposal(fromUtf8(leafOf({ email: ['alice@x'] }))));
  await asked;
  // The batch is in the store. Whoever comes now sees no more than whoever was there.
  watch.subscribe(TREE_ID, {}).follow(0, sink);
  for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual([told, watch.treeSize(TREE_ID)], [[], 0]);
  moveNow();
  await Promise.all([submitted, heard]);
  for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual(told, [0, 0]);
});
