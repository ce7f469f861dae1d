import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isLogError } from '../../src/errors.js';
import { leafHashes, readEntries, readLeaves } from '../../src/reading/entries.js';
import { findIndexesAtMost, type SearchOperator, searchIndexes } from '../../src/reading/search.js';
import { SEARCH_PAGE } from '../../src/reading/search-streams.js';
import { slowLeafHash } from '../merkle/slow-tree.js';
import { newGrowingLog } from './committed-log.js';

/** Every leaf carries `all`, and `d<n>` for each of its divisors n from 2 to 7. */
function divisorKeys(index: number): string[] {
  const divisors = [2, 3, 4, 5, 6, 7].filter((n) => index % n === 0).map((n) => `d${n}`);
  return ['all', ...divisors, ...(index === 1234 ? ['once'] : [])];
}

async function found(
  keys: readonly string[],
  operator: SearchOperator,
  size: number,
): Promise<number[]> {
  const growing = await newGrowingLog();
  await growing.growTo(2500, divisorKeys);
  const indexes: number[] = [];
  for await (const page of searchIndexes(growing.log, keys, operator, size)) {
    assert.ok(page.length > 0 && page.length <= SEARCH_PAGE);
    indexes.push(...page);
  }
  return indexes;
}

function expected(size: number, has: (index: number) => boolean): number[] {
  return Array.from({ length: size }, (_, index) => index).filter(has);
}

test('one key finds everything that carries it, beyond one page', async () => {
  assert.deepEqual(
    await found(['all'], 'or', 2500),
    expected(2500, () => true),
  );
  assert.deepEqual(
    await found(['all'], 'and', 2500),
    expected(2500, () => true),
  );
});

test('`or` finds what carries any of the keys, once each, ascending', async () => {
  const either = expected(2500, (i) => i % 4 === 0 || i % 6 === 0 || i === 1234);
  assert.deepEqual(await found(['d4', 'd6', 'once', 'd4'], 'or', 2500), either);
});

test('`and` finds what carries all of the keys', async () => {
  assert.deepEqual(
    await found(['all', 'd4', 'd7', 'd3'], 'and', 2500),
    expected(2500, (i) => i % 84 === 0),
  );
  assert.deepEqual(await found(['all', 'once'], 'and', 2500), [1234]);
  assert.deepEqual(await found(['d5', 'once'], 'and', 2500), []);
});

test('nothing at or above the size is found', async () => {
  assert.deepEqual(
    await found(['d7'], 'or', 71),
    expected(71, (i) => i % 7 === 0),
  );
  assert.deepEqual(await found(['once'], 'and', 1234), []);
  assert.deepEqual(await found(['once'], 'and', 1235), [1234]);
  assert.deepEqual(await found(['all'], 'or', 0), []);
});

test('unknown keys and no keys find nothing', async () => {
  assert.deepEqual(await found(['nobody'], 'or', 2500), []);
  assert.deepEqual(await found(['nobody', 'all'], 'and', 2500), []);
  assert.deepEqual(await found([], 'and', 2500), []);
  assert.deepEqual(await found([], 'or', 2500), []);
});

test('a rare key beside a frequent one is joined in few reads', async () => {
  const growing = await newGrowingLog();
  await growing.growTo(5000, divisorKeys);
  let reads = 0;
  const log = {
    find: (...args: Parameters<typeof growing.log.find>) => {
      reads += 1;
      return growing.log.find(...args);
    },
  };
  const pages: (readonly number[])[] = [];
  for await (const page of searchIndexes(log, ['all', 'once'], 'and', 5000)) pages.push(page);
  assert.deepEqual(pages, [[1234]]);
  assert.ok(reads <= 4, `${reads} reads`);
});

test('more entries than allowed are refused, without reading on', async () => {
  const growing = await newGrowingLog();
  await growing.growTo(5000, divisorKeys);
  const every = expected(5000, (i) => i % 7 === 0);
  const most = every.length;
  assert.deepEqual(await findIndexesAtMost(growing.log, ['d7'], 'or', 5000, most), every);
  let reads = 0;
  const log = {
    find: (...args: Parameters<typeof growing.log.find>) => {
      reads += 1;
      return growing.log.find(...args);
    },
  };
  await assert.rejects(
    findIndexesAtMost(log, ['all'], 'or', 5000, SEARCH_PAGE + 1),
    (error) =>
      isLogError(error, 'SEARCH_TOO_WIDE') &&
      error.message === 'more than 1001 entries match: narrow the search',
  );
  assert.equal(reads, 2);
  await assert.rejects(findIndexesAtMost(growing.log, ['d7'], 'or', 5000, most - 1), (error) =>
    isLogError(error, 'SEARCH_TOO_WIDE'),
  );
});

test('leaf hashes are read a tile at a time, each tile once', async () => {
  const growing = await newGrowingLog();
  await growing.growTo(1100);
  const wanted = [0, 3, 4, 255, 256, 258, 700, 1030, 1099];
  const hashes: Uint8Array[] = [];
  for await (const some of leafHashes(growing.log, wanted)) hashes.push(...some);
  assert.deepEqual(
    hashes.map((hash) => new Uint8Array(hash)),
    wanted.map(slowLeafHash),
  );
  assert.deepEqual(growing.reads, ['0:0-256', '0:256-259', '0:700-701', '0:1030-1100']);
});

test('leaf hashes of many tiles are not all read at once', async () => {
  let underWay = 0;
  let most = 0;
  const log = {
    async hashes(_: number, from: number, to: number) {
      underWay += 1;
      most = Math.max(most, underWay);
      await undefined;
      underWay -= 1;
      return new Uint8Array((to - from) * 32).fill(from % 251);
    },
  };
  const wanted = Array.from({ length: 1000 }, (_, i) => i * 300);
  let at = 0;
  for await (const some of leafHashes(log, wanted)) {
    for (const hash of some) {
      assert.deepEqual([...hash], new Array(32).fill((wanted[at] as number) % 251));
      at += 1;
    }
  }
  assert.equal(at, wanted.length);
  assert.ok(most <= 32, `${most} at once`);
});

test('entries come in the order asked for, repeats kept, absent ones undefined', async () => {
  const growing = await newGrowingLog();
  await growing.growTo(20);
  const indexes = [7, 19, 7, 20, 12, -1, 1.5, 2 ** 60];
  const entries = await readEntries(growing.log, indexes, 19);
  assert.deepEqual(
    entries.map((entry) => entry?.index),
    [7, undefined, 7, undefined, 12, undefined, undefined, undefined],
  );
});

test('leaves come in the order asked for, neighbours from one read', async () => {
  const growing = await newGrowingLog();
  await growing.growTo(20);
  const reads: string[] = [];
  const log = {
    leaves: (from: number, to: number) => {
      reads.push(`${from}-${to}`);
      return growing.log.leaves(from, to);
    },
  };
  const leaves = await readLeaves(log, [9, 8, 7, 19, 3, 7, 20, -1, 1.5], 19);
  assert.deepEqual(
    leaves.map((leaf) => leaf?.index),
    [9, 8, 7, undefined, 3, 7, undefined, undefined, undefined],
  );
  assert.deepEqual(reads, ['3-4', '7-10']);
});
