import assert from 'node:assert/strict';
import { test } from 'node:test';
import { goalsTable } from '../../bench/goals.js';

const lines = (rows: Parameters<typeof goalsTable>[0]) => goalsTable(rows).split('\n').slice(2);

test('a goal without a figure is left out, the others say whether they were reached', () => {
  const rows = [
    { case: 'v1 hashedrekord, 1 connection', figures: { 'p50 ms': 5.01 } },
    { case: 'log info', figures: { 'per second': 10_000 } },
  ];
  assert.deepEqual(lines(rows), [
    '| v1, one connection: p50 ms | ≤ 5 | 5.01 | no |',
    '| log info: a second | ≥ 10,000 | 10,000 | yes |',
  ]);
});

test('a rate over that of another case needs both', () => {
  const dsse = { case: 'v1 dsse 2 KB, 64 connections', figures: { 'per second': 900 } };
  const record = { case: 'v1 hashedrekord, 64 connections', figures: { 'per second': 1000 } };
  assert.deepEqual(lines([dsse]), []);
  assert.ok(
    lines([record, dsse]).includes('| dsse 2 KB: rate over hashedrekord | ≥ 0.75 | 0.90 | yes |'),
  );
});

test('a case with a longer name does not answer for one that is there itself', () => {
  const rows = [
    { case: 'full tile', figures: { 'per second': 25_000 } },
    { case: 'full tile that is known', figures: { 'per second': 1 } },
  ];
  assert.deepEqual(lines(rows), ['| full tile: a second | ≥ 20,000 | 25,000 | yes |']);
});
