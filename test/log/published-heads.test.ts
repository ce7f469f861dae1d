import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseCheckpoint } from '../../src/note/checkpoint.js';
import { parseSignedNote } from '../../src/note/signed-note.js';
import type { PublishedNote } from '../../src/publishing/published-note.js';
import type { Timing } from '../../src/publishing/timing.js';
import type { FakeWitness } from '../publishing/fake-witness.js';
import {
  LONG_MS,
  linesOf,
  namesOn,
  QUICK_HEARING,
  REAL_TIMING,
  witnessedBy,
} from '../publishing/witnessing.js';
import { newStore, openTestDesks, proposal } from './log-fixture.js';
import { code, MODES, noteOf, OWN, open, SHORT_MS, witness } from './witnessed-log.js';

test('a closed log answers with the cosignatures of its witnesses below its own lines', async (t) => {
  const [one, two] = [await witness(t, 'w.example/1'), await witness(t, 'w.example/2')];
  const { tileSide } = await open(t, await newStore(), witnessedBy([one, two], { quorum: 2 }));
  const note = noteOf(await tileSide.submit(proposal('first')));
  assert.deepEqual(namesOn(note).slice(0, 2), OWN);
  assert.deepEqual(namesOn(note).slice(2).sort(), ['w.example/1', 'w.example/2']);
  assert.equal(linesOf(one, note) + linesOf(two, note), 2);
  assert.equal(parseCheckpoint(parseSignedNote(note).text).size, 1n);
  assert.equal((await tileSide.checkpoint()).note, note);
});

test('witnesses get the note with the own signatures of the log alone', async (t) => {
  const asked = await witness(t, 'w.example/1');
  const { tileSide } = await open(t, await newStore(), witnessedBy([asked]));
  await tileSide.submit(proposal('first'));
  await tileSide.submit(proposal('second'));
  for (const body of asked.bodies) {
    assert.deepEqual(namesOn(body.slice(body.indexOf('\n\n') + 2)), OWN);
  }
});

test('a witness is asked once at a time, from the size that it cosigned last', async (t) => {
  const asked = await witness(t, 'w.example/1');
  const { tileSide } = await open(t, await newStore(), witnessedBy([asked]));
  await tileSide.checkpoint();
  await Promise.all(Array.from({ length: 20 }, (_, i) => tileSide.submit(proposal(`entry ${i}`))));
  assert.equal(asked.mostAtOnce, 1);
  assert.equal((await tileSide.checkpoint()).size, 20);
  assert.equal(asked.size, 20);
});

test('a witness that knows another size is asked again from there, with a proof', async (t) => {
  const asked = await witness(t, 'w.example/1');
  const store = await newStore();
  const alone = await openTestDesks(store);
  for (let i = 0; i < 7; i++) await alone.tileSide.submit(proposal(`entry ${i}`));
  await alone.rekorSide.close();
  asked.size = 3;
  const { tileSide } = await open(t, store, witnessedBy([asked]));
  assert.equal((await tileSide.checkpoint()).size, 7);
  assert.deepEqual(asked.asked, ['old 0', 'old 3']);
  const [, withProof = ''] = asked.bodies;
  assert.ok(withProof.slice(0, withProof.indexOf('\n\n')).split('\n').length > 2);
});

test('answers of v1 carry the own checkpoint of the log and wait for nobody, in every mode', async (t) => {
  const dead = await witness(t, 'w.example/1', 'slow');
  for (const mode of MODES) {
    const witnessing = witnessedBy([dead], { mode, timing: QUICK_HEARING });
    const { rekorSide } = await open(t, await newStore(), witnessing);
    assert.deepEqual(namesOn(noteOf(await rekorSide.submit(proposal('first')))), ['log.example']);
    const [entry] = await rekorSide.entriesByIndex([0]);
    assert.deepEqual(namesOn(entry?.proof.checkpoint.note ?? ''), ['log.example']);
  }
});

for (const mode of MODES) {
  test(`${mode}: one dead witness of two is not missed where one is enough`, async (t) => {
    const [good, dead] = [await witness(t, 'w.example/1'), await witness(t, 'w.example/2', 'slow')];
    const { tileSide } = await open(t, await newStore(), witnessedBy([good, dead], { mode }));
    const submission = await tileSide.submit(proposal('first'));
    if (mode === 'async') {
      assert.deepEqual(namesOn(noteOf(submission)).slice(0, 2), OWN);
    } else {
      assert.deepEqual(namesOn(noteOf(submission)), [...OWN, 'w.example/1']);
    }
  });
}

test('closed: one dead witness of two holds back what needs both, and nothing that was published', async (t) => {
  const [good, flaky] = [await witness(t, 'w.example/1'), await witness(t, 'w.example/2')];
  const witnessing = witnessedBy([good, flaky], { quorum: 2, waitMs: 2_000 });
  const { tileSide } = await open(t, await newStore(), witnessing);
  const first = noteOf(await tileSide.submit(proposal('first')));
  flaky.behaviour = 'slow';
  assert.equal((await tileSide.submit(proposal('second'))).outcome, 'unpublished');
  assert.equal((await tileSide.checkpoint()).note, first);
  const [entry] = await tileSide.entriesByIndex([0]);
  assert.equal(entry?.proof.checkpoint.size, 1);
});

test('closed: an entry that waited for its quorum is found again when the witness is back', async (t) => {
  const flaky = await witness(t, 'w.example/1', 'status-500');
  const store = await newStore();
  const first = await open(t, store, witnessedBy([flaky], { waitMs: SHORT_MS }));
  assert.equal((await first.tileSide.submit(proposal('first'))).outcome, 'unpublished');
  await first.close();
  flaky.behaviour = 'honest';
  const { tileSide } = await open(t, store, witnessedBy([flaky]));
  assert.equal((await tileSide.submit(proposal('first'))).outcome, 'duplicate');
  const [entry] = await tileSide.entriesByIndex([0]);
  assert.equal(linesOf(flaky, entry?.proof.checkpoint.note ?? ''), 1);
});

test('open: cosignatures that come late are added to what is published, and waiting begins again', async (t) => {
  const flaky = await witness(t, 'w.example/1', 'status-503');
  const witnessing = witnessedBy([flaky], { mode: 'open', waitMs: SHORT_MS });
  const opened = await open(t, await newStore(), witnessing);
  const { tileSide } = opened;
  const own = noteOf(await tileSide.submit(proposal('first')));
  flaky.behaviour = 'honest';
  await opened.publishes(({ isMet }) => isMet);
  const { note } = await tileSide.checkpoint();
  assert.equal(opened.events.at(-1)?.event, 'back');
  assert.equal(tileSide.statistics().publication?.trouble, undefined);
  assert.ok(note.startsWith(own));
  assert.equal(linesOf(flaky, note), 1);
});

/** Holds back the answers of a witness; `letGo` lets one go, or all of them. */
function holding(witness: FakeWitness): (which: 'one' | 'all') => void {
  let release = (): void => {};
  const holdNext = (): void => {
    witness.hold = new Promise((resolve) => {
      release = resolve;
    });
  };
  holdNext();
  return (which) => {
    const released = release;
    if (which === 'one') holdNext();
    else witness.hold = undefined;
    released();
  };
}

test('closed: a witness that is slower than the log grows is published all the same', async (t) => {
  const slow = await witness(t, 'w.example/1');
  const letGo = holding(slow);
  const asked = slow.nextRequest();
  const timing = QUICK_HEARING;
  const opened = await open(t, await newStore(), witnessedBy([slow], { waitMs: SHORT_MS, timing }));
  await asked;
  for (const size of [0, 1, 2]) {
    const next = slow.nextRequest();
    const { outcome } = await opened.tileSide.submit(proposal(`entry ${size}`));
    assert.equal(outcome, 'unpublished');
    letGo('one');
    await opened.publishes((note) => note.size === size && note.isMet);
    await next;
  }
  assert.equal(slow.mostAtOnce, 1);
});

test('open: submissions wait for a witness that is back, however busy the log is', async (t) => {
  const flaky = await witness(t, 'w.example/1', 'status-503');
  let isPatient = false;
  const waitMs = 12_345;
  const after: Timing['after'] = (delayMs, action) =>
    REAL_TIMING.after(isPatient || delayMs !== waitMs ? Math.min(delayMs, LONG_MS) : 0, action);
  const witnessing = witnessedBy([flaky], {
    mode: 'open',
    waitMs,
    timing: { ...REAL_TIMING, after },
  });
  const opened = await open(t, await newStore(), witnessing);
  const { tileSide } = opened;
  assert.deepEqual(namesOn(noteOf(await tileSide.submit(proposal('missed')))), OWN);
  const letGo = holding(flaky);
  flaky.behaviour = 'honest';
  isPatient = true;
  const answersAtOnce = async (text: string): Promise<void> => {
    assert.deepEqual(namesOn(noteOf(await tileSide.submit(proposal(text)))), OWN);
  };
  await answersAtOnce('the head that it is asked about');
  while (!/\nlog.example.*\n2\n/.test(flaky.bodies.at(-1) ?? '')) await flaky.nextRequest();
  await answersAtOnce('a later head, published before it has cosigned the other');
  letGo('all');
  while (opened.events.at(-1)?.event !== 'back') await opened.nextEvent();
  const note = noteOf(await tileSide.submit(proposal('after it is back')));
  assert.deepEqual(namesOn(note), [...OWN, 'w.example/1']);
});

test('async: the cosigned checkpoint follows the answer', async (t) => {
  const good = await witness(t, 'w.example/1');
  const opened = await open(t, await newStore(), witnessedBy([good], { mode: 'async' }));
  await opened.tileSide.submit(proposal('first'));
  await opened.publishes(({ size, isMet }) => isMet && size === 1);
  assert.equal(linesOf(good, (await opened.tileSide.checkpoint()).note), 1);
});

test('the cosigned note is served byte for byte after a restart, though all witnesses are gone', async (t) => {
  const [one, two] = [await witness(t, 'w.example/1'), await witness(t, 'w.example/2')];
  const store = await newStore();
  const before = await open(t, store, witnessedBy([one, two]));
  await before.tileSide.submit(proposal('first'));
  const both = ({ cosignatures, size }: PublishedNote) => size === 1 && cosignatures.length === 2;
  await before.publishes(both);
  const { note } = await before.tileSide.checkpoint();
  await before.close();
  one.behaviour = 'slow';
  two.behaviour = 'slow';
  for (const mode of MODES) {
    const after = await open(t, store, witnessedBy([one, two], { mode }));
    assert.equal((await after.tileSide.checkpoint()).note, note);
    assert.equal(after.tileSide.statistics().publication?.isMet, true);
    await after.close();
  }
});

test('after a restart a witness is asked from the size of its stored cosignature', async (t) => {
  const good = await witness(t, 'w.example/1');
  const store = await newStore();
  const before = await open(t, store, witnessedBy([good]));
  await before.tileSide.submit(proposal('first'));
  await before.close();
  const asked = good.nextRequest();
  await open(t, store, witnessedBy([good]));
  await asked;
  assert.equal(good.asked.at(-1), 'old 1');
});

test('a note whose witness is no longer in the policy is not taken for cosigned', async (t) => {
  const [old, young] = [await witness(t, 'w.example/1'), await witness(t, 'w.example/2')];
  const store = await newStore();
  const before = await open(t, store, witnessedBy([old]));
  await before.tileSide.submit(proposal('first'));
  await before.close();
  const { tileSide } = await open(t, store, witnessedBy([young]));
  const { note } = await tileSide.checkpoint();
  assert.deepEqual(namesOn(note), [...OWN, 'w.example/2']);
});

test('closed: after a restart the published head is below the tree, and has its tiles and proofs', async (t) => {
  const good = await witness(t, 'w.example/1');
  const store = await newStore();
  const before = await open(t, store, witnessedBy([good]));
  await before.tileSide.submit(proposal('first'));
  const { note } = await before.tileSide.checkpoint();
  good.behaviour = 'status-500';
  for (const text of ['second', 'third']) await before.rekorSide.submit(proposal(text));
  await before.close();
  const { tileSide, rekorSide } = await open(t, store, witnessedBy([good], { waitMs: SHORT_MS }));
  assert.equal((await tileSide.checkpoint()).note, note);
  const [entry] = await tileSide.entriesByIndex([0]);
  assert.equal(entry?.proof.checkpoint.note, note);
  await assert.rejects(tileSide.entriesByIndex([2]), code('QUORUM_MISSING'));
  assert.equal((await rekorSide.checkpoint()).size, 3);
  for (const width of [1, 3]) {
    assert.equal((await tileSide.tile({ level: 0, index: 0, width }))?.length, 32 * width);
  }
});

test('a note is on disk before it is served: one that cannot be written is not', async (t) => {
  const good = await witness(t, 'w.example/1');
  let isFull = false;
  const store = await newStore((step) => (isFull && step === 'late' ? 'disk-full' : undefined));
  const { tileSide } = await open(t, store, witnessedBy([good], { waitMs: SHORT_MS }));
  const { note } = await tileSide.checkpoint();
  isFull = true;
  assert.equal((await tileSide.submit(proposal('first'))).outcome, 'unpublished');
  assert.equal((await tileSide.checkpoint()).note, note);
});

test('with quorum none everything is published at once, and cosignatures are added', async (t) => {
  const good = await witness(t, 'w.example/1');
  const opened = await open(t, await newStore(), witnessedBy([good], { quorum: 'none' }));
  await opened.tileSide.submit(proposal('first'));
  const { note } = await opened.publishes(
    ({ size, cosignatures }) => size === 1 && cosignatures.length === 1,
  );
  assert.equal(linesOf(good, note), 1);
});

test('who waits for witnesses when the log closes is told that the entry is there', async (t) => {
  const dead = await witness(t, 'w.example/1', 'slow');
  const opened = await open(t, await newStore(), witnessedBy([dead], { timing: QUICK_HEARING }));
  const submission = opened.tileSide.submit(proposal('first'));
  // Written after the first, and answered at once.
  await opened.rekorSide.submit(proposal('second'));
  await opened.close();
  assert.equal((await submission).outcome, 'unpublished');
});
