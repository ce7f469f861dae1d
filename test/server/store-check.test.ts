import assert from 'node:assert/strict';
import { it } from 'node:test';
import { LogError } from '../../src/errors.js';
import { startStoreCheck } from '../../src/server/store-check.js';

/** A store whose checks end as listed, one after the other. */
function storeWith(...ends: readonly (Error | undefined)[]) {
  const left = [...ends];
  let checks = 0;
  return {
    checks: () => checks,
    failed: false,
    recover: async (): Promise<void> => undefined,
    learnLeafHashes: async (): Promise<void> => undefined,
    deepCheck: async () => {
      checks += 1;
      const end = left.shift();
      if (end !== undefined) throw end;
    },
  };
}

const unexpected = (): never => assert.fail('not to be called');
const unavailable = () => new LogError('STORE_UNAVAILABLE', 'the store waits to be reopened');

it('a check that found nothing is done', async () => {
  const store = storeWith(undefined);
  const check = startStoreCheck(store, unexpected, unexpected);
  assert.match(check.trouble()?.reason ?? '', /still being checked/);
  await new Promise(setImmediate);
  assert.equal(check.trouble(), undefined);
  await check.stop();
  assert.equal(store.checks(), 1);
});

it('a check that could not be done is done again, later and later, until it is', async () => {
  const failures = Array.from({ length: 8 }, (_, i) =>
    i === 3 ? new Error('odd') : unavailable(),
  );
  const store = storeWith(...failures);
  const told: unknown[] = [];
  const waits: number[] = [];
  const troubles: unknown[] = [];
  const check = startStoreCheck(
    store,
    async (ms) => {
      waits.push(ms);
      troubles.push(check.trouble());
    },
    (error) => told.push(error),
  );
  for (let i = 0; check.trouble() !== undefined && i < 100; i++) await new Promise(setImmediate);
  assert.equal(check.trouble(), undefined);
  assert.deepEqual(told, failures);
  assert.deepEqual(waits, [1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000]);
  assert.deepEqual(troubles[0], { reason: 'the store waits to be reopened', isCorrupt: false });
});

it('damage is a verdict: nothing is tried again', async () => {
  const store = storeWith(unavailable(), new LogError('STORE_CORRUPT', 'leaf 7 is missing'));
  const told: unknown[] = [];
  const check = startStoreCheck(
    store,
    async () => {},
    (error) => told.push(error),
  );
  for (let i = 0; i < 20; i++) await new Promise(setImmediate);
  assert.deepEqual(check.trouble(), { reason: 'leaf 7 is missing', isCorrupt: true });
  assert.equal(store.checks(), 2);
  assert.equal(told.length, 2);
});

it('a stop ends the check, also one that waits, and says nothing of the store', async () => {
  const store = storeWith(unavailable(), undefined);
  const check = startStoreCheck(
    store,
    (_, signal) => new Promise((resolve) => signal.addEventListener('abort', () => resolve())),
    () => {},
  );
  await new Promise(setImmediate);
  await check.stop();
  assert.equal(store.checks(), 1);
  assert.notEqual(check.trouble(), undefined);
});

it('a check that is ended early leaves the store unchecked', async () => {
  const store = {
    ...storeWith(),
    // As the store does it: an abort ends the check without an error.
    deepCheck: ({ signal }: { signal?: AbortSignal } = {}) =>
      new Promise<void>((resolve) => signal?.addEventListener('abort', () => resolve())),
  };
  const check = startStoreCheck(store, unexpected, unexpected);
  await check.stop();
  assert.match(check.trouble()?.reason ?? '', /still being checked/);
});

it('a store that a check left failed is recovered before the next one', async () => {
  const store = storeWith(unavailable(), undefined);
  store.recover = async () => {
    store.failed = false;
  };
  const check = startStoreCheck(
    store,
    async () => {
      store.failed = true;
    },
    () => undefined,
  );
  for (let i = 0; check.trouble() !== undefined && i < 100; i++) await new Promise(setImmediate);
  assert.equal(check.trouble(), undefined);
  assert.equal(store.failed, false);
  assert.equal(store.checks(), 2);
});

it('a store that was checked learns its leaf hashes, and is sound when it cannot', async () => {
  const store = storeWith(undefined);
  const refusal = unavailable();
  store.learnLeafHashes = () => Promise.reject(refusal);
  const told: unknown[] = [];
  const check = startStoreCheck(store, unexpected, (error) => told.push(error));
  for (let i = 0; told.length === 0 && i < 100; i++) await new Promise(setImmediate);
  assert.deepEqual(told, [refusal]);
  assert.equal(check.trouble(), undefined);
});

it('a damaged store learns nothing', async () => {
  const store = storeWith(new LogError('STORE_CORRUPT', 'leaf 7 is missing'));
  store.learnLeafHashes = unexpected;
  const told: unknown[] = [];
  const check = startStoreCheck(store, unexpected, (error) => told.push(error));
  await check.stop();
  for (let i = 0; told.length === 0 && i < 100; i++) await new Promise(setImmediate);
  assert.equal(told.length, 1);
});
