import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compare } from '../../bench/compare.js';
import type { Result, ResultRow } from '../../bench/harness/result.js';

function result(commit: string, rows: readonly ResultRow[]): Result {
  const [question, command, date, node, machine] = ['suite', '', '2026-01-01', 'v20', '2 x CPU'];
  return { question, command, date, commit, node, machine, rows };
}

test('each case that both have is one line, with the ratio of each figure that both have', () => {
  const before = result('aaa', [
    { case: 'one', figures: { 'per second': 1000, 'CPU us': 600, other: 1 } },
    { case: 'two', figures: { 'p50 ms': 0 } },
  ]);
  const after = result('bbb', [
    { case: 'two', figures: { 'p50 ms': 2 } },
    { case: 'one', figures: { 'per second': 1500, 'CPU us': 300, other: 1 } },
  ]);
  const lines = compare(before, after).split('\n');
  assert.deepEqual(lines.slice(0, 2), [
    'before: suite 2026-01-01 aaa 2 x CPU Node v20',
    'after:  suite 2026-01-01 bbb 2 x CPU Node v20',
  ]);
  assert.deepEqual(lines.slice(3), [
    '| case | per second | p50 ms | CPU us |',
    '| --- | ---: | ---: | ---: |',
    '| two |  | 0 → 2 |  |',
    '| one | 1,000 → 1,500 (1.50) |  | 600 → 300 (0.50) |',
  ]);
});

test('a case that only one of them has is named', () => {
  const row = (name: string): ResultRow => ({ case: name, figures: { 'CPU us': 1 } });
  const text = compare(
    result('a', [row('both'), row('gone')]),
    result('b', [row('both'), row('new')]),
  );
  assert.match(text, /only before: gone\n/);
  assert.match(text, /only after: new$/);
});
