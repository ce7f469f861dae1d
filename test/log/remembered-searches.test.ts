import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { RememberedSearches } from '../../src/log/remembered-searches.js';
import { Random } from '../random.js';
import { newStore, openTestLog, proposal } from './log-fixture.js';

test('a search that is remembered finds what came since', async () => {
  const log = await openTestLog(await newStore());
  const keys = ['#a', '#b', '#c', '#d'];
  const expected = new Map<string, string[]>(keys.map((key) => [key, []]));
  const random = new Random(5);
  for (let i = 0; i < 60; i++) {
    const carried = keys.filter(() => random.below(3) === 0);
    const submission = await log.submit(proposal(`entry ${i} ${carried.join(' ')}`));
    assert.ok(submission.outcome === 'added');
    for (const key of carried) expected.get(key)?.push(submission.entry.entryID);
    for (const key of keys) {
      if (random.below(2) === 0) continue;
      assert.deepEqual(await log.search([key.toUpperCase()], 'or', 100), expected.get(key));
    }
  }
  await log.close();
});

test('searches beside submissions miss nothing that was answered before they began', async () => {
  const log = await openTestLog(await newStore());
  let answered = 0;
  const submit = async (i: number): Promise<void> => {
    await log.submit(proposal(`entry ${i} #a`));
    answered += 1;
  };
  const submissions = Array.from({ length: 40 }, (_, i) => submit(i));
  for (let round = 0; answered < 40; round++) {
    const before = answered;
    const found = await log.search(['#a'], 'or', 100);
    assert.ok(found.length >= before, `round ${round}`);
    // What is remembered takes no turn of the event loop, and would leave the writer none.
    await nextTurn();
  }
  await Promise.all(submissions);
  assert.equal((await log.search(['#a'], 'or', 100)).length, 40);
  await log.close();
});

test('what was found in a tree that has grown meanwhile is not remembered', () => {
  const remembered = new RememberedSearches(5);
  remembered.keep('a', 5, ['id']);
  assert.deepEqual(remembered.get('a'), ['id']);
  remembered.grown(6, [{ indexKeys: ['b'] }]);
  assert.deepEqual(remembered.get('a'), ['id']);
  remembered.keep('b', 5, []);
  assert.equal(remembered.get('b'), undefined);
  remembered.grown(7, [{ indexKeys: ['c', 'a'] }]);
  assert.equal(remembered.get('a'), undefined);
});

test('long answers are not remembered, and the others within a bound', () => {
  const remembered = new RememberedSearches(5);
  remembered.keep(
    'many',
    5,
    Array.from({ length: 65 }, () => 'id'),
  );
  assert.equal(remembered.get('many'), undefined);
  const [longest, longer] = ['k'.repeat(512), 'k'.repeat(513)];
  remembered.keep(longest, 5, []);
  remembered.keep(longer, 5, []);
  assert.deepEqual([remembered.get(longest), remembered.get(longer)], [[], undefined]);
  for (let i = 0; i < 100_000; i++) remembered.keep(String(i), 5, []);
  assert.equal(remembered.get('0'), undefined);
  assert.deepEqual(remembered.get('99999'), []);
});
