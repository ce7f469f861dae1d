/** A log on a memory store that asks fake witnesses, opened by tests. */

import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { type ErrorCode, isLogError } from '../../src/errors.js';
import type { Desks, Submission } from '../../src/log/log.js';
import type { LogOptions } from '../../src/log/log-options.js';
import type { PublishedNote } from '../../src/publishing/published-note.js';
import type { WitnessEvent } from '../../src/publishing/witness-client.js';
import type { PublishingMode, Witnessing } from '../../src/publishing/witnessing.js';
import type { Store } from '../../src/storage/log-store.js';
import { type Behaviour, type FakeWitness, startWitness } from '../publishing/fake-witness.js';
import { openTestDesks } from './log-fixture.js';

/** Names on the lines of the log itself. */
export const OWN = ['log.example', 'log.example'];
/** For those who are to wait in vain. */
export const SHORT_MS = 30;
export const MODES = ['closed', 'open', 'async'] as const satisfies readonly PublishingMode[];

/** Returns what recognises an error by its code. */
export function code(expected: ErrorCode): (error: unknown) => boolean {
  return (error) => isLogError(error, expected);
}

/** Starts a witness that ends with the test. */
export async function witness(
  t: TestContext,
  name: string,
  behaviour?: Behaviour,
): Promise<FakeWitness> {
  const started = await startWitness(name, behaviour);
  t.after(() => started.close());
  return started;
}

/** A witnessed log. */
export interface Opened extends Desks {
  readonly events: WitnessEvent[];
  /** Resolves at the next event of a witness. */
  nextEvent(): Promise<WitnessEvent>;
  /** Resolves when what is published is so. */
  publishes(condition: (note: PublishedNote) => boolean): Promise<PublishedNote>;
  close(): Promise<void>;
}

/** Opens a log that is closed when the test is over, unless the test has closed it. */
export async function open(
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

/** Returns the note in the answer to a submission, which must have one. */
export function noteOf(submission: Submission): string {
  assert.equal(submission.outcome, 'added');
  return submission.outcome === 'added' ? submission.entry.proof.checkpoint.note : '';
}
