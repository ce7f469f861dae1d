import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { SearchTerm } from '../../src/entries/entry-kind.js';
import { isLogError } from '../../src/errors.js';
import type { Log, TermSearch } from '../../src/log/log.js';
import { acceptText, newStore, openTestLog, proposal } from './log-fixture.js';

const term = (value: string): SearchTerm => ({ field: 'repository', value });

/** A log whose entries have the words of their text as terms. */
function openWordLog(): Promise<Log> {
  return newStore().then((store) =>
    openTestLog(store, {
      accept: async (proposed) => {
        const { text } = proposed.spec as { text: string };
        const searchTerms = [...new Set(text.split(' '))].map(term);
        return { ...(await acceptText(proposed)), searchTerms };
      },
    }),
  );
}

/** Adds entries `from` to `to`: every one has `all`, every third `third`, every fifth `fifth`. */
async function write(log: Log, from: number, to: number): Promise<void> {
  const texts = Array.from({ length: to - from }, (_, i) => from + i).map((n) =>
    [`n${n}`, 'all', n % 3 === 0 ? 'third' : 'all', n % 5 === 0 ? 'fifth' : 'all'].join(' '),
  );
  // One after the other in one batch or several: the indexes are the numbers.
  await Promise.all(texts.map((text) => log.submit(proposal(text))));
}

for (const order of ['oldest', 'newest'] as const) {
  test(`pages from the ${order} on lose and repeat nothing while entries are written`, async () => {
    const log = await openWordLog();
    await write(log, 0, 3_000);
    const size = log.statistics().treeSize;
    const groups = [[term('third'), term('fifth')], [term('all')]];
    const found: number[] = [];
    for (let written = size; ; written += 50) {
      const after = found.at(-1);
      const search: TermSearch = {
        groups,
        order,
        size,
        limit: 70,
        ...(after !== undefined && { after }),
      };
      const page = await log.searchByTerms(search);
      found.push(...page.indexes);
      if (page.isLast) break;
      await write(log, written, written + 50);
    }
    assert.ok(log.statistics().treeSize > size + 500);
    const leaves = await log.leavesByIndex(Array.from({ length: size }, (_, i) => i));
    const expected = leaves.flatMap((leaf) =>
      /third|fifth/.test(Buffer.from(leaf?.leaf ?? []).toString()) ? [leaf?.logIndex] : [],
    );
    assert.equal(expected.length, 1_400);
    assert.deepEqual(found, order === 'oldest' ? expected : expected.reverse());
    assert.deepEqual(await log.countByTerms(groups, size, 10_000), { count: 1_400, isExact: true });
    await log.close();
  });
}

test('bare entries say what the whole entries say', async () => {
  const log = await openWordLog();
  await write(log, 0, 5);
  const [entry] = await log.entriesByIndex([3]);
  assert.ok(entry !== undefined);
  const [bare, none] = await log.leavesByIndex([3, 5]);
  assert.equal(none, undefined);
  const { entryID, leaf, logIndex, integratedTimeSeconds } = entry;
  assert.deepEqual(bare, { entryID, leaf, logIndex, integratedTimeSeconds });
  await log.close();
});

test('searches by terms and by keys share their turns', async () => {
  const log = await openWordLog();
  await write(log, 0, 3);
  const search: TermSearch = { groups: [[term('all')]], order: 'newest', size: 3, limit: 5 };
  const searches = Array.from({ length: 70 }, (_, i) =>
    i % 2 === 0 ? log.searchByTerms(search) : log.search(['all'], 'or', 5),
  );
  const refused = (await Promise.allSettled(searches)).filter((end) => end.status === 'rejected');
  assert.equal(refused.length, 2);
  for (const { reason } of refused) assert.ok(isLogError(reason, 'OVERLOADED'));
  await log.close();
});
