import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LogError } from '../../src/errors.js';
import type { ReleasedBatch } from '../../src/sequencing/sequencer.js';
import type { FollowerSink } from '../../src/watch/follower.js';
import type { WatchEvent } from '../../src/watch/found-entry.js';
import { SharedPatterns } from '../../src/watch/shared-patterns.js';
import { Places } from '../../src/watch/turns.js';
import { WatchedLog, type WatchedLogOptions } from '../../src/watch/watched-log.js';
import type { WatchedEntry } from '../../src/watch/watched-source.js';
import { Random } from '../random.js';
import { BROKEN, describe, leafOf, listOf } from './made-leaves.js';

const EVERYTHING = listOf([{ name: 'all', everything: true }]);
const ALICE = leafOf({ email: ['alice@x'] });
const BOB = leafOf({ email: ['bob@x'] });

/** A log that grows when it is told to. */
class Scene {
  readonly leaves: Uint8Array[] = [];
  readonly troubles: unknown[] = [];
  readonly pauses: number[] = [];
  described = 0;
  pages = 0;
  pagesAtOnce = 0;
  mostPagesAtOnce = 0;
  /** What a page waits for. */
  reading: Promise<void> = Promise.resolve();
  describe: WatchedLogOptions['describe'] = describe;
  readonly log = new WatchedLog({
    source: {
      treeID: 7n,
      origin: 'log.example',
      firstIndex: 100,
      url: () => 'https://log.example',
      treeSize: () => this.leaves.length,
      entries: (from, to) => this.#entries(from, to),
    },
    describe: (leaf) => {
      this.described++;
      return this.describe(leaf);
    },
    patterns: new SharedPatterns(),
    history: new Places(2),
    nowMs: () => 0,
    pause: async (ms) => {
      this.pauses.push(ms);
    },
    told: () => {},
    trouble: (error) => this.troubles.push(error),
  });

  /** Commits leaves; `isTold` says whether the watch hears of it. */
  add(...leaves: Uint8Array[]): void {
    const from = this.leaves.length;
    this.leaves.push(...leaves);
    const batch: ReleasedBatch = {
      from,
      leaves: leaves.map((bytes) => ({ hash: new Uint8Array(32), bytes, indexKeys: [] })),
      head: { size: 0, root: new Uint8Array(32), frontier: [], integratedTimeSeconds: 9, batch: 0 },
      edge: [] as never,
      fullTiles: [],
      durationMs: 0,
    };
    this.log.released(batch);
  }

  async #entries(from: number, to: number): Promise<readonly WatchedEntry[]> {
    this.pages++;
    this.mostPagesAtOnce = Math.max(this.mostPagesAtOnce, ++this.pagesAtOnce);
    await this.reading;
    this.pagesAtOnce--;
    return this.leaves
      .slice(from, to)
      .map((leaf, at) => ({ index: from + at, leaf, integratedTimeSeconds: 9 }));
  }
}

/** A sink that remembers what it was told, and takes as much as it is allowed to. */
class Listener implements FollowerSink {
  readonly told: WatchEvent['data'][] = [];
  readonly places: number[] = [];
  isEnded = false;
  /** What may still be taken before it wants a pause. */
  room = Number.POSITIVE_INFINITY;
  #whenReady: (() => void) | undefined;
  readonly #waiting: { readonly count: number; readonly resolve: () => void }[] = [];

  get indexes(): number[] {
    return this.told.map(({ index }) => index);
  }

  take(_: number, events: readonly WatchEvent[]): boolean {
    this.told.push(...events.map(({ data }) => data));
    this.room -= events.length;
    this.#tell();
    return this.room > 0;
  }

  async ready(): Promise<boolean> {
    if (this.room > 0 || this.isEnded) return true;
    return new Promise((resolve) => {
      this.#whenReady = () => resolve(true);
    });
  }

  /** Makes room, for whoever waits for it. */
  makeRoom(room: number): void {
    this.room = room;
    this.#whenReady?.();
  }

  reached(next: number): void {
    this.places.push(next);
    this.#tell();
  }

  ended(): void {
    this.isEnded = true;
  }

  /** Resolves when it has been told so many events. */
  hears(count: number): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting.push({ count, resolve });
      this.#tell();
    });
  }

  /** Resolves when it is live: where it joins, that is told. */
  async isThere(next: number): Promise<void> {
    while (this.places.at(-1) !== next) await turn();
  }

  #tell(): void {
    for (const { count, resolve } of this.#waiting) if (this.told.length >= count) resolve();
  }
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

const upTo = (count: number) => Array.from({ length: count }, (_, at) => at);

test('nothing is done for a log that nobody watches', async () => {
  const scene = new Scene();
  scene.add(ALICE, BOB);
  await turn();
  assert.deepEqual([scene.described, scene.pages], [0, 0]);
});

test('a new entry is described once and told to those whose rules take it', async () => {
  const scene = new Scene();
  const [alice, bob, all] = [new Listener(), new Listener(), new Listener()];
  scene.log.follow(listOf([{ name: 'a', san: 'alice@x' }]), 0, alice);
  scene.log.follow(listOf([{ name: 'b', san: 'bob@x' }]), 0, bob);
  const subscription = scene.log.follow(EVERYTHING, 0, all);
  await all.isThere(0);
  scene.add(ALICE, BOB, ALICE);
  await all.hears(3);
  assert.deepEqual([alice.indexes, bob.indexes, all.indexes], [[0, 2], [1], [0, 1, 2]]);
  assert.equal(scene.described, 3);
  assert.equal(scene.pages, 0);
  assert.equal(subscription.next, 3);
  const [event] = alice.told;
  assert.ok(event?.type === 'match');
  assert.equal(event.id, 'log.example/0/a');
  assert.equal(event.logIndex, 100);
  assert.equal(event.integratedTime, 9);
  assert.equal(event.path, `/api/v1/log/entries/0000000000000007${event.leafHash}`);
});

test('what an allow rule says is ours is told to nobody', async () => {
  const scene = new Scene();
  const listener = new Listener();
  const list = listOf([{ name: 'all', everything: true }], [{ name: 'ours', email: 'alice@x' }]);
  scene.log.follow(list, 0, listener);
  await listener.isThere(0);
  scene.add(ALICE, BOB);
  await listener.hears(1);
  assert.deepEqual(listener.indexes, [1]);
});

test('history and what is new are told without a gap and without a repetition', async () => {
  for (const size of [0, 1, 127, 128, 129, 500]) {
    const scene = new Scene();
    scene.add(...upTo(size).map(() => ALICE));
    const listener = new Listener();
    const other = new Listener();
    scene.log.follow(EVERYTHING, 0, other);
    scene.log.follow(EVERYTHING, 0, listener);
    let expected = size;
    // The log grows at every turn in which history is read.
    for (let round = 0; round < 40; round++) {
      scene.add(...upTo(round % 5).map(() => BOB));
      expected += round % 5;
      await turn();
    }
    await listener.hears(expected);
    await other.hears(expected);
    assert.deepEqual(listener.indexes, upTo(expected));
    assert.deepEqual(other.indexes, upTo(expected));
  }
});

test('a follower begins where it says', async () => {
  const scene = new Scene();
  scene.add(...upTo(300).map(() => ALICE));
  const listener = new Listener();
  scene.log.follow(EVERYTHING, 297, listener);
  await listener.hears(3);
  assert.deepEqual(listener.indexes, [297, 298, 299]);
});

test('where history was read without finding anything is told too', async () => {
  const scene = new Scene();
  scene.add(...upTo(300).map(() => ALICE));
  const listener = new Listener();
  const subscription = scene.log.follow(listOf([{ name: 'b', san: 'bob@x' }]), 0, listener);
  await listener.isThere(300);
  scene.add(ALICE);
  while (subscription.next < 301) await turn();
  assert.deepEqual(listener.told, []);
});

test('whoever takes no more is told the rest from the store, when it does again', async () => {
  const scene = new Scene();
  const [slow, quick] = [new Listener(), new Listener()];
  slow.room = 2;
  scene.log.follow(EVERYTHING, 0, slow);
  scene.log.follow(EVERYTHING, 0, quick);
  await quick.isThere(0);
  scene.add(...upTo(600).map(() => ALICE));
  await quick.hears(600);
  assert.deepEqual(slow.indexes, [0, 1]);
  assert.equal(scene.pages, 0);
  slow.makeRoom(3);
  await slow.hears(5);
  slow.makeRoom(Number.POSITIVE_INFINITY);
  await slow.hears(600);
  assert.deepEqual(slow.indexes, upTo(600));
  scene.add(BOB);
  await slow.hears(601);
});

test('only so many read history at a time', async () => {
  const scene = new Scene();
  scene.add(...upTo(1_000).map(() => ALICE));
  let begin = (): void => {};
  scene.reading = new Promise((resolve) => {
    begin = resolve;
  });
  const listeners = upTo(9).map(() => new Listener());
  for (const listener of listeners) scene.log.follow(EVERYTHING, 0, listener);
  await turn();
  assert.equal(scene.pagesAtOnce, 2);
  begin();
  await Promise.all(listeners.map((listener) => listener.hears(1_000)));
  assert.equal(scene.mostPagesAtOnce <= 3, true, `${scene.mostPagesAtOnce}`);
  for (const { indexes } of listeners) assert.deepEqual(indexes, upTo(1_000));
});

test('an entry that cannot be read is told to everybody, once, and the next one is read', async () => {
  const scene = new Scene();
  scene.add(BROKEN, ALICE);
  const list = listOf([
    { name: 'a', san: 'alice@x' },
    { name: 'b', san: 'bob@x' },
  ]);
  const [late, live] = [new Listener(), new Listener()];
  scene.log.follow(list, 0, late);
  scene.log.follow(list, 2, live);
  await live.isThere(2);
  scene.add(BROKEN, BOB);
  await Promise.all([late.hears(4), live.hears(2)]);
  assert.deepEqual(
    late.told.map(({ type, index }) => [type, index]),
    [
      ['unparsable', 0],
      ['match', 1],
      ['unparsable', 2],
      ['match', 3],
    ],
  );
  assert.deepEqual(live.indexes, [2, 3]);
  const [event] = live.told;
  assert.ok(event?.type === 'unparsable' && /ENTRY_MALFORMED/.test(event.reason));
});

test('what could not be described for want of a thread is described again, and nothing is told twice', async () => {
  const scene = new Scene();
  const listener = new Listener();
  scene.log.follow(EVERYTHING, 0, listener);
  await listener.isThere(0);
  let failures = 2;
  scene.describe = async (leaf) => {
    if (failures-- > 0) throw new LogError('OVERLOADED', 'no thread');
    return describe(leaf);
  };
  scene.add(ALICE, BOB);
  await listener.hears(2);
  assert.deepEqual(listener.indexes, [0, 1]);
  assert.equal(scene.troubles.length, 2);
  assert.deepEqual(scene.pauses, [1_000, 1_000]);
});

test('new entries beyond what memory is for them are read from the store', async () => {
  const scene = new Scene();
  const listener = new Listener();
  scene.log.follow(EVERYTHING, 0, listener);
  await listener.isThere(0);
  const large = leafOf({ email: ['x'.repeat(60_000)] });
  for (let batch = 0; batch < 200; batch++) scene.add(large);
  await listener.hears(200);
  assert.deepEqual(listener.indexes, upTo(200));
  assert.ok(scene.pages > 0);
});

test('whoever comes while an entry is under way hears of the next one, and whoever goes of none', async () => {
  const scene = new Scene();
  const [first, second, gone] = [new Listener(), new Listener(), new Listener()];
  scene.log.follow(EVERYTHING, 0, first);
  const going = scene.log.follow(EVERYTHING, 0, gone);
  await first.isThere(0);
  let describeNow = (): void => {};
  const held = new Promise<void>((resolve) => {
    describeNow = resolve;
  });
  scene.describe = async (leaf) => {
    await held;
    return describe(leaf);
  };
  scene.add(ALICE, BOB);
  while (scene.described === 0) await turn();
  scene.log.follow(EVERYTHING, 1, second);
  await second.isThere(1);
  const third = new Listener();
  scene.log.follow(EVERYTHING, 0, third);
  going.close();
  assert.equal(gone.isEnded, true);
  describeNow();
  await Promise.all([first.hears(2), second.hears(1), third.hears(2)]);
  assert.deepEqual([first.indexes, second.indexes, gone.indexes], [[0, 1], [1], []]);
  // It was there when the first entry was under way already, and is told of it from the store.
  assert.deepEqual(third.indexes, [0, 1]);
});

test('a closed log ends everybody at once, those too who take no more', async () => {
  const scene = new Scene();
  scene.add(...upTo(5).map(() => ALICE));
  const [live, stuck] = [new Listener(), new Listener()];
  stuck.room = 1;
  scene.log.follow(EVERYTHING, 5, live);
  scene.log.follow(EVERYTHING, 0, stuck);
  await stuck.hears(1);
  scene.log.close();
  assert.deepEqual([live.isEnded, stuck.isEnded], [true, true]);
  const late = new Listener();
  scene.log.follow(EVERYTHING, 5, late);
  assert.equal(late.isEnded, true);
});

test('whatever comes, goes and waits in between, everybody is told of each entry once and in order', async () => {
  for (let seed = 0; seed < 30; seed++) {
    const random = new Random(seed);
    const scene = new Scene();
    scene.describe = (leaf) => {
      if (random.chance(0.5)) return describe(leaf);
      if (random.chance(0.05)) throw new LogError('OVERLOADED', 'no thread');
      return turn().then(() => describe(leaf));
    };
    const listeners: { readonly listener: Listener; readonly from: number }[] = [];
    for (let step = 0; step < 120; step++) {
      if (random.chance(0.4))
        scene.add(...upTo(random.below(random.chance(0.1) ? 200 : 4)).map(() => ALICE));
      if (random.chance(0.2)) {
        const listener = new Listener();
        const from = Math.max(0, scene.leaves.length - random.below(random.chance(0.5) ? 2 : 300));
        if (random.chance(0.3)) listener.room = 1 + random.below(20);
        const subscription = scene.log.follow(EVERYTHING, from, listener);
        if (random.chance(0.1)) subscription.close();
        else listeners.push({ listener, from });
      }
      if (random.chance(0.3)) {
        const some = listeners[random.below(listeners.length)]?.listener;
        if (some !== undefined && some.room <= 0) some.makeRoom(1 + random.below(40));
      }
      if (random.chance(0.6)) await turn();
    }
    const size = scene.leaves.length;
    for (const { listener, from } of listeners) {
      listener.makeRoom(Number.POSITIVE_INFINITY);
      await listener.hears(size - from);
    }
    for (const { listener, from } of listeners) {
      assert.deepEqual(listener.indexes, upTo(size).slice(from), `seed ${seed}`);
    }
  }
});
