import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { ClassicLevel } from 'classic-level';
import { isLogError } from '../../src/errors.js';
import { type Evidence, MAX_EVIDENCE } from '../../src/witness/evidence.js';
import type { Head } from '../../src/witness/head-row.js';
import { openSyncedRows, type SyncedRows, type WriteFault } from '../../src/witness/synced-rows.js';
import { createWitnessState, type WitnessState } from '../../src/witness/witness-state.js';

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
  /** Evidence that was told. */
  readonly told: Evidence[];
  readonly faults: unknown[];
}

async function open(t: TestContext, fault?: WriteFault, folder = folderOf(t)): Promise<Opened> {
  const rows = await openSyncedRows(folder, fault);
  t.after(() => rows.close());
  const [told, faults]: [Evidence[], unknown[]] = [[], []];
  const state = createWitnessState(rows, {
    conflicted: (_, evidence) => told.push(evidence),
    faulted: (error) => faults.push(error),
  });
  return { folder, rows, state, told, faults };
}

function folderOf(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'stele-witness-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

const set = (state: WitnessState, head: Head) =>
  state.advance(ID, () => ({ next: head, value: 0 }));

const keep = (
  state: WitnessState,
  kind: Evidence['kind'],
  size: number,
  filler: number,
  timeSeconds = 1000n,
) =>
  state.advance(ID, () => ({
    evidence: {
      ...{ kind, timeSeconds, cosigned: 'note 3', refused: `refused ${size} ${filler}` },
      ...{ size: BigInt(size), root: new Uint8Array(32).fill(filler) },
    },
    value: 'decided',
  }));

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
    const state = createWitnessState(
      {
        ...{ generation: 0, mend: assert.fail, close: assert.fail },
        list: (prefix) => rows.list(prefix),
        put: (changed) => rows.put(changed),
        get: (key) => rows.get(key),
        async peek(key) {
          const value = await rows.peek(key);
          if (holds) await new Promise<void>((resolve) => held.push(resolve));
          return value;
        },
      },
      { conflicted: assert.fail, faulted: assert.fail },
    );
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

  it('answers what was decided when evidence cannot be written', async (t) => {
    let isFull = false;
    const { state, told, faults } = await open(t, () => {
      if (isFull) throw Object.assign(new Error('No space left on device'), { code: 'ENOSPC' });
    });
    await set(state, headOf(3));
    isFull = true;
    assert.equal(await keep(state, 'split-view', 3, 9), 'decided');
    assert.deepEqual(told, []);
    assert.ok(faults.length === 1 && withCode('DISK_FULL')(faults[0]));
    isFull = false;
    await keep(state, 'split-view', 3, 9);
    assert.equal(told.length, 1);
  });

  it('keeps evidence once, and not without end', async (t) => {
    const { folder, rows, state, told } = await open(t);
    await set(state, headOf(3));
    for (let i = 0; i < 2 * MAX_EVIDENCE; i++) {
      await keep(state, 'unproven', 10 + i, 0);
      await keep(state, 'split-view', 3, 100 + i);
      await keep(state, 'split-view', 3, 100 + i);
    }
    assert.equal(told.length, 2 * MAX_EVIDENCE);
    const sizes = async (of: WitnessState, kind: Evidence['kind']) =>
      (await of.evidence(ID))
        .filter((piece) => piece.kind === kind)
        .map(({ size }) => Number(size));
    assert.deepEqual(await sizes(state, 'unproven'), [10, 11, 12, 13, 14, 15, 16, 17]);
    await rows.close();
    const { state: again } = await open(t, undefined, folder);
    assert.equal(await again.evidenceCount(ID), 2 * MAX_EVIDENCE);
    for (const [size, timeSeconds] of [
      [50, 1059n],
      [51, 1060n],
      [52, 1119n],
      [53, 1120n],
    ] as const) {
      await keep(again, 'unproven', size, 0, timeSeconds);
    }
    assert.deepEqual(
      await sizes(again, 'unproven'),
      [10, 11, 12, 13, 16, 17, 51, 53],
      'the first ones stay, the others go round once a minute',
    );
    assert.equal((await sizes(again, 'split-view')).length, MAX_EVIDENCE);
    assert.deepEqual(await again.head(ID), headOf(3));
  });

  it('settles what was unproven when it cosigns that size', async (t) => {
    const { state, told } = await open(t);
    await set(state, headOf(3));
    await keep(state, 'unproven', 5, 5);
    await keep(state, 'unproven', 7, 99);
    await set(state, headOf(5));
    assert.deepEqual(
      (await state.evidence(ID)).map(({ size }) => size),
      [7n],
      'a wrong proof of a right tree was nothing',
    );
    await set(state, headOf(7));
    const [proof, ...more] = await state.evidence(ID);
    assert.equal(more.length, 0);
    assert.deepEqual(proof, {
      kind: 'split-view',
      timeSeconds: 1000n,
      cosigned: 'note 7',
      refused: 'refused 7 99',
      size: 7n,
      root: new Uint8Array(32).fill(99),
    });
    assert.deepEqual(
      told.map(({ kind }) => kind),
      ['unproven', 'unproven', 'split-view'],
    );
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
