import assert from 'node:assert/strict';
import { uptime } from 'node:os';
import { it } from 'node:test';
import { openClockRule } from '../../src/sequencing/clock.js';
import { systemClock } from '../../src/server/system-clock.js';

/** A machine whose uptime shows whole steps, and whose process clock stands still while it is suspended. */
function machine(stepMs = 10) {
  let wall = 1_800_000_000_000;
  let ran = 7_000.25;
  let up = 500_000;
  let asked = 0;
  return {
    clock: () =>
      systemClock({
        wallMs: () => wall,
        processMs: () => ran,
        uptimeMs() {
          asked++;
          return Math.floor(up / stepMs) * stepMs;
        },
      }),
    /** Times that the uptime was asked for. */
    asked: () => asked,
    run(ms: number) {
      wall += ms;
      ran += ms;
      up += ms;
    },
    suspend(ms: number) {
      wall += ms;
      up += ms;
    },
    setWall(ms: number) {
      wall += ms;
    },
  };
}

it('a machine that was suspended comes back with a clock that is believed', () => {
  const laptop = machine();
  const rule = openClockRule(laptop.clock());
  laptop.run(5_000);
  laptop.suspend(8 * 3_600_000);
  assert.equal(rule.trouble(0), undefined);
  assert.equal(rule.integratedTimeSeconds(0), 1_800_000_000 + 5 + 8 * 3_600);
  // Many short ones add up; none is lost.
  for (let i = 0; i < 100; i++) {
    laptop.suspend(700);
    laptop.run(10);
  }
  assert.equal(rule.trouble(0), undefined);
});

it('a wall clock that was set is still not believed', () => {
  const server = machine();
  const rule = openClockRule(server.clock());
  server.suspend(60_000);
  server.setWall(11_000);
  assert.match(rule.trouble(0) ?? '', /jumped/);
});

it('short times are told finely and never go back, however coarse the uptime is', () => {
  for (const stepMs of [1, 10, 1_000]) {
    const busy = machine(stepMs);
    const clock = busy.clock();
    let last = clock.monotonicMs();
    for (let i = 0; i < 5_000; i++) {
      busy.run(0.75);
      const now = clock.monotonicMs();
      assert.ok(Math.abs(now - last - 0.75) < 1e-6, `${now - last} at a step of ${stepMs}`);
      last = now;
    }
  }
});

it('the uptime is asked for now and then, and when the wall clock moved by itself', () => {
  const busy = machine();
  const clock = busy.clock();
  for (let i = 0; i < 1_000; i++) {
    busy.run(0.5);
    clock.monotonicMs();
  }
  assert.ok(busy.asked() < 10, `${busy.asked()} times in half a second`);
  const before = clock.monotonicMs();
  busy.suspend(5_000);
  assert.equal(clock.monotonicMs(), before + 5_000);
});

it('a suspension after which the wall clock stands where it stood is noticed soon', () => {
  const paused = machine();
  const rule = openClockRule(paused.clock());
  paused.suspend(20_000);
  paused.setWall(-20_000);
  paused.run(150);
  assert.match(rule.trouble(0) ?? '', /jumped by -/);
});

it("the machine's own clock counts from its start", () => {
  const clock = systemClock();
  assert.ok(Math.abs(clock.monotonicMs() - uptime() * 1_000) < 2_000);
  assert.ok(Math.abs(clock.wallMs() - Date.now()) < 2_000);
});
