import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isLogError } from '../../src/errors.js';
import { newStore, openTestLog, proposal } from './log-fixture.js';

test('a search that more entries match than asked for is refused', async () => {
  const log = await openTestLog(await newStore());
  for (const text of ['one #a', 'two #a', 'three #a']) await log.submit(proposal(text));
  assert.equal((await log.search(['#a'], 'or', 3)).length, 3);
  await assert.rejects(log.search(['#A'], 'and', 2), (error) =>
    isLogError(error, 'SEARCH_TOO_WIDE'),
  );
});

test('of very many searches at once the last are refused, the others answered', async () => {
  const log = await openTestLog(await newStore());
  await log.submit(proposal('one #a'));
  const searches = Array.from({ length: 70 }, () => log.search(['#a'], 'or', 3));
  const ends = await Promise.allSettled(searches);
  const refused = ends.filter((end) => end.status === 'rejected');
  assert.equal(refused.length, 2);
  for (const { reason } of refused) assert.ok(isLogError(reason, 'OVERLOADED'));
  assert.equal((await log.search(['#a'], 'or', 3)).length, 1);
});
