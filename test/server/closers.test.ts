import assert from 'node:assert/strict';
import { it } from 'node:test';
import { type Closers, closeAll } from '../../src/server/closers.js';

it('everything is closed, the last first, and once', async () => {
  const closed: number[] = [];
  const closers: Closers = [1, 2, 3].map((n) => async () => {
    closed.push(n);
  });
  await closeAll(closers);
  await closeAll(closers);
  assert.deepEqual(closed, [3, 2, 1]);
});

it('one that cannot be closed does not keep the others open, and the first error is told', async () => {
  const closed: string[] = [];
  const closers: Closers = ['store', 'log', 'metrics'].map((name) => async () => {
    closed.push(name);
    if (name !== 'store') throw new Error(`${name} hangs`);
  });
  await assert.rejects(closeAll(closers), /metrics hangs/);
  assert.deepEqual(closed, ['metrics', 'log', 'store']);
});
