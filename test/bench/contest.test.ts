import assert from 'node:assert/strict';
import { test } from 'node:test';
import { contestRow, ratios, takeTurns } from '../../bench/harness/contest.js';
import type { LoadFigures } from '../../bench/harness/measure.js';
import { table } from '../../bench/harness/result.js';

function figures(perSecond: number, cpuMicroseconds: number): LoadFigures {
  return {
    connections: 1,
    requests: 1,
    perSecond,
    p50Ms: 1,
    p99Ms: 2,
    p999Ms: 3,
    byStatus: {},
    bytesPerSecond: 0,
    cpuMicroseconds,
    peakMiB: 10,
    generatorMicroseconds: 0,
    allocatedKiB: Number.NaN,
    loopDelayMs: Number.NaN,
  };
}

test('each round has every contender once, and not always in the same order', async () => {
  const ran: string[] = [];
  const found = await takeTurns(['a', 'b'], 3, async (name, round) => {
    ran.push(name + round);
    return figures(round, 0);
  });
  assert.deepEqual(ran, ['a0', 'b0', 'b1', 'a1', 'a2', 'b2']);
  assert.deepEqual(
    found.map((rounds) => rounds.map(({ perSecond }) => perSecond)),
    [
      [0, 1, 2],
      [0, 1, 2],
    ],
  );
});

test('a ratio is the median of those of the rounds, not that of the medians', () => {
  const ours = [figures(10, 100), figures(20, 200), figures(30, 900)];
  const peer = [figures(10, 50), figures(80, 400), figures(30, 300)];
  assert.deepEqual(
    ratios(ours, peer, (each) => each.cpuMicroseconds),
    [2, 0.5, 3],
  );
  const { figures: row } = contestRow('case', ours, peer);
  assert.equal(row['CPU / peer'], 2);
  assert.equal(row['rate / peer'], 1);
  assert.equal(row['CPU us'], 200);
});

test('what could not be measured is no figure', () => {
  const row = contestRow('case', [figures(1, Number.NaN)], undefined);
  assert.equal('CPU us' in row.figures, false);
  assert.equal('loop p99 ms' in row.figures, false);
});

test('a table has a column for every figure and leaves empty what a row does not have', () => {
  const text = table([
    { case: 'one', figures: { a: 1234, b: 1.005 } },
    { case: 'two', figures: { b: 123.456 } },
  ]);
  assert.equal(
    text,
    '| case | a | b |\n| --- | ---: | ---: |\n| one | 1,234 | 1.01 |\n| two |  | 123 |',
  );
});
