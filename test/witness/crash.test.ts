import assert from 'node:assert/strict';
import { it } from 'node:test';
import { crashRounds } from './crash.js';

it('a witness that is killed remembers every checkpoint that it may have cosigned', async () => {
  const tally = await crashRounds(10, 7);
  assert.equal(tally.rounds, 10);
  assert.ok(tally.answered > 0);
  assert.ok(tally.persistedUnanswered >= 5, JSON.stringify(tally));
});
