import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { ClassicLevel } from 'classic-level';
import { isLogError } from '../../src/errors.js';
import type { Evidence, Head } from '../../src/witness/head-row.js';
import { openSyncedRows, type SyncedRows, type WriteFault } from '../../src/witness/synced-rows.js';
import {
  createWitnessState,
  MAX_EVIDENCE,
  type WitnessState,
} from '../../src/witness/witness-state.js';

const ID = 'a'.repeat(64);
const withCode = (code: Parameters<typeof isLogError>[1]) => (error: unknown) =>
  isLogError(error, code);

function headOf(size: number, filler = size, timeSeconds = 1000n + BigInt(size)): Head {
  const root = new Uint8Array(32).fill(filler);
  return { origin: 'log.example', size: BigInt(size), root, timeSeconds, note: `note ${size}` };
}

interface Opened {
  readonly folder: string;
  readonly rows: SyncedRows;
  readonly state: WitnessState;
}

async function open(t: TestContext, fault?: WriteFault, folder = folderOf(t)): Promise<Opened> {
  const rows = await openSyncedRows(folder, fault);
  t.after(() => rows.close());
  return { folder, rows, state: createWitnessState(rows) };
}

function folderOf(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'stele-witness-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

const set = (state: WitnessState, head: Head) =>
  state.advance(ID, () => ({ next: head, value: 0 }));

describe('the state of a witness', () => {
  it('is there again after it was closed', async (t) => {
    const { folder, rows, state } = await open(t);
    assert.equal(await state.head(ID), undefined);
    await set(state, headOf(3));
    await set(state, headOf(5));
    await rows.close();
    const again = await open(t, undefined, folder);
    assert.deepEqual(await again.state.head(ID), headOf(5));
  });

  it('lets one of many writers that started from the same head win', async (t) => {
    const { state } = await open(t);
    await set(state, headOf(3));
    const races = Array.from({ length: 40 }, (_, i) =>
      state.advance(ID, (known) => {
        if (known?.size !== 3n) return { value: `late ${known?.size}` };
        return { next: headOf(4, i), value: 'won' };
      }),
    );
    const results = await Promise.all(races);
    assert.deepEqual(results, ['won', ...Array.from({ length: 39 }, () => 'late 4')]);
  });

  it('does not take what a slow reader found for the newest', async (t) => {
    const { rows } = await open(t);
    const held: (() => void)[] = [];
    let holds = true;
    const state = createWitnessState({
      ...{ generation: 0, list: assert.fail, mend: assert.fail, close: assert.fail },
      put: (changed) => rows.put(changed),
      async get(key) {
        const value = await rows.get(key);
        if (holds) await new Promise<void>((resolve) => held.push(resolve));
        return value;
      },
    });
    const slow = state.head(ID);
    while (held.length === 0) await new Promise(setImmediate);
    holds = false;
    await set(state, headOf(3));
    for (const resolve of held) resolve();
    assert.equal(await slow, undefined, 'it began before');
    assert.deepEqual(await state.head(ID), headOf(3));
    assert.equal(await state.advance(ID, (known) => ({ value: known?.size })), 3n);
  });

  it('does not go back in size, root or time, whatever a step asks for', async (t) => {
    const { state } = await open(t);
    await set(state, headOf(5));
    for (const next of [headOf(4), headOf(5, 9), headOf(6, 6, 1004n)]) {
      await assert.rejects(set(state, next), withCode('STORE_CORRUPT'));
      assert.deepEqual(await state.head(ID), headOf(5));
    }
    await set(state, headOf(5, 5, 1005n));
    await set(state, headOf(6, 6, 1005n));
  });

  it('refuses a write on a full disk and reads again what is stored', async (t) => {
    let isFull = false;
    const { state } = await open(t, () => {
      if (isFull) throw Object.assign(new Error('No space left on device'), { code: 'ENOSPC' });
    });
    await set(state, headOf(3));
    isFull = true;
    await assert.rejects(set(state, headOf(4)), withCode('DISK_FULL'));
    await assert.rejects(set(state, headOf(5)), withCode('DISK_FULL'));
    assert.deepEqual(await state.head(ID), headOf(3));
    isFull = false;
    await set(state, headOf(4));
    assert.deepEqual(await state.head(ID), headOf(4));
  });

  it('finds a write that failed after it was on disk', async (t) => {
    let fails = false;
    const { state } = await open(t, (step) => {
      if (fails && step === 'after-write') throw new Error('EIO');
    });
    await set(state, headOf(3));
    fails = true;
    await assert.rejects(set(state, headOf(4)), withCode('COMMIT_UNKNOWN'));
    fails = false;
    assert.deepEqual(await state.head(ID), headOf(4));
    const seen = await state.advance(ID, (known) => ({ value: known?.size }));
    assert.equal(seen, 4n);
  });

  it('writes nothing behind a write that failed', async (t) => {
    const faults: (() => void)[] = [];
    let holds = false;
    const { state } = await open(t, async (step) => {
      if (!holds || step !== 'before-write') return;
      await new Promise<void>((resolve) => faults.push(resolve));
      throw new Error('EIO');
    });
    const other = 'b'.repeat(64);
    await set(state, headOf(3));
    // A step leaves what it read in memory: the next one comes to its write without a wait.
    await state.advance(other, () => ({ value: 0 }));
    holds = true;
    const first = assert.rejects(set(state, headOf(4)), withCode('COMMIT_UNKNOWN'));
    const second = assert.rejects(
      state.advance(other, () => ({ next: headOf(9), value: 0 })),
      withCode('COMMIT_UNKNOWN'),
    );
    while (faults.length === 0) await new Promise(setImmediate);
    // Both reach the queue; the second one waits for the first.
    await new Promise(setImmediate);
    holds = false;
    for (const resolve of faults) resolve();
    await Promise.all([first, second]);
    assert.deepEqual(await state.head(ID), headOf(3));
    assert.equal(await state.head(other), undefined);
  });

  it('keeps evidence once, and not without end', async (t) => {
    const { state } = await open(t);
    await set(state, headOf(3));
    const keep = (kind: Evidence['kind'], refused: string) =>
      state.advance(ID, () => ({
        evidence: { kind, timeSeconds: 7n, cosigned: 'note 3', refused },
        value: 0,
      }));
    for (let i = 0; i < 2 * MAX_EVIDENCE; i++) {
      await keep('unproven', `unproven ${i}`);
      await keep('split-view', `split ${i}`);
      await keep('split-view', `split ${i}`);
    }
    const kept = await state.evidence(ID);
    assert.equal(kept.length, 2 * MAX_EVIDENCE);
    assert.ok(
      kept.some(({ refused }) => refused === 'split 0'),
      'the first split view stays',
    );
    assert.ok(kept.some(({ refused }) => refused === `unproven ${2 * MAX_EVIDENCE - 1}`));
    assert.deepEqual(await state.head(ID), headOf(3));
  });

  it('says that a row is damaged, and does not take it for a log that it never saw', async (t) => {
    const { folder, rows, state } = await open(t);
    await set(state, headOf(3));
    await rows.close();
    const level = new ClassicLevel(join(folder, 'state'));
    const key = `head/${ID}`;
    const value = (await level.get(key)) as string;
    await level.put(key, value.replace('note 3', 'note 4'));
    await level.close();
    const again = await open(t, undefined, folder);
    await assert.rejects(again.state.head(ID), withCode('STORE_CORRUPT'));
  });

  it('is not begun anew where it was lost', async (t) => {
    const { folder, rows } = await open(t);
    await rows.close();
    rmSync(join(folder, 'state'), { recursive: true });
    await assert.rejects(openSyncedRows(folder), withCode('STORE_MISSING'));
    const other = await open(t);
    await other.rows.close();
    rmSync(join(other.folder, 'state', 'CURRENT'));
    assert.ok(readdirSync(join(other.folder, 'state')).length > 0);
    await assert.rejects(openSyncedRows(other.folder), withCode('STORE_MISSING'));
  });

  it('belongs to one process', async (t) => {
    const { folder } = await open(t);
    await assert.rejects(openSyncedRows(folder), withCode('STORE_LOCKED'));
  });
});
