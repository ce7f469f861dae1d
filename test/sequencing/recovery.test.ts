import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type ErrorCode, isLogError, LogError } from '../../src/errors.js';
import { judgeStoredHead, LONGEST_PAUSE_MS, readHeadAgain } from '../../src/sequencing/recovery.js';
import type { Store } from '../../src/storage/log-store.js';
import { newStore, TREE_ID } from '../log/log-fixture.js';
import { Gate, leafOf, newSequencer } from './sequencer-fixture.js';

function code(expected: ErrorCode): (error: unknown) => boolean {
  return (error) => isLogError(error, expected);
}

/** A store whose first commit after `arm` has an unknown outcome, and which reopens when `reopens` says so. */
async function failingStore(
  fault: 'before' | 'after',
  reopen: () => 'disk-full' | 'before' | undefined | Promise<'disk-full' | 'before' | undefined>,
): Promise<{ store: Store; arm(): void }> {
  let armed = false;
  const store = await newStore(async (step) => {
    if (step === 'recover') return reopen();
    if (step !== 'commit' || !armed) return undefined;
    armed = false;
    return fault;
  });
  return {
    store,
    arm() {
      armed = true;
    },
  };
}

test('a commit that failed but is in the reopened store is answered as if nothing had happened', async () => {
  const { store, arm } = await failingStore('after', () => undefined);
  const { sequencer, guard, troubles } = await newSequencer({ store });
  await sequencer.add(leafOf('a'));
  arm();
  const answer = await sequencer.add(leafOf('b'));
  assert.deepEqual([answer.outcome, answer.index], ['added', 1]);
  assert.equal(guard.size, 2);
  assert.deepEqual(troubles, ['commit-unknown', 'settled']);
  assert.equal((await sequencer.add(leafOf('c'))).index, 2);
});

test('a commit that is not in the reopened store is refused with a retryable error', async () => {
  const { store, arm } = await failingStore('before', () => undefined);
  const { sequencer, guard } = await newSequencer({ store });
  await sequencer.add(leafOf('a'));
  arm();
  await assert.rejects(sequencer.add(leafOf('b')), code('COMMIT_UNKNOWN'));
  assert.equal(guard.size, 1);
  assert.equal((await sequencer.add(leafOf('b'))).index, 1);
});

test('while the disk is full, submissions get DISK_FULL, and the next one after it is stored', async () => {
  let full = true;
  let paused = (): void => {};
  const firstPause = new Promise<void>((resolve) => {
    paused = resolve;
  });
  const pauses: (() => void)[] = [];
  const { store, arm } = await failingStore('after', () => (full ? 'disk-full' : undefined));
  const { sequencer } = await newSequencer({
    store,
    pause: () =>
      new Promise((resolve) => {
        pauses.push(resolve);
        paused();
      }),
  });
  arm();
  const unknown = sequencer.add(leafOf('a'));
  await firstPause;
  await assert.rejects(sequencer.add(leafOf('b')), code('DISK_FULL'));
  assert.match(sequencer.trouble() ?? '', /space/);
  const joined = sequencer.add(leafOf('a'));
  full = false;
  pauses.shift()?.();
  assert.deepEqual([(await unknown).outcome, (await joined).outcome], ['added', 'duplicate']);
  assert.equal(sequencer.trouble(), undefined);
  assert.equal((await sequencer.add(leafOf('b'))).index, 1);
});

test('what waited behind a failed batch is refused once the store does not reopen', async () => {
  let attempts = 0;
  const { store, arm } = await failingStore('before', () =>
    ++attempts < 3 ? 'before' : undefined,
  );
  const { sequencer } = await newSequencer({ store, limits: { batchEntries: 1 } });
  arm();
  const [failed, waiting] = await Promise.allSettled([
    sequencer.add(leafOf('a')),
    sequencer.add(leafOf('b')),
  ]);
  assert.ok(failed.status === 'rejected' && isLogError(failed.reason, 'COMMIT_UNKNOWN'));
  assert.ok(waiting.status === 'rejected' && isLogError(waiting.reason, 'STORE_UNAVAILABLE'));
  assert.equal((await sequencer.add(leafOf('b'))).index, 0);
});

test('patience ends: waiters are told that the outcome is not known, and the batch may still be there', async () => {
  let attempts = 0;
  const { store, arm } = await failingStore('after', () =>
    ++attempts < 12 ? 'before' : undefined,
  );
  const { sequencer, released } = await newSequencer({ store, patienceMs: 1_000 });
  arm();
  await assert.rejects(sequencer.add(leafOf('a')), code('COMMIT_UNKNOWN'));
  assert.ok(attempts < 12);
  for (let i = 0; i < 100 && sequencer.trouble() !== undefined; i++) await Promise.resolve();
  const answer = await sequencer.add(leafOf('a'));
  assert.deepEqual([answer.outcome, answer.index], ['duplicate', 0]);
  assert.equal(released.length, 1);
});

test('closing during an outage tries once more, answers everybody, and returns', async () => {
  let paused = (): void => {};
  const firstPause = new Promise<void>((resolve) => {
    paused = resolve;
  });
  const { store, arm } = await failingStore('after', () => 'before');
  const { sequencer } = await newSequencer({
    store,
    pause: (_ms, signal) =>
      new Promise((resolve) => {
        signal.addEventListener('abort', () => resolve());
        paused();
      }),
  });
  arm();
  const unknown = sequencer.add(leafOf('a'));
  unknown.catch(() => {});
  await firstPause;
  await sequencer.close();
  await assert.rejects(unknown, code('COMMIT_UNKNOWN'));
});

test('a store that is corrupt after a reopen halts the writer', async () => {
  const { store, arm } = await failingStore('before', () => undefined);
  const { sequencer } = await newSequencer({ store });
  await sequencer.add(leafOf('a'));
  arm();
  store.recover = async () => {
    throw new LogError('STORE_CORRUPT', 'batch 1 is missing');
  };
  await assert.rejects(sequencer.add(leafOf('b')), code('COMMIT_UNKNOWN'));
  await assert.rejects(sequencer.add(leafOf('c')), code('STORE_UNAVAILABLE'));
  assert.match(sequencer.trouble() ?? '', /halted: .*batch 1 is missing/);
});

test('a head that is neither the old nor the attempted one halts the writer', async () => {
  const { store, arm } = await failingStore('before', () => undefined);
  const { sequencer, guard } = await newSequencer({ store });
  await sequencer.add(leafOf('a'));
  arm();
  const log = store.log(TREE_ID);
  log.head = async () => ({
    size: 0,
    root: new Uint8Array(32),
    frontier: [],
    integratedTimeSeconds: 0,
    batch: 0,
  });
  await assert.rejects(sequencer.add(leafOf('b')), code('COMMIT_UNKNOWN'));
  assert.match(sequencer.trouble() ?? '', /size 0, neither 1 nor 2/);
  assert.equal(guard.size, 1);
});

test('a store that failed outside a commit is reopened before the next one', async () => {
  let failLate = true;
  const store = await newStore((step) => {
    if (step !== 'late' || !failLate) return undefined;
    failLate = false;
    return 'before';
  });
  const { sequencer, troubles } = await newSequencer({ store });
  await assert.rejects(store.log(TREE_ID).late({}));
  assert.equal(store.failed, true);
  assert.equal((await sequencer.add(leafOf('a'))).index, 0);
  assert.deepEqual(troubles, []);
});

test('a commit that finds the store failed by late rows is made once it is reopened', async () => {
  const held = new Gate();
  held.close();
  const store = await newStore(async (step) => {
    if (step === 'commit') await held.pass();
    return step === 'late' ? 'before' : undefined;
  });
  const { sequencer, troubles } = await newSequencer({ store });
  const answer = sequencer.add(leafOf('a'));
  await held.arrival;
  await assert.rejects(store.log(TREE_ID).late({}));
  assert.match(sequencer.trouble() ?? '', /being reopened/);
  held.open();
  assert.deepEqual([(await answer).outcome, (await answer).index], ['added', 0]);
  assert.deepEqual([sequencer.trouble(), troubles], [undefined, []]);
});

test('a full disk that the store saw before writing is DISK_FULL, and needs no reopening', async () => {
  let full = true;
  const store = await newStore((step) => (step === 'commit' && full ? 'disk-full' : undefined));
  const { sequencer } = await newSequencer({ store });
  await assert.rejects(sequencer.add(leafOf('a')), code('DISK_FULL'));
  full = false;
  assert.equal((await sequencer.add(leafOf('a'))).index, 0);
});

test('attempts to reopen back off to a bound', async () => {
  const store = await newStore();
  let attempts = 0;
  const pauses: number[] = [];
  Object.defineProperty(store, 'failed', { value: true });
  store.recover = async () => {
    if (++attempts <= 10) throw new Error('not yet');
  };
  await readHeadAgain({
    store,
    log: store.log(TREE_ID),
    signal: new AbortController().signal,
    pause: async (ms) => {
      pauses.push(ms);
    },
    failedAttempt: () => {},
  });
  assert.deepEqual(pauses.slice(0, 4), [100, 200, 400, 800]);
  assert.equal(pauses.at(-1), LONGEST_PAUSE_MS);
  assert.equal(pauses.length, 10);
});

test('two logs that find their store failed reopen it once', async () => {
  let recoveries = 0;
  let failed = true;
  const store = await newStore();
  Object.defineProperty(store, 'failed', { get: () => failed });
  store.recover = async () => {
    recoveries += 1;
    await Promise.resolve();
    failed = false;
  };
  const options = {
    store,
    log: store.log(TREE_ID),
    signal: new AbortController().signal,
    pause: async () => {},
    failedAttempt: () => {},
  };
  await Promise.all([readHeadAgain(options), readHeadAgain(options)]);
  assert.equal(recoveries, 1);
});

test('a stored head is judged by size, root and batch together', () => {
  const head = (size: number, batch: number, octet: number) => ({
    size,
    batch,
    root: new Uint8Array(32).fill(octet),
    frontier: [],
    integratedTimeSeconds: 0,
  });
  const before = head(5, 2, 1);
  const attempted = head(7, 3, 2);
  assert.equal(judgeStoredHead(head(7, 3, 2), before, attempted), 'committed');
  assert.equal(judgeStoredHead(head(5, 2, 1), before, attempted), 'not committed');
  for (const stored of [
    head(7, 3, 1),
    head(7, 2, 2),
    head(5, 2, 2),
    head(6, 3, 2),
    head(5, 3, 1),
  ]) {
    assert.equal(judgeStoredHead(stored, before, attempted), 'foreign');
  }
});
