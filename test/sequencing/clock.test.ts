import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isLogError } from '../../src/errors.js';
import { openClockRule } from '../../src/sequencing/clock.js';
import { FakeClock } from '../log/log-fixture.js';

const START = 1_800_000_000;

test('the integrated time is the second that the wall clock shows', () => {
  const clock = new FakeClock();
  const rule = openClockRule(clock);
  assert.equal(rule.integratedTimeSeconds(0), START);
  clock.advance(1_999);
  assert.equal(rule.integratedTimeSeconds(START), START + 1);
});

test('the integrated time never goes back', () => {
  const clock = new FakeClock();
  const rule = openClockRule(clock);
  assert.equal(rule.integratedTimeSeconds(START + 7), START + 7);
});

test('a jump of 10 s is borne, one of more is not, either way', () => {
  for (const direction of [1, -1]) {
    const clock = new FakeClock();
    const rule = openClockRule(clock);
    clock.wall += direction * 10_000;
    assert.equal(rule.integratedTimeSeconds(0), START + direction * 10);
    clock.wall += direction;
    assert.throws(
      () => rule.integratedTimeSeconds(0),
      (error) => isLogError(error, 'CLOCK_UNTRUSTED'),
    );
    assert.match(rule.trouble(0) ?? '', /jumped by -?10\.0 s/);
  }
});

test('small steps add up to a jump', () => {
  const clock = new FakeClock();
  const rule = openClockRule(clock);
  for (let i = 0; i < 3; i++) {
    clock.advance(60_000);
    clock.wall += 4_000;
  }
  assert.notEqual(rule.trouble(0), undefined);
});

test('a year of even time is no jump', () => {
  const clock = new FakeClock();
  const rule = openClockRule(clock);
  clock.advance(365 * 86_400_000);
  assert.equal(rule.integratedTimeSeconds(START), START + 365 * 86_400);
});

test('now may lie 10 s before the newest entry, and no more', () => {
  const clock = new FakeClock();
  const rule = openClockRule(clock);
  assert.equal(rule.integratedTimeSeconds(START + 10), START + 10);
  clock.wall -= 1;
  assert.match(rule.trouble(START + 10) ?? '', /10\.0 s before the time of the newest entry/);
});

test('a clock that reads no number is not believed', () => {
  const clock = new FakeClock();
  const rule = openClockRule(clock);
  clock.wall = Number.NaN;
  assert.notEqual(rule.trouble(0), undefined);
});

test('the time that is given out is the one that was judged', () => {
  const clock = new FakeClock();
  const rule = openClockRule(clock);
  // Somebody sets the clock between one look and the next.
  clock.wallMs = () => {
    const now = clock.wall;
    clock.wall += 3_600_000;
    return now;
  };
  assert.equal(rule.integratedTimeSeconds(0), START);
});
