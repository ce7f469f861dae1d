import assert from 'node:assert/strict';
import { test } from 'node:test';
import { utf8 } from '../../src/encoding/bytes.js';
import { DEFAULT_ENTRY_CACHE_BYTES, EntryContents } from '../../src/log/entry-contents.js';
import { leafHash } from '../../src/merkle/hash.js';
import { newGrowingLog } from '../reading/committed-log.js';

const SIZE = 40;

const hashOf = (index: number) => leafHash(utf8(`leaf ${index}`));

/** Contents of a log of 40 leaves, and what was read for them. */
async function open(entryCacheBytes = DEFAULT_ENTRY_CACHE_BYTES) {
  const { log, growTo } = await newGrowingLog();
  await growTo(SIZE);
  const entriesRead: number[] = [];
  const hashesRead: number[] = [];
  const contents = new EntryContents({
    log: {
      entry(index) {
        entriesRead.push(index);
        return log.entry(index);
      },
      indexesOf(hashes) {
        hashesRead.push(hashes.length);
        return log.indexesOf(hashes);
      },
    },
    treeHex: '0'.repeat(16),
    entryCacheBytes,
  });
  const leavesOf = async (indexes: readonly number[]): Promise<string[]> => {
    const found = await contents.of(indexes, SIZE);
    return found.map(({ leaf, logIndex }) => `${logIndex}: ${Buffer.from(leaf)}`);
  };
  return { contents, leavesOf, entriesRead, hashesRead };
}

test('of entries of which some are in memory only the others are read, and all come in order', async () => {
  const { leavesOf, entriesRead } = await open();
  await leavesOf([3, 5]);
  assert.deepEqual(entriesRead, [3, 5]);
  const expected = [4, 5, 6, 3].map((index) => `${index}: leaf ${index}`);
  for (let round = 0; round < 2; round++) {
    assert.deepEqual(await leavesOf([4, 5, 6, 3]), expected);
    assert.deepEqual(entriesRead, [3, 5, 4, 6]);
  }
});

test('entries that are all in memory are there without waiting', async () => {
  const { contents } = await open();
  const first = await contents.of([1, 2], SIZE);
  assert.deepEqual(contents.of([2, 1], SIZE), [...first].reverse());
});

test('no more entries are kept than there is room for', async () => {
  const { leavesOf, entriesRead } = await open(3_000);
  const all = Array.from({ length: SIZE }, (_, index) => index);
  await leavesOf(all);
  assert.equal(entriesRead.length, SIZE);
  await leavesOf([...all].reverse());
  const again = entriesRead.slice(SIZE);
  // What was asked for last is what is kept: three at 768 bytes each beside their own.
  assert.deepEqual(again, all.slice(0, SIZE - 3).reverse());
});

test('an entry that is larger than the room is read each time', async () => {
  const { leavesOf, entriesRead } = await open(0);
  for (let round = 0; round < 2; round++) assert.deepEqual(await leavesOf([7]), ['7: leaf 7']);
  assert.deepEqual(entriesRead, [7, 7]);
});

test('of leaf hashes of which some are known only the others are looked up', async () => {
  const { contents, hashesRead } = await open();
  assert.deepEqual(await contents.indexesOf([1, 3].map(hashOf), SIZE), [1, 3]);
  const asked = [2, 3, SIZE, 1].map(hashOf);
  assert.deepEqual(await contents.indexesOf(asked, SIZE), [2, 3, undefined, 1]);
  // The one that is in no leaf may be in one later.
  assert.deepEqual(await contents.indexesOf(asked, SIZE), [2, 3, undefined, 1]);
  assert.deepEqual(await contents.indexesOf([1, 2, 3].map(hashOf), SIZE), [1, 2, 3]);
  assert.deepEqual(hashesRead, [2, 2, 1]);
});

test('a leaf is found below the size that is asked about alone, known or not', async () => {
  const { contents, hashesRead } = await open();
  const asked = [9, 10, 11].map(hashOf);
  const below10 = [9, undefined, undefined];
  assert.deepEqual(await contents.indexesOf(asked, 10), below10);
  assert.deepEqual(await contents.indexesOf(asked, SIZE), [9, 10, 11]);
  assert.deepEqual(await contents.indexesOf(asked, 10), below10);
  assert.deepEqual(await contents.indexesOf(asked, 11), [9, 10, undefined]);
  assert.deepEqual(hashesRead, [3, 2]);
});
