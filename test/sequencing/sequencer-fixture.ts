/** A sequencer on a memory store whose steps a test can hold and fail. */

import { utf8 } from '../../src/encoding/bytes.js';
import { leafHash } from '../../src/merkle/hash.js';
import {
  openSequencer,
  type ReleasedBatch,
  type Sequencer,
  type SequencerOptions,
} from '../../src/sequencing/sequencer.js';
import type { NewLeaf, Store } from '../../src/storage/log-store.js';
import { FakeClock, FakeGuard, newStore, TREE_ID } from '../log/log-fixture.js';

export function leafOf(text: string): NewLeaf {
  const bytes = utf8(text);
  return { hash: leafHash(bytes), bytes, indexKeys: [] };
}

/** Holds something until the test lets it go on. */
export class Gate {
  #open: (() => void) | undefined;
  #closed: Promise<void> | undefined;
  #arrived: (() => void) | undefined;
  /** Resolves when somebody is held. */
  arrival: Promise<void> = Promise.resolve();

  close(): void {
    this.#closed = new Promise((resolve) => {
      this.#open = resolve;
    });
    this.arrival = new Promise((resolve) => {
      this.#arrived = resolve;
    });
  }

  open(): void {
    this.#open?.();
    this.#closed = undefined;
  }

  async pass(): Promise<void> {
    this.#arrived?.();
    await this.#closed;
  }
}

export interface TestSequencer {
  readonly sequencer: Sequencer;
  readonly store: Store;
  readonly clock: FakeClock;
  readonly guard: FakeGuard;
  /** Every commit waits here before anything of it happens. */
  readonly commits: Gate;
  readonly released: ReleasedBatch[];
  readonly troubles: string[];
}

export async function newSequencer(
  options: Partial<SequencerOptions> = {},
): Promise<TestSequencer> {
  const commits = new Gate();
  const store = await newStore(async (step) => {
    if (step === 'commit') await commits.pass();
    return undefined;
  });
  const clock = new FakeClock();
  const guard = new FakeGuard();
  const released: ReleasedBatch[] = [];
  const troubles: string[] = [];
  const sequencer = await openSequencer({
    store,
    treeID: TREE_ID,
    guard,
    clock,
    pause: async () => {},
    released: (batch) => released.push(batch),
    trouble: ({ event }) => troubles.push(event),
    ...options,
  });
  return { sequencer, store, clock, guard, commits, released, troubles };
}
