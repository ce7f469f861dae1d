/** The pool alone: which of equal entries is joined, and what is counted. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  DEFAULT_POOL_LIMITS,
  Pool,
  type Sequenced,
  type Waiter,
} from '../../src/sequencing/pool.js';
import { EMPTY_HEAD } from '../../src/storage/commit-shape.js';
import { leafOf } from './sequencer-fixture.js';

function added(index: number): Sequenced {
  return { outcome: 'added', index, integratedTimeSeconds: 1, head: EMPTY_HEAD };
}

function answerAll(pool: Pool, batch: readonly Waiter[], from: number): void {
  for (const [i, waiter] of batch.entries()) pool.answer(waiter, added(from + i));
}

test('an entry that has its answer leaves the place of a newer equal one alone', async () => {
  const pool = new Pool(DEFAULT_POOL_LIMITS);
  const leaf = leafOf('same');
  const first = pool.add(leaf);
  const written = pool.takeBatch();
  const group = pool.addGroup([leaf, leafOf('other')]);
  const second = pool.add(leaf);
  answerAll(pool, written, 0);
  assert.equal((await first).outcome, 'added');
  assert.ok(pool.has(leaf));
  const third = pool.add(leaf);
  // It has joined: three wait for a batch, not four.
  assert.equal(pool.waiting, 3);
  answerAll(pool, pool.takeBatch(), 1);
  answerAll(pool, pool.takeBatch(), 7);
  assert.deepEqual(
    [...(await group), await second, await third].map(({ outcome, index }) => [outcome, index]),
    [
      ['added', 1],
      ['added', 2],
      ['added', 7],
      ['duplicate', 7],
    ],
  );
  assert.ok(!pool.has(leaf));
  assert.deepEqual(pool.held, { entries: 0, bytes: 0 });
});

test('an entry does not join a group, whose failure is none of its business', async () => {
  const pool = new Pool(DEFAULT_POOL_LIMITS);
  const leaf = leafOf('same');
  const group = pool.addGroup([leaf, leafOf('other')]);
  assert.ok(!pool.has(leaf));
  const alone = pool.add(leaf);
  assert.ok(pool.has(leaf));
  const failed = assert.rejects(group, /no/);
  for (const waiter of pool.takeBatch()) pool.refuse(waiter, new Error('no'));
  await failed;
  answerAll(pool, pool.takeBatch(), 0);
  assert.equal((await alone).outcome, 'added');
  assert.deepEqual(pool.held, { entries: 0, bytes: 0 });
});

test('what is refused for want of room is not counted', () => {
  const pool = new Pool({ ...DEFAULT_POOL_LIMITS, maxEntries: 2, maxBytes: 8 });
  assert.throws(() => pool.addGroup([leafOf('1'), leafOf('2'), leafOf('3')]));
  assert.throws(() => pool.addGroup([leafOf('12345'), leafOf('6789')]));
  assert.deepEqual(pool.held, { entries: 0, bytes: 0 });
  void pool.add(leafOf('123456'));
  assert.throws(() => pool.addGroup([leafOf('789')]));
  assert.throws(() => pool.add(leafOf('789')));
  assert.deepEqual(pool.held, { entries: 1, bytes: 6 });
  assert.equal(pool.waiting, 1);
});
