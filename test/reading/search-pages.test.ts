import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isLogError } from '../../src/errors.js';
import { countMatches, findPage, type GroupSearch } from '../../src/reading/search.js';
import type { LogStore } from '../../src/storage/log-store.js';
import { Random } from '../random.js';
import { newGrowingLog } from './committed-log.js';

const SIZE = 3_000;

/** Keys from one that every leaf has to one that a single leaf has. */
const DENSITIES = [1, 2, 3, 7, 40, 300, 1_500, SIZE];
const rolls = new Random(7);
const KEYS_OF_LEAF: readonly (readonly string[])[] = Array.from({ length: SIZE }, () =>
  DENSITIES.filter((density) => rolls.below(density) === 0).map((density) => `d${density}`),
);

async function logOfKeys(): Promise<LogStore> {
  const growing = await newGrowingLog();
  await growing.growTo(SIZE, (i) => KEYS_OF_LEAF[i] ?? []);
  return growing.log;
}

function expected({ groups, order, size }: Pick<GroupSearch, 'groups' | 'order' | 'size'>) {
  const found = Array.from({ length: size }, (_, i) => i).filter(
    (i) =>
      groups.length > 0 &&
      groups.every((keys) => keys.some((key) => KEYS_OF_LEAF[i]?.includes(key))),
  );
  return order === 'oldest' ? found : found.reverse();
}

async function allPages(
  log: Pick<LogStore, 'find'>,
  search: Omit<GroupSearch, 'limit' | 'after'>,
  limitOf: () => number,
): Promise<number[]> {
  const found: number[] = [];
  for (;;) {
    const limit = limitOf();
    const after = found.at(-1);
    const page = await findPage(log, { ...search, limit, ...(after !== undefined && { after }) });
    assert.ok(page.isLast || page.indexes.length === limit);
    found.push(...page.indexes);
    if (page.isLast) return found;
  }
}

test('the pages of any search in either order are what a plain look at every entry gives', async () => {
  const log = await logOfKeys();
  const random = new Random(42);
  for (let round = 0; round < 60; round++) {
    const groups = Array.from({ length: 1 + random.below(3) }, () =>
      Array.from(
        { length: 1 + random.below(3) },
        () => `d${DENSITIES[random.below(DENSITIES.length)]}`,
      ),
    );
    const order = random.below(2) === 0 ? 'oldest' : 'newest';
    const search = { groups, order, size: 1 + random.below(SIZE) } as const;
    const found = await allPages(
      log,
      search,
      () => 1 + random.below(random.below(2) === 0 ? 5 : 900),
    );
    assert.deepEqual(found, expected(search), JSON.stringify(search));
    const total = found.length;
    assert.deepEqual(await countMatches(log, search, total), { count: total, isExact: true });
    if (total > 0) {
      const cut = { count: total - 1, isExact: false };
      assert.deepEqual(await countMatches(log, search, total - 1), cut);
    }
  }
});

test('a page ends exactly where nothing follows', async () => {
  const log = await logOfKeys();
  const search = { groups: [['d300']], order: 'newest', size: SIZE } as const;
  const all = expected(search);
  const whole = await findPage(log, { ...search, limit: all.length });
  assert.deepEqual(whole, { indexes: all, isLast: true });
  const short = await findPage(log, { ...search, limit: all.length - 1 });
  assert.deepEqual(short, { indexes: all.slice(0, -1), isLast: false });
  assert.deepEqual(await findPage(log, { ...search, limit: 0 }), { indexes: [], isLast: false });
});

test('no keys and unknown keys find nothing', async () => {
  const log = await logOfKeys();
  for (const groups of [[], [[]], [['nobody']], [['d1'], []], [['d1'], ['nobody']]]) {
    const search = { groups, order: 'oldest', size: SIZE } as const;
    assert.deepEqual(await findPage(log, { ...search, limit: 5 }), { indexes: [], isLast: true });
    assert.deepEqual(await countMatches(log, search, 5), { count: 0, isExact: true });
  }
});

test('a page of frequent keys reads about as much as it shows', async () => {
  const log = await logOfKeys();
  let rows = 0;
  const counting: Pick<LogStore, 'find'> = {
    async find(key, range) {
      const found = await log.find(key, range);
      rows += found.length;
      return found;
    },
  };
  const search = { groups: [['d1'], ['d2']], order: 'newest', size: SIZE, limit: 20 } as const;
  assert.equal((await findPage(counting, search)).indexes.length, 20);
  assert.ok(rows < 250, `${rows} rows`);
  rows = 0;
  // A rare key beside one that everything has: two rows of the frequent one for each of the rare one.
  const rare = { ...search, groups: [['d1'], ['d300']] };
  await findPage(counting, rare);
  assert.ok(rows < 150, `${rows} rows`);
});

/** Two keys that never meet. */
async function logOfEvenAndOdd(): Promise<LogStore> {
  const growing = await newGrowingLog();
  await growing.growTo(SIZE, (i) => [i % 2 === 0 ? 'even' : 'odd']);
  return growing.log;
}

test('a search that reads too much without filling its page is refused, with the remedy', async () => {
  const log = await logOfEvenAndOdd();
  const search = { groups: [['even'], ['odd']], order: 'newest', size: SIZE, limit: 1 } as const;
  assert.deepEqual(await findPage(log, search), { indexes: [], isLast: true });
  await assert.rejects(
    findPage(log, search, 1_000),
    (error) =>
      isLogError(error, 'SEARCH_TOO_WIDE') && /ask for something rarer/.test(error.message),
  );
});

test('a count that takes too long says that it is not exact', async () => {
  const log = await logOfEvenAndOdd();
  const search = { groups: [['even', 'odd']], size: SIZE };
  assert.deepEqual(await countMatches(log, search, SIZE), { count: SIZE, isExact: true });
  const cut = await countMatches(log, search, SIZE, 1_500);
  assert.equal(cut.isExact, false);
  assert.ok(cut.count < SIZE);
});
