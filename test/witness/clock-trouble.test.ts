import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CLOCK_TOLERANCE_MS, openClockTrouble } from '../../src/witness/clock-trouble.js';

test('a clock that jumped ahead is not believed until it is set right, one that runs late is', () => {
  const [wallMs, monotonicMs] = [1_700_000_000_000, 5_000];
  const now = { wallMs, monotonicMs };
  const trouble = openClockTrouble({
    wallMs: () => now.wallMs,
    monotonicMs: () => now.monotonicMs,
  });
  const after = (wall: number, monotonic: number): string | undefined => {
    now.wallMs = wallMs + wall;
    now.monotonicMs = monotonicMs + monotonic;
    return trouble();
  };
  assert.equal(after(0, 0), undefined);
  assert.equal(after(86_400_000, 86_400_000), undefined, 'time goes by');
  assert.equal(after(CLOCK_TOLERANCE_MS, 0), undefined);
  assert.match(after(CLOCK_TOLERANCE_MS + 1, 0) ?? '', /jumped ahead by 10 s/);
  assert.match(after(3_600_000, 0) ?? '', /jumped ahead by 3600 s/);
  assert.equal(after(-3_600_000, 1), undefined, 'times of a log never run back anyway');
  assert.equal(after(1_000, 2_000), undefined, 'set right');
});

test('small steps add up', () => {
  let stepMs = 0;
  const trouble = openClockTrouble({ wallMs: () => 1_000 + stepMs, monotonicMs: () => 0 });
  for (; stepMs <= CLOCK_TOLERANCE_MS; stepMs += 1_000) assert.equal(trouble(), undefined);
  assert.notEqual(trouble(), undefined);
});
