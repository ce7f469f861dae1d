import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { type ErrorCode, isLogError } from '../../src/errors.js';
import type { Desks, Submission } from '../../src/log/log.js';
import type { LogOptions } from '../../src/log/log-options.js';
import { parseCheckpoint } from '../../src/note/checkpoint.js';
import { parseSignedNote } from '../../src/note/signed-note.js';
import type { PublishedNote } from '../../src/publishing/published-note.js';
import type { Timing } from '../../src/publishing/timing.js';
import type { WitnessEvent } from '../../src/publishing/witness-client.js';
import type { PublishingMode, Witnessing } from '../../src/publishing/witnessing.js';
import type { Store } from '../../src/storage/log-store.js';
import {
  type Behaviour,
  type FakeWitness,
  MISBEHAVIOURS,
  ODDITIES,
  startWitness,
} from '../publishing/fake-witness.js';
import {
  HEARING_MS,
  LONG_MS,
  linesOf,
  namesOn,
  QUICK_HEARING,
  REAL_TIMING,
  witnessedBy,
} from '../publishing/witnessing.js';
import { newStore, openTestDesks, proposal } from './log-fixture.js';

const OWN = ['log.example', 'log.example'];
/** For those who are to wait in vain. */
const SHORT_MS = 30;
const MODES = ['closed', 'open', 'async'] as const satisfies readonly PublishingMode[];

function code(expected: ErrorCode): (error: unknown) => boolean {
  return (error) => isLogError(error, expected);
}

async function witness(t: TestContext, name: string, behaviour?: Behaviour): Promise<FakeWitness> {
  const started = await startWitness(name, behaviour);
  t.after(() => started.close());
  return started;
}

interface Opened extends Desks {
  readonly events: WitnessEvent[];
  /** Resolves at the next event of a witness. */
  nextEvent(): Promise<WitnessEvent>;
  /** Resolves when what is published is so. */
  publishes(condition: (note: PublishedNote) => boolean): Promise<PublishedNote>;
  close(): Promise<void>;
}

async function open(
  t: TestContext,
  store: Store,
  witnessing: Witnessing,
  options: Partial<LogOptions> = {},
): Promise<Opened> {
  const events: WitnessEvent[] = [];
  const listeners: ((event: WitnessEvent) => void)[] = [];
  const readers: ((note: PublishedNote) => void)[] = [];
  let newest: PublishedNote | undefined;
  const desks = await openTestDesks(store, {
    witnessing,
    observer: {
      witness(event) {
        events.push(event);
        for (const listener of listeners.splice(0)) listener(event);
      },
      published(note) {
        newest = note;
        for (const reader of readers) reader(note);
      },
    },
    ...options,
  });
  const close = async (): Promise<void> => {
    await Promise.all([desks.rekorSide.close(), desks.tileSide.close()]);
  };
  t.after(close);
  return {
    ...desks,
    events,
    close,
    nextEvent: () => new Promise((next) => listeners.push(next)),
    publishes: (condition) =>
      new Promise((resolve) => {
        const read = (note: PublishedNote): void => {
          if (condition(note)) resolve(note);
        };
        readers.push(read);
        if (newest !== undefined) read(newest);
      }),
  };
}

function noteOf(submission: Submission): string {
  assert.equal(submission.outcome, 'added');
  return submission.outcome === 'added' ? submission.entry.proof.checkpoint.note : '';
}

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
