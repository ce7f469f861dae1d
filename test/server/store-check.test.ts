import assert from 'node:assert/strict';
import { it } from 'node:test';
import { LogError } from '../../src/errors.js';
import { type RunningStoreCheck, startStoreCheck } from '../../src/server/store-check.js';

interface Ends {
  readonly checks?: readonly Error[];
  readonly lessons?: readonly Error[];
}

/** A store whose checks and lessons fail as listed, one after the other, and then succeed. */
function storeWith({ checks = [], lessons = [] }: Ends = {}) {
  const begun = { checks: 0, lessons: 0 };
  return {
    begun,
    failed: false,
    recover: async (): Promise<void> => undefined,
    async deepCheck(): Promise<void> {
      const failure = checks[begun.checks++];
      if (failure !== undefined) throw failure;
    },
    async learnLeafHashes(): Promise<void> {
      const failure = lessons[begun.lessons++];
      if (failure !== undefined) throw failure;
    },
  };
}

/** A check that never waits, and what it said: of failures, and of the store whenever it would wait. */
function start(store: Parameters<typeof startStoreCheck>[0]) {
  const told: unknown[] = [];
  const waits: [ms: number, trouble: ReturnType<RunningStoreCheck['trouble']>][] = [];
  const check = startStoreCheck(
    store,
    async (ms) => {
      waits.push([ms, check.trouble()]);
    },
    (...failure) => told.push(failure),
  );
  return { check, told, waits };
}

/** Lets all that does not wait for time come to its end. */
async function settled(): Promise<void> {
  for (let i = 0; i < 100; i++) await new Promise(setImmediate);
}

const unexpected = (): never => assert.fail('not to be called');
const untilStopped = (_: number, signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => signal.addEventListener('abort', () => resolve()));

const unavailable = () => new LogError('STORE_UNAVAILABLE', 'the store waits to be reopened');
const corrupt = () => new LogError('STORE_CORRUPT', 'leaf 7 is missing');
const DAMAGE = { reason: 'leaf 7 is missing', isCorrupt: true };
const UNCHECKED = 'the check of the store failed';
const UNLEARNT = 'the leaf hashes could not be read into memory';

it('a check that found nothing is done', async () => {
  const store = storeWith();
  const check = startStoreCheck(store, unexpected, unexpected);
  assert.match(check.trouble()?.reason ?? '', /still being checked/);
  await new Promise(setImmediate);
  assert.equal(check.trouble(), undefined);
  await check.stop();
  assert.equal(store.begun.checks, 1);
});

it('a check that could not be done is done again, later and later, until it is', async () => {
  const failures = Array.from({ length: 8 }, (_, i) =>
    i === 3 ? new Error('odd') : unavailable(),
  );
  const { check, told, waits } = start(storeWith({ checks: failures }));
  await settled();
  assert.equal(check.trouble(), undefined);
  assert.deepEqual(
    told,
    failures.map((failure) => [UNCHECKED, failure]),
  );
  const seconds = waits.map(([ms]) => ms / 1_000);
  assert.deepEqual(seconds, [1, 2, 4, 8, 16, 32, 60, 60]);
  assert.deepEqual(waits[0]?.[1], { reason: 'the store waits to be reopened', isCorrupt: false });
});

it('damage is a verdict: nothing is tried again, and nothing is learnt', async () => {
  const store = storeWith({ checks: [unavailable(), corrupt()] });
  const { check, told } = start(store);
  await settled();
  assert.deepEqual(check.trouble(), DAMAGE);
  assert.deepEqual(store.begun, { checks: 2, lessons: 0 });
  assert.equal(told.length, 2);
});

it('a stop ends the check, also one that waits, and says nothing of the store', async () => {
  const store = storeWith({ checks: [unavailable()] });
  const check = startStoreCheck(store, untilStopped, () => {});
  await settled();
  await check.stop();
  assert.deepEqual(store.begun, { checks: 1, lessons: 0 });
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
  assert.equal(store.begun.lessons, 0);
});

for (const step of ['checks', 'lessons'] as const) {
  it(`a store that failed is recovered before the next attempt, ${step}`, async () => {
    const store = storeWith({ [step]: [unavailable()] });
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
    await settled();
    assert.equal(check.trouble(), undefined);
    assert.equal(store.failed, false);
    assert.equal(store.begun[step], 2);
  });
}

it('a store that was checked learns its leaf hashes, and is sound while it cannot', async () => {
  const failures = [unavailable(), new Error('odd'), unavailable()];
  const store = storeWith({ lessons: failures });
  const { check, told, waits } = start(store);
  await settled();
  assert.deepEqual(store.begun, { checks: 1, lessons: 4 });
  assert.deepEqual(
    told,
    failures.map((failure) => [UNLEARNT, failure]),
  );
  assert.deepEqual(waits, [
    [1_000, undefined],
    [2_000, undefined],
    [4_000, undefined],
  ]);
  assert.equal(check.trouble(), undefined);
});

it('damage that is met while learning is a verdict too', async () => {
  const failures = [unavailable(), corrupt()];
  const store = storeWith({ lessons: failures });
  const { check, told } = start(store);
  await settled();
  assert.deepEqual(check.trouble(), DAMAGE);
  assert.equal(store.begun.lessons, 2);
  assert.deepEqual(told.at(-1), [UNLEARNT, failures[1]]);
});

it('a stop ends learning that waits to be tried again', async () => {
  const store = storeWith({ lessons: [unavailable()] });
  const check = startStoreCheck(store, untilStopped, () => {});
  await settled();
  await check.stop();
  assert.equal(store.begun.lessons, 1);
});
