import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Timing } from '../../src/publishing/timing.js';
import { HEARING_MS, QUICK_HEARING, REAL_TIMING, witnessedBy } from '../publishing/witnessing.js';
import { newStore, openTestDesks, proposal } from './log-fixture.js';
import { code, open, witness } from './witnessed-log.js';

test('a witness that shows a larger tree under the key of this log stops submissions', async (t) => {
  const good = await witness(t, 'w.example/1');
  const longer = await open(t, await newStore(), witnessedBy([good]));
  for (let i = 0; i < 3; i++) await longer.tileSide.submit(proposal(`entry ${i}`));
  await longer.close();
  const opened = await open(t, await newStore(), witnessedBy([good]));
  while (opened.events.length < 2) await opened.nextEvent();
  assert.deepEqual(
    opened.events.map(({ event }) => event),
    ['alarm', 'alarm'],
  );
  const { tileSide, rekorSide } = opened;
  await assert.rejects(tileSide.submit(proposal('fork')), code('GUARD_AHEAD'));
  await assert.rejects(rekorSide.submit(proposal('fork')), code('GUARD_AHEAD'));
  await assert.rejects(rekorSide.submitBatch([proposal('fork')], 'per-item'), code('GUARD_AHEAD'));
  assert.match((await rekorSide.readiness()).append ?? '', /3 leaves but the store ends at 0/);
});

test('a witness that shows another tree of the same size stops submissions', async (t) => {
  const good = await witness(t, 'w.example/1');
  const first = await open(t, await newStore(), witnessedBy([good]));
  await first.tileSide.submit(proposal('first'));
  await first.close();
  const store = await newStore();
  const alone = await openTestDesks(store);
  await alone.tileSide.submit(proposal('second'));
  await alone.rekorSide.close();
  good.behaviour = 'status-422';
  const opened = await open(t, store, witnessedBy([good]));
  while (opened.events.length < 2) await opened.nextEvent();
  await assert.rejects(opened.tileSide.submit(proposal('third')), code('GUARD_AHEAD'));
});

test('the first submission after a start waits for what witnesses know, and not for long', async (t) => {
  const good = await witness(t, 'w.example/1');
  const longer = await open(t, await newStore(), witnessedBy([good]));
  for (let i = 0; i < 3; i++) await longer.tileSide.submit(proposal(`entry ${i}`));
  await longer.close();
  const store = await newStore();
  const alone = await openTestDesks(store);
  await alone.tileSide.submit(proposal('entry 0'));
  await alone.rekorSide.close();
  const rolledBack = await open(t, store, witnessedBy([good]));
  await assert.rejects(rolledBack.rekorSide.submit(proposal('fork')), code('GUARD_AHEAD'));
  await rolledBack.close();
  good.behaviour = 'slow';
  const unheard = await open(t, store, witnessedBy([good], { timing: QUICK_HEARING }));
  assert.equal((await unheard.rekorSide.submit(proposal('next'))).outcome, 'added');
});

test('once the quorum has cosigned, the first submission waits for no witness that hangs', async (t) => {
  const [good, dead] = [await witness(t, 'w.example/1'), await witness(t, 'w.example/2', 'slow')];
  const after: Timing['after'] = (delayMs, action) =>
    delayMs === HEARING_MS ? () => {} : REAL_TIMING.after(delayMs, action);
  const witnessing = witnessedBy([good, dead], { timing: { ...REAL_TIMING, after } });
  const { rekorSide } = await open(t, await newStore(), witnessing);
  assert.equal((await rekorSide.submit(proposal('first'))).outcome, 'added');
});

test('an empty log of which a witness knows more takes no first entry', async (t) => {
  const good = await witness(t, 'w.example/1');
  const lost = await open(t, await newStore(), witnessedBy([good]));
  await lost.tileSide.submit(proposal('entry'));
  await lost.close();
  const { rekorSide } = await open(t, await newStore(), witnessedBy([good]));
  await assert.rejects(rekorSide.submit(proposal('fork')), code('GUARD_AHEAD'));
});

test('a mere claim of a larger tree stops submissions where claims are believed', async (t) => {
  const liar = await witness(t, 'w.example/1', 'conflict-bigger');
  const opened = await open(t, await newStore(), witnessedBy([liar], { believesClaims: true }));
  while (opened.events.length < 2) await opened.nextEvent();
  await assert.rejects(opened.tileSide.submit(proposal('first')), code('GUARD_AHEAD'));
});

test('what a witness shows without the signature of this log stops nothing', async (t) => {
  const liar = await witness(t, 'w.example/1', 'conflict-bigger');
  liar.held = 'log.example\n99\nc2hh\n\n\u2014 log.example AAAAAAAA\n';
  const opened = await open(t, await newStore(), witnessedBy([liar], { mode: 'async' }));
  await opened.nextEvent();
  assert.equal((await opened.tileSide.submit(proposal('first'))).outcome, 'added');
});
