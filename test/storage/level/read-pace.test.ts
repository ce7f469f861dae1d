import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ReadPace } from '../../../src/storage/level/read-pace.js';

function paceWithClock() {
  const clock = { ms: 0 };
  const pace = new ReadPace(() => clock.ms);
  const read = (tookMs: number, rows = 1) =>
    pace.timed(rows, () => {
      clock.ms += tookMs;
      return rows;
    });
  return { clock, pace, read };
}

describe('the pace of reads', () => {
  it('keeps them on the loop while they are quick, however many rows they have', () => {
    const { pace, read } = paceWithClock();
    for (let i = 0; i < 100; i++) assert.equal(read(0.4, 8), 8);
    assert.equal(pace.prefersThread(), false);
  });

  it('sends them to threads when they wait for the disk, and tries the loop again now and then', () => {
    const { clock, pace, read } = paceWithClock();
    for (let i = 0; i < 100; i++) read(0.3);
    assert.equal(pace.prefersThread(), true);
    clock.ms += 19;
    assert.equal(pace.prefersThread(), true);
    clock.ms += 1;
    assert.equal(pace.prefersThread(), false);
    read(0.3);
    assert.equal(pace.prefersThread(), true);
  });

  it('comes back to the loop when reads are quick again', () => {
    const { clock, pace, read } = paceWithClock();
    for (let i = 0; i < 100; i++) read(0.3);
    for (let tries = 0; tries < 60; tries++) {
      clock.ms += 20;
      assert.equal(pace.prefersThread(), false);
      read(0.01);
    }
    assert.equal(pace.prefersThread(), false);
  });

  it('is not changed by one pause', () => {
    const { pace, read } = paceWithClock();
    for (let i = 0; i < 100; i++) read(0.01);
    read(400);
    assert.equal(pace.prefersThread(), false);
  });
});
