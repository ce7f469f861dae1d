import assert from 'node:assert/strict';
import { test } from 'node:test';
import { mirrorCrashRounds } from './crash.js';

test('a mirror that is killed holds all that it has cosigned, and nothing that was not proven', async () => {
  const tally = await mirrorCrashRounds(3, 5);
  assert.equal(tally.rounds, 3);
  assert.ok(tally.cosigned >= 3);
  assert.ok(tally.statedUnanswered >= 2, JSON.stringify(tally));
});
