import assert from 'node:assert/strict';
import { cp, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { type ErrorCode, isLogError, LogError } from '../../src/errors.js';
import {
  type GuardedHead,
  type HeadsGuard,
  openHeadsGuard,
} from '../../src/witness/heads-guard.js';
import { parseLogFlag } from '../../src/witness/log-list.js';
import { serveWitness, witnessFolder } from './served-witness.js';
import { TestLog } from './test-log.js';

const [A, B] = ['a'.repeat(64), 'b'.repeat(64)] as const;

const head = (size: number, filler = size): GuardedHead => ({
  size: BigInt(size),
  root: new Uint8Array(32).fill(filler),
});

const withCode = (code: ErrorCode) => (error: unknown) => isLogError(error, code);

/** A file and a state in memory, and a clock that is moved by hand. */
class Scene {
  text: string | undefined;
  readonly heads = new Map<string, GuardedHead | Error>();
  readonly faults: unknown[] = [];
  writes = 0;
  isFull = false;
  #due: (() => void) | undefined;

  open(): Promise<HeadsGuard> {
    return openHeadsGuard({
      read: async () => this.text,
      write: async (text) => {
        if (this.isFull) throw new Error('ENOSPC');
        this.writes++;
        this.text = text;
      },
      logIDs: [...this.heads.keys()],
      head: async (logID) => {
        const found = this.heads.get(logID);
        if (found instanceof Error) throw found;
        return found;
      },
      after: (_, action) => {
        this.#due = action;
        return () => {
          this.#due = undefined;
        };
      },
      faulted: (error) => this.faults.push(error),
    });
  }

  /** A second passes, and what it brings. */
  async tick(): Promise<void> {
    this.#due?.();
    this.#due = undefined;
    await nextTurn();
  }

  store(guard: HeadsGuard, logID: string, stored: GuardedHead): void {
    this.heads.set(logID, stored);
    guard.advanced(logID, stored);
  }
}

/** Returns a scene whose witness has cosigned 5 leaves of A and 7 of B, and has stopped. */
async function stopped(): Promise<Scene> {
  const scene = new Scene();
  const guard = await scene.open();
  scene.store(guard, A, head(5));
  scene.store(guard, B, head(7));
  await guard.close();
  return scene;
}

describe('the guard of a witness', () => {
  it('goes with the state that it was written beside, and with a later one', async () => {
    const scene = await stopped();
    await (await scene.open()).close();
    scene.heads.set(A, head(6));
    await (await scene.open()).close();
  });

  it('refuses a state that is smaller, has another root, or has forgotten a log', async () => {
    for (const older of [head(4), head(5, 9), undefined]) {
      const scene = await stopped();
      if (older === undefined) scene.heads.delete(A);
      else scene.heads.set(A, older);
      await assert.rejects(scene.open(), withCode('GUARD_AHEAD'));
    }
  });

  it('takes the state as it is when its file is gone, logs that stand still among it', async () => {
    const scene = await stopped();
    scene.text = undefined;
    const guard = await scene.open();
    scene.store(guard, A, head(6));
    await guard.close();
    scene.heads.set(B, head(6));
    await assert.rejects(scene.open(), withCode('GUARD_AHEAD'));
  });

  it('refuses a file that is not whole', async () => {
    const whole = (await stopped()).text ?? '';
    const lines = whole.split('\n');
    const damaged = [
      '',
      'x',
      whole.slice(0, -1),
      `${whole}\n`,
      whole.replace('stele-witness-guard-1', 'stele-witness-guard-2'),
      [lines[0], lines[1], ''].join('\n'),
      [lines[0], lines[1], lines[1], ''].join('\n'),
      whole.replace(' 5 ', ' 05 '),
    ];
    for (const text of damaged) {
      const scene = await stopped();
      scene.text = text;
      await assert.rejects(scene.open(), withCode('GUARD_CORRUPT'), text);
    }
  });

  it('is written once a second, with all that came, and when it is closed', async () => {
    const scene = new Scene();
    const guard = await scene.open();
    for (let size = 1; size <= 9; size++) scene.store(guard, A, head(size));
    assert.equal(scene.writes, 0);
    await scene.tick();
    scene.store(guard, A, head(10));
    await guard.close();
    assert.equal(scene.writes, 2);
    assert.match(scene.text ?? '', / 10 /);
  });

  it('tells of a write that failed, and writes again with the next head', async () => {
    const scene = await stopped();
    const guard = await scene.open();
    scene.isFull = true;
    scene.store(guard, A, head(8));
    await scene.tick();
    scene.isFull = false;
    scene.store(guard, B, head(8));
    await guard.close();
    assert.equal(scene.faults.length, 1);
    assert.equal(scene.text?.match(/ 8 /g)?.length, 2);
  });

  it('leaves a log whose row is damaged to the state, and goes on guarding it', async () => {
    const scene = await stopped();
    scene.heads.set(A, new LogError('STORE_CORRUPT', 'a row is damaged'));
    const guard = await scene.open();
    scene.store(guard, B, head(8));
    await guard.close();
    scene.heads.set(A, head(4));
    await assert.rejects(scene.open(), withCode('GUARD_AHEAD'));
  });
});

describe('a witness whose state was put back from a backup', () => {
  const log = new TestLog('log.example/main');
  const logs = [parseLogFlag(log.vkey)];

  it('does not start beside its guard, and cosigns no other history', async (t) => {
    const folder = witnessFolder(t);
    const first = await serveWitness(t, { folder, logs });
    assert.equal((await first.post('/add-checkpoint', log.body(0, 3))).status, 200);
    await first.close();
    const [state, backup] = [join(folder, 'state'), join(folder, 'backup')];
    await cp(state, backup, { recursive: true });
    const second = await serveWitness(t, { folder, logs });
    assert.equal((await second.post('/add-checkpoint', log.body(3, 5))).status, 200);
    await second.close();
    const newest = join(folder, 'newest');
    await rename(state, newest);
    await rename(backup, state);
    await assert.rejects(serveWitness(t, { folder, logs }), withCode('GUARD_AHEAD'));
    await rm(state, { recursive: true });
    await rename(newest, state);
    const third = await serveWitness(t, { folder, logs });
    assert.equal((await third.post('/add-checkpoint', log.body(5, 6))).status, 200);
  });
});
