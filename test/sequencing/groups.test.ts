/** Groups: entries that are written by one commit or not at all, whatever is in flight beside them. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type ErrorCode, isLogError, LogError } from '../../src/errors.js';
import type { Sequenced } from '../../src/sequencing/pool.js';
import type { StoreFault } from '../../src/storage/fault-point.js';
import type { Commit, CommitOutcome, NewLeaf, Store } from '../../src/storage/log-store.js';
import { newStore, TREE_ID } from '../log/log-fixture.js';
import { leafOf, newSequencer, type TestSequencer } from './sequencer-fixture.js';

const leaves = (...texts: readonly string[]): NewLeaf[] => texts.map(leafOf);

function code(expected: ErrorCode, message?: RegExp): (error: unknown) => boolean {
  return (error) =>
    isLogError(error, expected) && (message === undefined || message.test(error.message));
}

function places(answers: readonly Sequenced[]): [string, number][] {
  return answers.map(({ outcome, index }) => [outcome, index]);
}

function batchLengths({ released }: TestSequencer): number[] {
  return released.map((batch) => batch.leaves.length);
}

test('a group is one commit, with one time and one head, in its order', async () => {
  const scene = await newSequencer();
  const answers = await scene.sequencer.addAll(leaves('c', 'a', 'b'));
  assert.deepEqual(places(answers), [
    ['added', 0],
    ['added', 1],
    ['added', 2],
  ]);
  assert.deepEqual(batchLengths(scene), [3]);
  assert.equal(new Set(answers.map(({ head }) => head)).size, 1);
});

test('a group of nothing is answered without a commit', async () => {
  const scene = await newSequencer();
  assert.deepEqual(await scene.sequencer.addAll([]), []);
  assert.deepEqual(batchLengths(scene), []);
});

test('a group is not divided by the bounds of a batch: it goes alone when it exceeds them', async () => {
  const scene = await newSequencer({ limits: { batchEntries: 4, batchBytes: 100 } });
  const { sequencer } = scene;
  const texts = (count: number, text: string) => Array.from({ length: count }, (_, i) => text + i);
  await Promise.all([
    sequencer.add(leafOf('1')),
    sequencer.add(leafOf('2')),
    sequencer.addAll(leaves('3', '4', '5')),
    sequencer.add(leafOf('6')),
    sequencer.addAll(leaves(...texts(9, 'many '))),
    sequencer.add(leafOf('7')),
    sequencer.addAll(leaves('x'.repeat(60), 'y'.repeat(60))),
    sequencer.addAll(leaves('8')),
    sequencer.addAll(leaves('9')),
  ]);
  assert.deepEqual(batchLengths(scene), [2, 4, 9, 1, 2, 2]);
});

test('of equal entries in a group the second is the duplicate of the first', async () => {
  const scene = await newSequencer();
  const answers = await scene.sequencer.addAll(leaves('a', 'b', 'a', 'a'));
  assert.deepEqual(places(answers), [
    ['added', 0],
    ['added', 1],
    ['duplicate', 0],
    ['duplicate', 0],
  ]);
  assert.equal(scene.sequencer.head.size, 2);
  assert.deepEqual(scene.sequencer.held, { entries: 0, bytes: 0 });
});

test('members that the log has are duplicates, and the others are one commit', async () => {
  const scene = await newSequencer();
  await scene.sequencer.addAll(leaves('a', 'b'));
  const answers = await scene.sequencer.addAll(leaves('x', 'b', 'y', 'a'));
  assert.deepEqual(places(answers), [
    ['added', 2],
    ['duplicate', 1],
    ['added', 3],
    ['duplicate', 0],
  ]);
  assert.deepEqual(batchLengths(scene), [2, 2]);
});

test('a member equal to an entry in flight comes after it and is its duplicate', async () => {
  const scene = await newSequencer();
  const { sequencer, commits } = scene;
  commits.close();
  const first = sequencer.add(leafOf('first'));
  await commits.arrival;
  const waiting = sequencer.add(leafOf('waiting'));
  const group = sequencer.addAll(leaves('x', 'waiting', 'first', 'y'));
  const later = [sequencer.add(leafOf('waiting')), sequencer.add(leafOf('x'))];
  commits.open();
  assert.deepEqual(places([await first, await waiting, ...(await group)]), [
    ['added', 0],
    ['added', 1],
    ['added', 2],
    ['duplicate', 1],
    ['duplicate', 0],
    ['added', 3],
  ]);
  assert.deepEqual(places(await Promise.all(later)), [
    ['duplicate', 1],
    ['duplicate', 2],
  ]);
  assert.deepEqual(batchLengths(scene), [1, 1, 2]);
  assert.deepEqual(sequencer.held, { entries: 0, bytes: 0 });
});

test('two groups that share members are two commits, and nothing is there twice', async () => {
  const scene = await newSequencer();
  const [one, two] = await Promise.all([
    scene.sequencer.addAll(leaves('a', 'b', 'c')),
    scene.sequencer.addAll(leaves('c', 'd', 'a')),
  ]);
  assert.deepEqual(places([...one, ...two]), [
    ['added', 0],
    ['added', 1],
    ['added', 2],
    ['duplicate', 2],
    ['added', 3],
    ['duplicate', 0],
  ]);
  assert.deepEqual(batchLengths(scene), [3, 1]);
});

/** A store that refuses, before writing, a batch with one of these leaves in it, each so many times. */
async function refusingStore(bad: Map<NewLeaf, number>, error: Error): Promise<Store> {
  const store = await newStore();
  const log = store.log(TREE_ID);
  const commit = log.commit.bind(log);
  log.commit = async (batch: Commit): Promise<CommitOutcome> => {
    for (const leaf of batch.leaves) {
      const times = bad.get(leaf) ?? 0;
      bad.set(leaf, times - 1);
      if (times > 0) throw error;
    }
    return commit(batch);
  };
  return store;
}

const DAMAGE = new LogError('STORE_CORRUPT', 'a leaf-hash row does not match its checksum');

test('the failure of an equal entry in flight does not take a member out of its group', async () => {
  const single = leafOf('same');
  const store = await refusingStore(new Map([[single, 1]]), DAMAGE);
  const scene = await newSequencer({ store });
  const [alone, group] = await Promise.allSettled([
    scene.sequencer.add(single),
    scene.sequencer.addAll(leaves('a', 'same', 'b')),
  ]);
  assert.equal(alone.status, 'rejected');
  assert.ok(group.status === 'fulfilled');
  assert.deepEqual(places(group.value), [
    ['added', 0],
    ['added', 1],
    ['added', 2],
  ]);
});

test('a leaf that the store does not take refuses its whole group and nobody else', async () => {
  const members = leaves('m1', 'm2', 'm3');
  const store = await refusingStore(new Map([[members[1] as NewLeaf, 1_000]]), DAMAGE);
  const scene = await newSequencer({ store });
  const { sequencer } = scene;
  const [before, group, equal, after, other] = await Promise.allSettled([
    sequencer.add(leafOf('before')),
    sequencer.addAll(members),
    sequencer.add(leafOf('m3')),
    sequencer.add(leafOf('after')),
    sequencer.addAll(leaves('n1', 'n2')),
  ]);
  assert.deepEqual(
    [before, group, equal, after, other].map(({ status }) => status),
    ['fulfilled', 'rejected', 'fulfilled', 'fulfilled', 'fulfilled'],
  );
  assert.equal(group.status === 'rejected' && group.reason, DAMAGE);
  assert.equal(sequencer.head.size, 5);
  assert.equal((await sequencer.add(leafOf('m3'))).outcome, 'duplicate');
  assert.deepEqual(sequencer.held, { entries: 0, bytes: 0 });
});

test('a group with a leaf that no store takes is refused before it waits', async () => {
  const scene = await newSequencer();
  const wrong = { ...leafOf('b'), indexKeys: [''] };
  await assert.rejects(scene.sequencer.addAll([leafOf('a'), wrong]), RangeError);
  assert.deepEqual(scene.sequencer.held, { entries: 0, bytes: 0 });
  assert.equal(scene.sequencer.head.size, 0);
});

test('a group counts all its entries and bytes, and is told when it never fits', async () => {
  const limits = { maxEntries: 4, maxBytes: 100 };
  const { sequencer, commits } = await newSequencer({ limits });
  commits.close();
  const first = sequencer.addAll(leaves('a', 'b'));
  await assert.rejects(
    sequencer.addAll(leaves('c', 'd', 'e')),
    code('OVERLOADED', /4 are allowed/),
  );
  assert.throws(() => sequencer.assertAdmits(3), code('OVERLOADED'));
  const second = sequencer.addAll(leaves('c', 'd'));
  await assert.rejects(sequencer.add(leafOf('e')), code('OVERLOADED'));
  assert.deepEqual(sequencer.held, { entries: 4, bytes: 4 });
  commits.open();
  await Promise.all([first, second]);
  assert.deepEqual(sequencer.held, { entries: 0, bytes: 0 });
  const five = leaves('1', '2', '3', '4', '5');
  assert.throws(() => sequencer.assertAdmits(5), code('ENTRY_TOO_LARGE', /5 entries exceeds 4/));
  await assert.rejects(sequencer.addAll(five), code('ENTRY_TOO_LARGE'));
  const heavy = leaves('x'.repeat(50), 'y'.repeat(51));
  await assert.rejects(sequencer.addAll(heavy), code('ENTRY_TOO_LARGE', /101 bytes exceeds 100/));
  assert.equal((await sequencer.addAll(leaves('x'.repeat(50), 'y'.repeat(50)))).length, 2);
});

test('close commits groups that wait, whole', async () => {
  const scene = await newSequencer({ limits: { batchEntries: 2 } });
  const { sequencer, commits } = scene;
  commits.close();
  const groups = [sequencer.addAll(leaves('a', 'b', 'c')), sequencer.addAll(leaves('d', 'e'))];
  const closing = sequencer.close();
  await assert.rejects(sequencer.addAll(leaves('late')), code('SHUTTING_DOWN'));
  commits.open();
  await closing;
  await Promise.all(groups);
  assert.deepEqual(batchLengths(scene), [3, 2]);
});

const FAULTS: readonly (StoreFault | undefined)[] = ['before', 'after', 'disk-full', undefined];

/** Submissions of a turn: a list is a group, a text comes alone. Few texts, so that many are equal. */
const text = fc.constantFrom(...'abcdefgh');
const traffic = fc.record({
  turns: fc.array(
    fc.array(fc.oneof(text, fc.array(text, { minLength: 1, maxLength: 6 })), { maxLength: 5 }),
    { maxLength: 5 },
  ),
  commits: fc.array(fc.constantFrom(...FAULTS), { maxLength: 6 }),
  batchEntries: fc.integer({ min: 1, max: 5 }),
});

test('whatever fails, a group is in the log as a whole or not at all', async () => {
  await fc.assert(
    fc.asyncProperty(traffic, async ({ turns, commits, batchEntries }) => {
      let at = 0;
      const store = await newStore((step) => (step === 'commit' ? commits[at++] : undefined));
      const scene = await newSequencer({ store, limits: { batchEntries } });
      const { sequencer, released } = scene;
      const fates: Promise<readonly Sequenced[] | undefined>[] = [];
      for (const turn of turns) {
        for (const each of turn) {
          const adding =
            typeof each === 'string'
              ? sequencer.add(leafOf(each)).then((answer) => [answer])
              : sequencer.addAll(leaves(...each));
          fates.push(adding.catch((error) => assert.ok(isLogError(error)) as undefined));
        }
        await new Promise(setImmediate);
      }
      const submissions = turns.flat().map((each) => [each].flat());
      const stored = new Map<string, number>();
      const settled = await Promise.all(fates);
      for (const { leaves: batch, from } of released) {
        batch.forEach(({ bytes }, i) => {
          const known = Buffer.from(bytes).toString();
          assert.ok(!stored.has(known), `${known} is there twice`);
          stored.set(known, from + i);
        });
      }
      settled.forEach((answers, i) => {
        const texts = submissions[i] as string[];
        if (answers === undefined) return;
        assert.deepEqual(
          answers.map(({ index }) => index),
          texts.map((each) => stored.get(each)),
        );
        const heads = answers.flatMap(({ outcome, head }) => (outcome === 'added' ? [head] : []));
        assert.ok(new Set(heads).size <= 1, 'a group was divided over two commits');
      });
      // What was refused is there only because somebody else brought it.
      const added = new Set(
        settled.flatMap((answers, i) =>
          (answers ?? []).flatMap(({ outcome }, j) =>
            outcome === 'added' ? [submissions[i]?.[j] as string] : [],
          ),
        ),
      );
      assert.deepEqual(new Set(stored.keys()), added);
      assert.equal((await store.log(TREE_ID).head()).size, stored.size);
      assert.deepEqual(sequencer.held, { entries: 0, bytes: 0 });
      await sequencer.close();
    }),
    { numRuns: 300, seed: 4 },
  );
});
