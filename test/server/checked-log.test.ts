import assert from 'node:assert/strict';
import { it } from 'node:test';
import { isLogError } from '../../src/errors.js';
import type { Log, Readiness } from '../../src/log/log.js';
import { checkedLog, type StoreCheck } from '../../src/server/checked-log.js';

const READY: Readiness = { append: undefined, sign: undefined, read: undefined };

function logWith(trouble: ReturnType<StoreCheck['trouble']>): { log: Log; submitted: unknown[] } {
  const submitted: unknown[] = [];
  const inner = {
    readiness: async () => READY,
    submit: async (proposed: unknown) => {
      submitted.push(proposed);
      return { outcome: 'duplicate', entryID: '', logIndex: 0 };
    },
    submitBatch: async (batch: readonly unknown[]) => {
      submitted.push(...batch);
      return [];
    },
  } as unknown as Log;
  return { log: checkedLog(inner, { trouble: () => trouble }), submitted };
}

const proposed = { kind: 'hashedrekord', apiVersion: '0.0.1', spec: {} };

it('a log whose store is sound is ready and takes submissions', async () => {
  const { log, submitted } = logWith(undefined);
  assert.deepEqual(await log.readiness(), READY);
  await log.submit(proposed);
  await log.submitBatch([proposed], 'per-item');
  assert.equal(submitted.length, 2);
});

it('a log whose store is being checked takes submissions but is not ready', async () => {
  const { log, submitted } = logWith({ reason: 'still checking', isCorrupt: false });
  assert.deepEqual(await log.readiness(), { ...READY, read: 'still checking' });
  await log.submit(proposed);
  assert.equal(submitted.length, 1);
});

it('a log whose store is damaged takes nothing more', async () => {
  const { log, submitted } = logWith({ reason: 'leaf 7 is missing', isCorrupt: true });
  const { append, read } = await log.readiness();
  assert.equal(append, 'leaf 7 is missing');
  assert.equal(read, 'leaf 7 is missing');
  await assert.rejects(log.submit(proposed), (error) => isLogError(error, 'STORE_CORRUPT'));
  const batch = log.submitBatch([proposed], 'per-item');
  await assert.rejects(batch, (error) => isLogError(error, 'STORE_CORRUPT'));
  assert.equal(submitted.length, 0);
});
