import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PublishedEntry } from '../../src/log/log.js';
import { verifyConsistency } from '../../src/merkle/verify.js';
import { newStore, openTestLog, proposal } from './log-fixture.js';
import { added, assertPublished } from './published-entry.js';

test('50 writers and 50 readers: whatever is answered verifies against its own checkpoint', async () => {
  const log = await openTestLog(await newStore(), { limits: { batchEntries: 7 } });
  await log.submit(proposal('first'));
  let size = 1;
  const writer = async (w: number): Promise<void> => {
    for (let i = 0; i < 10; i++) {
      assertPublished(added(await log.submit(proposal(`writer ${w} entry ${i}`))));
      size += 1;
    }
  };
  const reader = async (r: number): Promise<void> => {
    let previous = await log.checkpoint();
    for (let i = 0; i < 10; i++) {
      const index = (r * 31 + i * 17) % size;
      const entries = await log.entriesByIndex([index, 0, size - 1]);
      assert.equal(new Set(entries.map((entry) => entry?.proof.checkpoint.note)).size, 1);
      for (const entry of entries) assertPublished(entry as PublishedEntry);
      const { checkpoint } = (entries[0] as PublishedEntry).proof;
      assert.ok(checkpoint.size >= previous.size, 'a checkpoint went back');
      const { hashes } = await log.consistency(previous.size, checkpoint.size);
      verifyConsistency({
        first: previous.size,
        last: checkpoint.size,
        firstRoot: previous.root,
        lastRoot: checkpoint.root,
        proof: hashes,
      });
      previous = checkpoint;
    }
  };
  const numbers = Array.from({ length: 50 }, (_, i) => i);
  await Promise.all([...numbers.map(writer), ...numbers.map(reader)]);
  assert.equal((await log.checkpoint()).size, 501);
});
