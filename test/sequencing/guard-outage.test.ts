/** A guard that cannot be written: nothing is shown, and the same move is tried until it succeeds. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type ErrorCode, isLogError } from '../../src/errors.js';
import { openSequencer } from '../../src/sequencing/sequencer.js';
import { FakeClock, TREE_ID } from '../log/log-fixture.js';
import { leafOf, newSequencer } from './sequencer-fixture.js';

function code(expected: ErrorCode): (error: unknown) => boolean {
  return (error) => isLogError(error, expected);
}

/** Pauses that a test ends one by one. */
class Pauses {
  readonly waits: number[] = [];
  #ends: (() => void)[] = [];
  #arrived: (() => void) | undefined;

  readonly pause = (ms: number, signal: AbortSignal): Promise<void> =>
    new Promise((resolve) => {
      this.waits.push(ms);
      this.#ends.push(resolve);
      signal.addEventListener('abort', () => resolve());
      this.#arrived?.();
    });

  /** Ends the pause under way and returns when the next one begins. */
  async next(): Promise<void> {
    const arrival = this.arrival();
    this.end();
    await arrival;
  }

  end(): void {
    this.#ends.shift()?.();
  }

  arrival(): Promise<void> {
    return new Promise((resolve) => {
      this.#arrived = resolve;
    });
  }
}

test('a batch whose guard moves at a later attempt is answered as if nothing had happened', async () => {
  const pauses = new Pauses();
  const { sequencer, guard, released, troubles, store } = await newSequencer(pauses);
  await sequencer.add(leafOf('a'));
  guard.fault = 'before';
  guard.times = 3;
  const arrival = pauses.arrival();
  const answer = sequencer.add(leafOf('b'));
  await arrival;
  assert.equal((await store.log(TREE_ID).head()).size, 2);
  assert.deepEqual([sequencer.head.size, released.length, guard.size], [1, 1, 1]);
  assert.match(sequencer.trouble() ?? '', /guard cannot be written/);
  await assert.rejects(sequencer.add(leafOf('c')), code('STORE_UNAVAILABLE'));
  await pauses.next();
  await pauses.next();
  pauses.end();
  assert.deepEqual([(await answer).outcome, (await answer).index], ['added', 1]);
  assert.deepEqual(pauses.waits, [100, 200, 400]);
  assert.deepEqual(troubles, ['guard-failed', 'guard-failed', 'guard-failed', 'resumed']);
  assert.deepEqual([sequencer.head.size, guard.size, sequencer.trouble()], [2, 2, undefined]);
  assert.equal((await sequencer.add(leafOf('c'))).index, 2);
});

test('patience ends before the guard is back: the outcome is unknown, later a duplicate', async () => {
  const pauses = new Pauses();
  const { sequencer, guard, released } = await newSequencer({ ...pauses, patienceMs: 300 });
  guard.fault = 'before';
  guard.times = Number.POSITIVE_INFINITY;
  const arrival = pauses.arrival();
  const unknown = assert.rejects(sequencer.add(leafOf('a')), code('COMMIT_UNKNOWN'));
  await arrival;
  await pauses.next();
  assert.equal(sequencer.held.entries, 1);
  await pauses.next();
  await unknown;
  assert.equal(sequencer.held.entries, 0);
  guard.fault = undefined;
  pauses.end();
  for (let i = 0; i < 100 && released.length === 0; i++) await Promise.resolve();
  assert.deepEqual([released.length, sequencer.head.size, sequencer.trouble()], [1, 1, undefined]);
  assert.deepEqual((await sequencer.add(leafOf('a'))).outcome, 'duplicate');
});

test('closing while the guard cannot be written answers everybody; a start moves the guard', async () => {
  const pauses = new Pauses();
  const { sequencer, guard, store } = await newSequencer(pauses);
  guard.fault = 'before';
  guard.times = Number.POSITIVE_INFINITY;
  const arrival = pauses.arrival();
  const unknown = assert.rejects(sequencer.add(leafOf('a')), code('COMMIT_UNKNOWN'));
  await arrival;
  await sequencer.close();
  await unknown;
  assert.equal(guard.size, 0);
  guard.fault = undefined;
  const clock = new FakeClock();
  const again = await openSequencer({ store, treeID: TREE_ID, guard, clock, ...pauses });
  assert.deepEqual([guard.size, again.head.size], [1, 1]);
});
