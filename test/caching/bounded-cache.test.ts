import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BoundedCache } from '../../src/caching/bounded-cache.js';
import { Random } from '../random.js';

function cacheOf(bound: number): BoundedCache<string, Uint8Array> {
  return new BoundedCache(bound, (bytes) => bytes.length);
}

test('what was used least recently goes first, as much of it as the newest needs', () => {
  const cache = cacheOf(10);
  for (const key of ['a', 'b', 'c']) cache.set(key, new Uint8Array(3));
  assert.ok(cache.get('a'));
  cache.set('d', new Uint8Array(5));
  assert.deepEqual(
    ['a', 'b', 'c', 'd'].map((key) => cache.get(key)?.length),
    [3, undefined, undefined, 5],
  );
  assert.equal(cache.cost, 8);
});

test('a value under the same key takes the place of the one before', () => {
  const cache = cacheOf(10);
  cache.set('a', new Uint8Array(4));
  cache.set('a', new Uint8Array(7));
  assert.equal(cache.get('a')?.length, 7);
  assert.equal(cache.cost, 7);
});

test('what is larger than the bound is not kept, and pushes nobody out', () => {
  const cache = cacheOf(10);
  cache.set('a', new Uint8Array(4));
  cache.set('b', new Uint8Array(11));
  assert.equal(cache.get('b'), undefined);
  assert.equal(cache.get('a')?.length, 4);
  cache.set('a', new Uint8Array(11));
  assert.equal(cache.get('a'), undefined);
  assert.equal(cache.cost, 0);
});

test('a bound of nothing keeps nothing', () => {
  const cache = cacheOf(0);
  cache.set('a', new Uint8Array(1));
  assert.equal(cache.get('a'), undefined);
});

test('it keeps what a list in the order of use keeps', () => {
  const random = new Random(7);
  const cache = cacheOf(100);
  let twin: { key: string; length: number }[] = [];
  for (let step = 0; step < 5_000; step++) {
    const key = String(random.below(30));
    const known = twin.find((each) => each.key === key);
    const what = random.below(5);
    if (what === 0) {
      cache.delete(key);
      twin = twin.filter((each) => each !== known);
    } else if (what < 3) {
      assert.equal(cache.get(key)?.length, known?.length);
      if (known === undefined) continue;
      twin = [...twin.filter((each) => each !== known), known];
    } else {
      const length = 1 + random.below(25);
      cache.set(key, new Uint8Array(length));
      twin = [...twin.filter((each) => each !== known), { key, length }];
      while (sumOf(twin) > 100) twin.shift();
    }
    assert.equal(cache.cost, sumOf(twin));
  }
});

function sumOf(twin: readonly { length: number }[]): number {
  return twin.reduce((sum, { length }) => sum + length, 0);
}
