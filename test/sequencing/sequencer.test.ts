import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type ErrorCode, isLogError } from '../../src/errors.js';
import { openSequencer } from '../../src/sequencing/sequencer.js';
import type { Head, Store } from '../../src/storage/log-store.js';
import { FakeClock, FakeGuard, newStore, TREE_ID } from '../log/log-fixture.js';
import { Gate, leafOf, newSequencer } from './sequencer-fixture.js';

function code(expected: ErrorCode): (error: unknown) => boolean {
  return (error) => isLogError(error, expected);
}

test('an entry is committed at once when nothing else is under way', async () => {
  const { sequencer, released, clock } = await newSequencer();
  const answer = await sequencer.add(leafOf('a'));
  assert.equal(answer.outcome, 'added');
  assert.equal(answer.index, 0);
  assert.equal(answer.head.size, 1);
  assert.equal(released.length, 1);
  assert.equal(answer.head.integratedTimeSeconds, Math.floor(clock.wall / 1000));
});

test('what arrives while a batch is being written becomes the next batch, in order', async () => {
  const { sequencer, released, commits } = await newSequencer();
  commits.close();
  const first = sequencer.add(leafOf('first'));
  await commits.arrival;
  const others = ['b', 'c', 'd'].map((text) => sequencer.add(leafOf(text)));
  commits.open();
  const answers = await Promise.all([first, ...others]);
  assert.deepEqual(
    released.map((batch) => [batch.from, batch.leaves.length]),
    [
      [0, 1],
      [1, 3],
    ],
  );
  assert.deepEqual(
    answers.map((answer) => answer.index),
    [0, 1, 2, 3],
  );
});

test('a batch ends at its count and before its bytes, and a larger entry goes alone', async () => {
  const limits = { batchEntries: 3, batchBytes: 100 };
  const { sequencer, released } = await newSequencer({ limits });
  const texts = [
    ...['1', '2', '3', '4'],
    ...['a'.repeat(50), 'b'.repeat(50), 'c'],
    ...['d'.repeat(101), 'e'.repeat(1)],
    ...['f'.repeat(100), 'g'],
  ];
  await Promise.all(texts.map((text) => sequencer.add(leafOf(text))));
  const lengths = released.map((batch) => batch.leaves.map((leaf) => leaf.bytes.length));
  assert.deepEqual(lengths, [[1, 1, 1], [1, 50], [50, 1], [101], [1], [100], [1]]);
});

test('by default a batch ends at 1,024 entries', async () => {
  const { sequencer, released } = await newSequencer();
  const texts = Array.from({ length: 2_100 }, (_, i) => `entry ${i}`);
  await Promise.all(texts.map((text) => sequencer.add(leafOf(text))));
  assert.deepEqual(
    released.map((batch) => batch.leaves.length),
    [1_024, 1_024, 52],
  );
});

test('answers come after the guard, and no head is shown before', async () => {
  const guard = new FakeGuard();
  let letGo = (): void => {};
  const held = new Promise<void>((resolve) => {
    letGo = resolve;
  });
  let arrived = (): void => {};
  const arrival = new Promise<void>((resolve) => {
    arrived = resolve;
  });
  const { sequencer, store, released } = await newSequencer({
    guard: {
      async move(head: Head) {
        if (head.size > 0) {
          arrived();
          await held;
        }
        await guard.move(head);
      },
    },
  });
  let answered = false;
  const answer = sequencer.add(leafOf('a')).then(() => {
    answered = true;
  });
  await arrival;
  assert.equal((await store.log(TREE_ID).head()).size, 1);
  assert.equal(sequencer.head.size, 0);
  assert.equal(released.length, 0);
  assert.equal(answered, false);
  letGo();
  await answer;
  assert.equal(guard.size, 1);
  assert.equal(sequencer.head.size, 1);
});

test('a batch is answered while the next one is being written', async () => {
  const second = new Gate();
  second.close();
  let commits = 0;
  const store = await newStore(async (step) => {
    if (step === 'commit' && ++commits === 2) await second.pass();
    return undefined;
  });
  const { sequencer } = await newSequencer({ store, limits: { batchEntries: 40 } });
  const texts = Array.from({ length: 41 }, (_, i) => `entry ${i}`);
  const [last, ...batch] = texts.map((text) => sequencer.add(leafOf(text))).reverse();
  await second.arrival;
  const answers = await Promise.all(batch);
  assert.ok(answers.every((answer) => answer.outcome === 'added' && answer.head.size === 40));
  assert.equal(sequencer.head.size, 40);
  second.open();
  assert.equal((await last)?.index, 40);
});

test('an entry equal to one in flight waits for it and is its duplicate', async () => {
  const { sequencer, commits, released } = await newSequencer();
  commits.close();
  const first = sequencer.add(leafOf('same'));
  await commits.arrival;
  let joinedAnswered = false;
  const joined = sequencer.add(leafOf('same')).then((answer) => {
    joinedAnswered = true;
    return answer;
  });
  const waiting = [sequencer.add(leafOf('other')), sequencer.add(leafOf('other'))];
  await Promise.resolve();
  assert.equal(joinedAnswered, false);
  commits.open();
  assert.deepEqual([(await first).outcome, (await first).index], ['added', 0]);
  const { outcome, index, head } = await joined;
  assert.deepEqual([outcome, index, head.size], ['duplicate', 0, 1]);
  const others = await Promise.all(waiting);
  assert.deepEqual(
    others.map((answer) => [answer.outcome, answer.index]),
    [
      ['added', 1],
      ['duplicate', 1],
    ],
  );
  assert.equal(released.length, 2);
});

test('an entry that the log has is a duplicate, and the rest of its batch is added', async () => {
  const { sequencer } = await newSequencer();
  await sequencer.add(leafOf('a'));
  await sequencer.add(leafOf('b'));
  const answers = await Promise.all(
    ['x', 'b', 'y', 'a'].map((text) => sequencer.add(leafOf(text))),
  );
  assert.deepEqual(
    answers.map((answer) => [answer.outcome, answer.index]),
    [
      ['added', 2],
      ['duplicate', 1],
      ['added', 3],
      ['duplicate', 0],
    ],
  );
  assert.equal(sequencer.head.size, 4);
});

test('a batch of nothing but duplicates commits nothing', async () => {
  const { sequencer, released } = await newSequencer();
  await sequencer.add(leafOf('a'));
  const answer = await sequencer.add(leafOf('a'));
  assert.equal(answer.outcome, 'duplicate');
  assert.equal(released.length, 1);
});

test('the pool refuses at its count and takes again when answers have gone out', async () => {
  const { sequencer, commits } = await newSequencer({ limits: { maxEntries: 3 } });
  commits.close();
  const taken = [
    sequencer.add(leafOf('a')),
    sequencer.add(leafOf('b')),
    sequencer.add(leafOf('a')),
  ];
  await assert.rejects(sequencer.add(leafOf('c')), code('OVERLOADED'));
  assert.throws(() => sequencer.assertAdmits(), code('OVERLOADED'));
  assert.equal(sequencer.held.entries, 3);
  commits.open();
  await Promise.all(taken);
  assert.deepEqual(sequencer.held, { entries: 0, bytes: 0 });
  assert.equal((await sequencer.add(leafOf('c'))).index, 2);
});

test('the pool refuses at its bytes, and takes one larger entry when it is empty', async () => {
  const { sequencer, commits } = await newSequencer({ limits: { maxBytes: 10 } });
  commits.close();
  const taken = [sequencer.add(leafOf('12345')), sequencer.add(leafOf('67890'))];
  await assert.rejects(sequencer.add(leafOf('x')), code('OVERLOADED'));
  commits.open();
  await Promise.all(taken);
  assert.equal((await sequencer.add(leafOf('x'.repeat(11)))).outcome, 'added');
});

test('close commits what waits, answers it, and refuses what comes later', async () => {
  const { sequencer, commits } = await newSequencer({ limits: { batchEntries: 2 } });
  commits.close();
  const waiting = ['a', 'b', 'c', 'd', 'e'].map((text) => sequencer.add(leafOf(text)));
  const closing = sequencer.close();
  await assert.rejects(sequencer.add(leafOf('late')), code('SHUTTING_DOWN'));
  await assert.rejects(sequencer.add(leafOf('a')), code('SHUTTING_DOWN'));
  assert.equal(sequencer.trouble(), 'the log is shutting down');
  commits.open();
  await closing;
  const answers = await Promise.all(waiting);
  assert.deepEqual(
    answers.map((answer) => answer.index),
    [0, 1, 2, 3, 4],
  );
  assert.equal(sequencer.head.size, 5);
});

test('integrated times follow the clock and never decrease with the index', async () => {
  const { sequencer, clock, released } = await newSequencer();
  await sequencer.add(leafOf('a'));
  clock.advance(3_000);
  await sequencer.add(leafOf('b'));
  clock.advance(-2_500);
  await sequencer.add(leafOf('c'));
  clock.advance(1_000);
  await sequencer.add(leafOf('d'));
  const start = 1_800_000_000;
  assert.deepEqual(
    released.map((batch) => batch.head.integratedTimeSeconds - start),
    [0, 3, 3, 3],
  );
});

test('a clock that jumped refuses entries until it is right again, and says so', async () => {
  const { sequencer, clock, released } = await newSequencer();
  await sequencer.add(leafOf('a'));
  clock.wall += 10_001;
  await assert.rejects(sequencer.add(leafOf('b')), code('CLOCK_UNTRUSTED'));
  assert.match(sequencer.trouble() ?? '', /clock/);
  clock.wall -= 10_001;
  assert.equal(sequencer.trouble(), undefined);
  assert.equal((await sequencer.add(leafOf('b'))).index, 1);
  assert.equal(released.length, 2);
});

test('a clock that jumps while entries wait refuses them before anything is written', async () => {
  const { sequencer, clock, commits } = await newSequencer();
  commits.close();
  const first = sequencer.add(leafOf('a'));
  await commits.arrival;
  const second = sequencer.add(leafOf('b'));
  clock.wall += 3_600_000;
  commits.open();
  assert.equal((await first).outcome, 'added');
  await assert.rejects(second, code('CLOCK_UNTRUSTED'));
  clock.wall -= 3_600_000;
  assert.equal((await sequencer.add(leafOf('b'))).index, 1);
});

test('a stored frontier that is not the one of the root keeps the writer from opening', async () => {
  const { sequencer, store } = await newSequencer();
  await sequencer.add(leafOf('a'));
  const head = await store.log(TREE_ID).head();
  for (const damaged of [
    { ...head, frontier: [new Uint8Array(32)] },
    { ...head, root: new Uint8Array(32) },
    { ...head, frontier: [] },
  ]) {
    const guard = new FakeGuard();
    await assert.rejects(
      openSequencer({
        store: withHead(store, damaged),
        treeID: TREE_ID,
        guard,
        clock: new FakeClock(),
        pause: async () => {},
      }),
      code('STORE_CORRUPT'),
    );
    assert.deepEqual(guard.moves, []);
  }
});

test('a tree that no longer has its root is not written to', async () => {
  const { sequencer, store } = await newSequencer();
  await Promise.all([sequencer.add(leafOf('a')), sequencer.add(leafOf('b'))]);
  const { head } = await sequencer.add(leafOf('x'));
  head.root.fill(0);
  await assert.rejects(sequencer.add(leafOf('c')), code('STORE_UNAVAILABLE'));
  assert.match(
    sequencer.trouble() ?? '',
    /halted: .* does not have the root of its head at size 3/,
  );
  assert.equal((await store.log(TREE_ID).head()).size, 3);
});

test('the answers of a large batch leave the event loop to others in between', async () => {
  const { sequencer } = await newSequencer();
  let turn = 0;
  const countTurns = (): void => {
    turn += 1;
    if (turn < 1_000) setImmediate(countTurns);
  };
  countTurns();
  const turns = await Promise.all(
    Array.from({ length: 100 }, (_, i) => sequencer.add(leafOf(`entry ${i}`)).then(() => turn)),
  );
  turn = 1_000;
  assert.ok(new Set(turns).size >= 100 / 16, `answered in ${new Set(turns).size} turns`);
});

test('opening moves the guard to the stored head: a crash may have left it behind', async () => {
  const { sequencer, store } = await newSequencer();
  await sequencer.add(leafOf('a'));
  const guard = new FakeGuard();
  await openSequencer({
    store,
    treeID: TREE_ID,
    guard,
    clock: new FakeClock(),
    pause: async () => {},
  });
  assert.equal(guard.size, 1);
});

test('a commit by somebody else is a conflict that halts the writer', async () => {
  const { sequencer, store, troubles } = await newSequencer();
  await sequencer.add(leafOf('a'));
  const intruder = await openSequencer({
    store,
    treeID: TREE_ID,
    guard: new FakeGuard(),
    clock: new FakeClock(),
    pause: async () => {},
  });
  await intruder.add(leafOf('b'));
  await assert.rejects(sequencer.add(leafOf('c')), code('STORE_UNAVAILABLE'));
  await assert.rejects(sequencer.add(leafOf('d')), code('STORE_UNAVAILABLE'));
  assert.match(sequencer.trouble() ?? '', /halted: head conflict/);
  assert.deepEqual(troubles, ['halted']);
  assert.equal(sequencer.head.size, 1);
  await sequencer.close();
});

test('two logs of one store write side by side', async () => {
  const store = await newStore();
  const logs = await store.logs();
  const other = { ...(logs[0] as (typeof logs)[0]), treeID: 7n };
  await store.createLog(other);
  const open = (treeID: bigint) =>
    openSequencer({
      store,
      treeID,
      guard: new FakeGuard(),
      clock: new FakeClock(),
      pause: async () => {},
    });
  const [one, two] = await Promise.all([open(TREE_ID), open(7n)]);
  const answers = await Promise.all([one.add(leafOf('a')), two.add(leafOf('a'))]);
  assert.deepEqual(
    answers.map((answer) => [answer.outcome, answer.index]),
    [
      ['added', 0],
      ['added', 0],
    ],
  );
});

/** The store with another head in its log. */
function withHead(store: Store, head: Head): Store {
  return new Proxy(store, {
    get(target, name) {
      if (name !== 'log') return Reflect.get(target, name, target);
      return (treeID: bigint) =>
        new Proxy(target.log(treeID), {
          get(log, member) {
            if (member === 'head') return async () => head;
            const value = Reflect.get(log, member, log);
            return typeof value === 'function' ? value.bind(log) : value;
          },
        });
    },
  });
}
