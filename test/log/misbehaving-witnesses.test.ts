import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Timing } from '../../src/publishing/timing.js';
import { MISBEHAVIOURS, ODDITIES } from '../publishing/fake-witness.js';
import {
  HEARING_MS,
  LONG_MS,
  linesOf,
  namesOn,
  QUICK_HEARING,
  REAL_TIMING,
  witnessedBy,
} from '../publishing/witnessing.js';
import { newStore, proposal } from './log-fixture.js';
import { code, noteOf, OWN, open, SHORT_MS, witness } from './witnessed-log.js';

for (const behaviour of MISBEHAVIOURS) {
  test(`closed: nothing is published for a witness that misbehaves: ${behaviour}`, async (t) => {
    const bad = await witness(t, 'w.example/1', behaviour);
    const witnessing = witnessedBy([bad], { waitMs: SHORT_MS, requestTimeoutMs: SHORT_MS });
    const { tileSide } = await open(t, await newStore(), witnessing);
    const submission = await tileSide.submit(proposal('first'));
    assert.equal(submission.outcome, 'unpublished');
    await assert.rejects(tileSide.checkpoint(), code('QUORUM_MISSING'));
    await assert.rejects(tileSide.entriesByIndex([0]), code('QUORUM_MISSING'));
  });

  test(`open: a witness that misbehaves keeps nobody: ${behaviour}`, async (t) => {
    const bad = await witness(t, 'w.example/1', behaviour);
    const timings = { waitMs: SHORT_MS, requestTimeoutMs: SHORT_MS };
    const witnessing = witnessedBy([bad], { mode: 'open', ...timings });
    const { tileSide } = await open(t, await newStore(), witnessing);
    const note = noteOf(await tileSide.submit(proposal('first')));
    assert.deepEqual(namesOn(note), OWN);
    const publication = tileSide.statistics().publication;
    assert.equal(publication?.isMet, false);
    assert.ok((publication?.uncosigned ?? 0) > 0);
    assert.match(publication?.trouble ?? '', /without its quorum/);
  });

  test(`async: a witness that misbehaves stays out: ${behaviour}`, async (t) => {
    const bad = await witness(t, 'w.example/1', behaviour);
    const witnessing = witnessedBy([bad], { mode: 'async', requestTimeoutMs: SHORT_MS });
    const opened = await open(t, await newStore(), witnessing);
    const { tileSide, events } = opened;
    if (events.length === 0) await opened.nextEvent();
    const note = noteOf(await tileSide.submit(proposal('first')));
    assert.deepEqual(namesOn(note), OWN);
    assert.deepEqual(namesOn((await tileSide.checkpoint()).note), OWN);
  });
}

for (const behaviour of ['conflict-bigger', 'status-422'] as const) {
  test(`open: a witness that is to prove what it says, and does not answer, keeps nobody: ${behaviour}`, async (t) => {
    const bad = await witness(t, 'w.example/1', behaviour);
    bad.hidesHeld = true;
    const witnessing = { mode: 'open', waitMs: SHORT_MS, timing: QUICK_HEARING } as const;
    const { tileSide } = await open(t, await newStore(), witnessedBy([bad], witnessing));
    assert.deepEqual(namesOn(noteOf(await tileSide.submit(proposal('first')))), OWN);
  });
}

for (const behaviour of ODDITIES) {
  test(`a witness that is odd, not wrong, is published with its known line alone: ${behaviour}`, async (t) => {
    const odd = await witness(t, 'w.example/1', behaviour);
    const { tileSide } = await open(t, await newStore(), witnessedBy([odd]));
    const note = noteOf(await tileSide.submit(proposal('first')));
    assert.deepEqual(namesOn(note), [...OWN, 'w.example/1']);
    assert.equal(linesOf(odd, note), 1);
  });
}

for (const [behaviour, pattern] of [
  ['status-403', /403/],
  ['status-404', /404/],
  ['status-422', /422/],
  ['conflict-bigger', /1000 leaves/],
] as const) {
  test(`the operator is alarmed when a witness refuses: ${behaviour}`, async (t) => {
    const bad = await witness(t, 'w.example/1', behaviour);
    const opened = await open(t, await newStore(), witnessedBy([bad]));
    const event = opened.events[0] ?? (await opened.nextEvent());
    assert.equal(event.event, 'alarm');
    assert.equal(event.witness, 'w0');
    assert.match(event.reason, pattern);
    assert.equal(bad.asked.length, 1);
  });
}

for (const [behaviour, pattern] of [
  ['old-timestamp', /the time \d+, and the clock of the log says \d+/],
  ['future-timestamp', /the time \d+, and the clock of the log says \d+/],
  ['bad-signature', /no cosignature that verifies/],
  ['html', /no cosignature that verifies/],
] as const) {
  test(`the operator is told why a cosignature does not count: ${behaviour}`, async (t) => {
    const bad = await witness(t, 'w.example/1', behaviour);
    const opened = await open(t, await newStore(), witnessedBy([bad]));
    const event = opened.events[0] ?? (await opened.nextEvent());
    assert.equal(event.event, 'failed');
    assert.match(event.reason, pattern);
  });
}

test('a log whose clock was wrong is cosigned again when it is right', async (t) => {
  const good = await witness(t, 'w.example/1');
  let aheadMs = 3_600_000;
  const after: Timing['after'] = (delayMs, action) => REAL_TIMING.after(delayMs / 25, action);
  const timing = { wallMs: () => Date.now() + aheadMs, after };
  const opened = await open(t, await newStore(), witnessedBy([good], { timing }));
  if (opened.events.length === 0) await opened.nextEvent();
  assert.match(opened.events[0]?.reason ?? '', /the clock of the log says/);
  aheadMs = 0;
  assert.equal(linesOf(good, (await opened.tileSide.checkpoint()).note), 1);
});

for (const [behaviour, requests] of [
  ['redirect', 1],
  ['conflict-loop', 3],
  ['status-500', 1],
  ['html', 1],
] as const) {
  test(`a witness is asked ${requests} times before it is left alone: ${behaviour}`, async (t) => {
    const bad = await witness(t, 'w.example/1', behaviour);
    const rests: number[] = [];
    const after: Timing['after'] = (delayMs, action) => {
      if (delayMs === LONG_MS || delayMs === HEARING_MS) return REAL_TIMING.after(delayMs, action);
      rests.push(delayMs);
      return () => {};
    };
    const timing = { ...REAL_TIMING, after };
    const opened = await open(t, await newStore(), witnessedBy([bad], { timing }));
    if (opened.events.length === 0) await opened.nextEvent();
    assert.equal(opened.events[0]?.event, 'failed');
    await opened.rekorSide.submit(proposal('first'));
    assert.deepEqual(rests, [250]);
    assert.equal(bad.asked.length, requests);
  });
}

test('rests grow with each failure and begin anew after a success', async (t) => {
  const flaky = await witness(t, 'w.example/1', 'status-503');
  const rests: number[] = [];
  const after: Timing['after'] = (delayMs, action) => {
    const isHearing = delayMs === HEARING_MS && rests.length === 0;
    if (delayMs === LONG_MS || isHearing) return REAL_TIMING.after(delayMs, action);
    rests.push(delayMs);
    if (rests.length === 12) flaky.behaviour = 'honest';
    return REAL_TIMING.after(0, action);
  };
  const timing = { ...REAL_TIMING, after };
  const opened = await open(t, await newStore(), witnessedBy([flaky], { timing }));
  await opened.tileSide.checkpoint();
  assert.deepEqual(rests.slice(0, 4), [250, 500, 1_000, 2_000]);
  assert.equal(rests.at(-1), 30_000);
  assert.deepEqual(
    opened.events.map(({ event }) => event),
    ['failed', 'back'],
  );
});
