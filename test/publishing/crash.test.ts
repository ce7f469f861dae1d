import assert from 'node:assert/strict';
import { it } from 'node:test';
import { publishingCrashes } from './crash.js';

it('a log that is killed shows the note that it showed, or a later one, with its witnesses away', async () => {
  const tally = await publishingCrashes(3, 7);
  assert.equal(tally.rounds, 3);
  assert.ok(tally.served > 6, JSON.stringify(tally));
});
