import assert from 'node:assert/strict';
import { test } from 'node:test';
import { firstVirtualIndex, locateVirtualIndex, virtualIndexOf } from '../../src/log/shards.js';

const SIZES = [5, 0, 3];

test('without inactive shards a virtual index is the index in the active one', () => {
  assert.equal(firstVirtualIndex([], 0), 0);
  assert.deepEqual(locateVirtualIndex([], 7), { shard: 0, index: 7 });
  assert.equal(virtualIndexOf([], { shard: 0, index: 7 }), 7);
});

test('each shard begins where the older ones end', () => {
  assert.deepEqual(
    [0, 1, 2, 3].map((shard) => firstVirtualIndex(SIZES, shard)),
    [0, 5, 5, 8],
  );
});

test('a virtual index lies in the shard that holds it, an empty one holds none', () => {
  const located = [0, 4, 5, 7, 8, 9].map((index) => locateVirtualIndex(SIZES, index));
  assert.deepEqual(located, [
    { shard: 0, index: 0 },
    { shard: 0, index: 4 },
    { shard: 2, index: 0 },
    { shard: 2, index: 2 },
    { shard: 3, index: 0 },
    { shard: 3, index: 1 },
  ]);
});

test('locating and naming are each other’s inverse', () => {
  for (let index = 0; index < 20; index++) {
    assert.equal(virtualIndexOf(SIZES, locateVirtualIndex(SIZES, index)), index);
  }
});

test('a shard that does not exist has no first index', () => {
  for (const shard of [-1, 4, 0.5])
    assert.throws(() => firstVirtualIndex(SIZES, shard), RangeError);
});
