import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { TurnGate } from '../../src/http/turn-gate.js';

/** A gate of 2 ms, on a clock that goes on by `costMs` whenever somebody has passed. */
function gateWith(costMs: number): { passed: number[]; pass(name: number): void } {
  let nowMs = 0;
  const gate = new TurnGate(() => nowMs);
  const passed: number[] = [];
  const begin = (name: number): void => {
    passed.push(name);
    nowMs += costMs;
  };
  return {
    passed,
    pass(name) {
      const waiting = gate.pass();
      if (waiting === undefined) begin(name);
      else void waiting.then(() => begin(name));
    },
  };
}

const TEN = Array.from({ length: 10 }, (_, i) => i);

describe('TurnGate', () => {
  it('lets cheap requests through as they come', () => {
    const { passed, pass } = gateWith(0.1);
    TEN.forEach(pass);
    assert.deepEqual(passed, TEN);
  });

  it('lets no more through when the share of a turn is used up, and goes on in the next, in order', async () => {
    const { passed, pass } = gateWith(0.7);
    TEN.forEach(pass);
    assert.deepEqual(passed, [0, 1, 2]);
    await nextTurn();
    assert.deepEqual(passed, [0, 1, 2, 3, 4, 5]);
    pass(10);
    await nextTurn();
    assert.deepEqual(passed, [0, 1, 2, 3, 4, 5, 6, 7, 8]);
    await nextTurn();
    assert.deepEqual(passed, [...TEN, 10]);
  });

  it('lets one through in each turn, however much it costs', async () => {
    const { passed, pass } = gateWith(50);
    TEN.forEach(pass);
    for (let turns = 1; turns <= TEN.length; turns++) {
      assert.deepEqual(passed, TEN.slice(0, turns));
      await nextTurn();
    }
  });

  it('keeps nobody waiting once a turn has gone by', async () => {
    const { passed, pass } = gateWith(50);
    pass(0);
    await nextTurn();
    pass(1);
    assert.deepEqual(passed, [0, 1]);
  });
});
