import assert from 'node:assert/strict';
import { test } from 'node:test';
import { median, percentile, Times } from '../../bench/harness/latencies.js';

test('a percentile is the smallest value that so many do not exceed', () => {
  const hundred = Array.from({ length: 100 }, (_, n) => n + 1);
  assert.equal(percentile(hundred, 0.5), 50);
  assert.equal(percentile(hundred, 0.99), 99);
  assert.equal(percentile(hundred, 0.999), 100);
  assert.equal(percentile([], 0.5), 0);
  assert.equal(median([9, 1, 5]), 5);
});

test('many times in any order give the percentiles of all of them', () => {
  const times = new Times();
  for (let n = 10_000; n > 0; n--) times.add(n);
  const other = new Times();
  other.add(20_000);
  times.addAll(other);
  assert.deepEqual(times.spread(), { count: 10_001, p50Ms: 5001, p99Ms: 9901, p999Ms: 9991 });
});
