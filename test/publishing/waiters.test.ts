import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Waiters } from '../../src/publishing/waiters.js';

const refusal = (): Error => new Error('too long');

/** Waiters whose time passes when the test says so. */
function scene(overdue: () => Promise<void> = async () => {}) {
  const timers = new Set<() => void>();
  const timing = {
    wallMs: () => 0,
    after(_: number, action: () => void) {
      timers.add(action);
      return () => void timers.delete(action);
    },
  };
  const waiters = new Waiters<{ readonly size: number }>({ timing, waitMs: 1, overdue });
  return { waiters, timers };
}

test('a head is given to those who wait for it or for a smaller one', async () => {
  const { waiters, timers } = scene();
  const [small, same, large] = [1, 5, 6].map((size) => waiters.add(size, refusal));
  waiters.serve({ size: 5 });
  assert.deepEqual(await Promise.all([small, same]), [{ size: 5 }, { size: 5 }]);
  assert.equal(waiters.size, 1);
  assert.equal(timers.size, 1);
  waiters.serve({ size: 7 });
  assert.deepEqual(await large, { size: 7 });
  assert.equal(timers.size, 0);
});

test('who has waited too long is refused, unless that brings the head', async () => {
  const { waiters, timers } = scene(async () => waiters.serve({ size: 1 }));
  const [served, refused] = [waiters.add(1, refusal), waiters.add(2, refusal)];
  for (const passed of timers) passed();
  assert.deepEqual(await served, { size: 1 });
  await assert.rejects(refused, /too long/);
  assert.equal(waiters.size, 0);
});

test('when too many wait, the next is refused at once and the others are not', async () => {
  const { waiters } = scene();
  const waiting = Array.from({ length: 2_048 }, () => waiters.add(1, refusal));
  await assert.rejects(waiters.add(1, refusal), /too long/);
  waiters.serve({ size: 1 });
  assert.equal((await Promise.all(waiting)).length, 2_048);
  const next = waiters.add(2, refusal);
  waiters.refuseAll(refusal);
  await assert.rejects(next, /too long/);
});
