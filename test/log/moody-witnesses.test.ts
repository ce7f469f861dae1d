import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseSignedNote } from '../../src/note/signed-note.js';
import type { PublishedNote } from '../../src/publishing/published-note.js';
import type { Timing } from '../../src/publishing/timing.js';
import { type Behaviour, MISBEHAVIOURS, ODDITIES } from '../publishing/fake-witness.js';
import { linesOf, namesOn, REAL_TIMING, witnessedBy } from '../publishing/witnessing.js';
import { Random } from '../random.js';
import { newStore, proposal } from './log-fixture.js';
import { MODES, OWN, open, witness } from './witnessed-log.js';

const ROUNDS = 60;
/** Rests and waits of seconds pass in some tens of milliseconds. */
const HASTE = 50;
const MOODS: readonly Behaviour[] = [...MISBEHAVIOURS, ...ODDITIES];

const after: Timing['after'] = (delayMs, action) => REAL_TIMING.after(delayMs / HASTE, action);
const HASTY = { waitMs: 2_000, requestTimeoutMs: 1_500, timing: { ...REAL_TIMING, after } };

/** A note is followed by those of larger trees, and by itself with further lines. */
function assertSuccession(notes: readonly PublishedNote[]): void {
  for (const [i, next] of notes.entries()) {
    const before = notes[i - 1];
    if (before === undefined || next.size > before.size) continue;
    assert.equal(next.size, before.size);
    assert.ok(next.note.startsWith(before.note) && next.note !== before.note);
  }
}

for (const [seed, mode] of MODES.entries()) {
  test(`${mode}: whatever three witnesses do, what is published keeps the rules`, async (t) => {
    const random = new Random(seed);
    const names = ['w.example/1', 'w.example/2', 'w.example/3'];
    const witnesses = await Promise.all(names.map((name) => witness(t, name)));
    const witnessing = witnessedBy(witnesses, { mode, quorum: 2, ...HASTY });
    const opened = await open(t, await newStore(), witnessing);
    const notes: PublishedNote[] = [];
    void opened.publishes((note) => notes.push(note) < 0);
    const { tileSide, rekorSide } = opened;
    const answers: Promise<unknown>[] = [];
    for (let n = 0; n < ROUNDS; n++) {
      for (const each of witnesses) {
        const dice = random.next();
        if (dice < 0.2) each.behaviour = random.pick(MOODS);
        else if (dice < 0.4) each.behaviour = 'honest';
      }
      const answer = tileSide.submit(proposal(`entry ${n}`));
      answers.push(answer);
      await (random.chance(0.3) ? answer : rekorSide.submit(proposal(`of v1 ${n}`)));
    }
    await Promise.all(answers);
    for (const each of witnesses) each.behaviour = 'honest';
    const { treeSize } = rekorSide.statistics();
    const last = await opened.publishes(({ size, isMet }) => isMet && size === treeSize);
    assert.equal((await tileSide.checkpoint()).size, last.size);
    assertSuccession(notes);
    for (const { note, isMet } of notes) {
      assert.ok(isMet || mode !== 'closed');
      assert.deepEqual(namesOn(note).slice(0, 2), OWN);
      const lines = witnesses.map((each) => linesOf(each, note));
      const verified = lines.reduce((sum, count) => sum + count, 0);
      assert.equal(parseSignedNote(note).signatures.length, OWN.length + verified);
      assert.equal(isMet, verified >= 2);
    }
  });
}
