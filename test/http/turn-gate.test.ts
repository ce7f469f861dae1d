import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { TurnGate } from '../../src/http/turn-gate.js';

describe('TurnGate', () => {
  it('lets one through at once, and one more in each turn, in the order of arrival', async () => {
    const gate = new TurnGate();
    const passed: string[] = [];
    assert.equal(gate.pass(), undefined);
    for (const name of ['a', 'b', 'c']) void gate.pass()?.then(() => passed.push(name));
    assert.deepEqual(passed, []);
    for (const expected of ['a', 'a,b', 'a,b,c']) {
      await nextTurn();
      assert.equal(passed.join(), expected);
    }
  });

  it('keeps nobody waiting once a turn has gone by without anybody', async () => {
    const gate = new TurnGate();
    assert.equal(gate.pass(), undefined);
    await nextTurn();
    assert.equal(gate.pass(), undefined);
    const waiting = gate.pass();
    assert.ok(waiting instanceof Promise);
    await waiting;
    assert.ok(gate.pass() instanceof Promise, 'the turn of the one that waited is taken');
    await nextTurn();
    await nextTurn();
    assert.equal(gate.pass(), undefined);
  });
});
