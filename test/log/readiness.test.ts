/** Readiness says whether the log can append and read now, also when nobody submits. */

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { type ErrorCode, isLogError } from '../../src/errors.js';
import type { Log } from '../../src/log/log.js';
import type { LogOptions } from '../../src/log/log-options.js';
import type { StoreFault, StoreStep } from '../../src/storage/fault-point.js';
import { type LevelStore, openLevelStore } from '../../src/storage/level/level-store.js';
import { openTestDesks, proposal, RECORD } from './log-fixture.js';

function code(expected: ErrorCode): (error: unknown) => boolean {
  return (error) => isLogError(error, expected);
}

interface Scene {
  readonly log: Log;
  readonly tileSide: Log;
  readonly store: LevelStore;
  readonly events: string[];
  free: number;
  /** Steps that fail, each until it is taken out. */
  readonly faults: Map<StoreStep, StoreFault>;
  /** Lets the back-off pauses that are under way end. */
  tick(): Promise<void>;
}

const PLENTY = 1e12;

async function newScene(t: TestContext, options: Partial<LogOptions> = {}): Promise<Scene> {
  const folder = mkdtempSync(join(tmpdir(), 'stele-ready-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const faults = new Map<StoreStep, StoreFault>();
  let nowMs = 0;
  const disk = { free: PLENTY };
  const store = await openLevelStore({
    directory: join(folder, 'store'),
    create: true,
    freeBytes: async () => disk.free,
    // Every look at the clock is a second later: no figure of the free space is used twice.
    nowMs: () => {
      nowMs += 1_000;
      return nowMs;
    },
    fault: (step) => faults.get(step),
  });
  await store.createLog(RECORD);
  const events: string[] = [];
  let pauses: (() => void)[] = [];
  const { rekorSide: log, tileSide } = await openTestDesks(store, {
    pause: (_ms, signal) =>
      new Promise((resolve) => {
        pauses.push(resolve);
        signal.addEventListener('abort', () => resolve());
      }),
    observer: { trouble: ({ event }) => events.push(event) },
    ...options,
  });
  t.after(async () => {
    await log.close();
    await store.close();
  });
  return {
    log,
    tileSide,
    store,
    events,
    faults,
    get free() {
      return disk.free;
    },
    set free(bytes) {
      disk.free = bytes;
    },
    async tick() {
      const ended = pauses;
      pauses = [];
      for (const end of ended) end();
      // The store works in other threads; what it was asked for is done some turns later.
      for (let i = 0; i < 50 && pauses.length === 0; i++) await nextTurn();
    },
  };
}

test('below the disk reserve appending is red, told once, and green again without a submission', async (t) => {
  const scene = await newScene(t);
  await scene.log.submit(proposal('a'));
  scene.free = 1_000;
  for (const text of ['b', 'c', 'b']) {
    await assert.rejects(scene.log.submit(proposal(text)), code('DISK_FULL'));
  }
  assert.match((await scene.log.readiness()).append ?? '', /must stay free/);
  await scene.tick();
  assert.match((await scene.log.readiness()).append ?? '', /must stay free/);
  assert.deepEqual(scene.events, ['refused']);
  scene.free = PLENTY;
  await scene.tick();
  assert.equal((await scene.log.readiness()).append, undefined);
  assert.deepEqual(scene.events, ['refused', 'resumed']);
  assert.equal((await scene.log.submit(proposal('b'))).outcome, 'added');
  scene.free = 1_000;
  await assert.rejects(scene.log.submit(proposal('d')), code('DISK_FULL'));
  scene.free = PLENTY;
  await scene.log.submit(proposal('d'));
  assert.equal((await scene.log.readiness()).append, undefined);
  assert.deepEqual(scene.events.slice(2), ['refused', 'resumed']);
});

test('below the disk reserve appending is red though nobody has submitted anything', async (t) => {
  const scene = await newScene(t);
  scene.free = 1_000;
  assert.match((await scene.log.readiness()).append ?? '', /must stay free/);
  scene.free = PLENTY;
  assert.equal((await scene.log.readiness()).append, undefined);
  assert.deepEqual(scene.events, []);
});

test('a store that failed while late rows were written is reopened without a submission', async (t) => {
  const scene = await newScene(t);
  await scene.log.submit(proposal('a'));
  scene.faults.set('late', 'before').set('recover', 'before');
  await scene.tileSide.checkpoint();
  while (!scene.events.includes('reopen-failed')) await nextTurn();
  assert.equal(scene.store.failed, true);
  assert.match((await scene.log.readiness()).append ?? '', /cannot be written/);
  await assert.rejects(scene.log.submit(proposal('b')), code('STORE_UNAVAILABLE'));
  scene.faults.clear();
  while (!scene.events.includes('resumed')) await scene.tick();
  assert.equal((await scene.log.readiness()).append, undefined);
  assert.deepEqual(scene.events, ['reopen-failed', 'resumed']);
});

test('reading is red when the row of the head cannot be read', async (t) => {
  const scene = await newScene(t);
  await scene.log.submit(proposal('a'));
  assert.equal((await scene.log.readiness()).read, undefined);
  await scene.store.close();
  const { append, read } = await scene.log.readiness();
  assert.match(read ?? '', /not open/);
  assert.match(append ?? '', /closed/);
});
