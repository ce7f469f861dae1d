/**
 * The suite that every store driver passes. A driver's test file calls `describeStore` with a factory.
 */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { fromUtf8, utf8 } from '../../src/encoding/bytes.js';
import { isLogError } from '../../src/errors.js';
import { perfectSubtreeRoot } from '../../src/merkle/frontier.js';
import { EMPTY_ROOT, leafHash } from '../../src/merkle/hash.js';
import { EMPTY_EDGE, integrate } from '../../src/merkle/integrate.js';
import type { FaultPoint, StoreFault, StoreStep } from '../../src/storage/fault-point.js';
import type { Store } from '../../src/storage/log-store.js';
import { rootAt } from '../../src/storage/root-at.js';
import { commitOf, grow, logIn, makeLeaves, recordOf, TREE_ID } from './growing-log.js';
import { same } from './same-bytes.js';

/** Makes an empty store for one test and cleans up after it. */
export type StoreFactory = (options: { fault?: FaultPoint }) => Promise<Store>;

const code = (expected: string) => (error: unknown) => isLogError(error) && error.code === expected;

/** A fault point that a test arms for the next step of a kind. */
export class Faults {
  #armed: { step: StoreStep; fault: StoreFault } | undefined;

  readonly point: FaultPoint = (step) => {
    if (this.#armed?.step !== step) return undefined;
    const { fault } = this.#armed;
    this.#armed = undefined;
    return fault;
  };

  arm(step: StoreStep, fault: StoreFault): void {
    this.#armed = { step, fault };
  }
}

/** Declares the contract's tests for one driver. */
export function describeStore(name: string, openStore: StoreFactory): void {
  describe(`${name}: logs`, () => describeLogs(openStore));
  describe(`${name}: commit`, () => describeCommit(openStore));
  describe(`${name}: reads`, () => describeReads(openStore));
  describe(`${name}: late rows`, () => describeLate(openStore));
  describe(`${name}: failed writes`, () => describeFailures(openStore));
}

function describeLogs(openStore: StoreFactory): void {
  it('has no log until one is created, then lists them in order of creation', async () => {
    const store = await openStore({});
    same(await store.logs(), []);
    assert.throws(() => store.log(TREE_ID), code('TREE_UNKNOWN'));
    await store.createLog(recordOf(9n));
    await store.createLog(recordOf(3n));
    same(await store.logs(), [recordOf(9n), recordOf(3n)]);
    assert.equal(store.log(3n), store.log(3n));
    await assert.rejects(store.createLog(recordOf(9n)), code('STORE_IDENTITY'));
    await store.close();
  });

  it('starts a log with the empty head', async () => {
    const store = await openStore({});
    const log = await logIn(store);
    same(await log.head(), {
      size: 0,
      root: EMPTY_ROOT,
      frontier: [],
      integratedTimeSeconds: 0,
      batch: 0,
    });
    same(await log.leaves(0, 0), []);
    same(await rootAt(log, 0), EMPTY_ROOT);
    await store.close();
  });

  it('keeps the logs of one store apart', async () => {
    const store = await openStore({});
    const [one, two] = [await logIn(store, 1n), await logIn(store, 2n)];
    await grow(one, 3);
    await grow(two, 1);
    assert.equal((await two.head()).size, 1);
    same(await two.indexesOf(makeLeaves(0, 3).map((leaf) => leaf.hash)), [0, undefined, undefined]);
    same(await two.find('number:1', { below: 9, limit: 9 }), []);
    await store.close();
  });

  it('refuses everything after close', async () => {
    const store = await openStore({});
    const log = await logIn(store);
    const commit = await commitOf(log, makeLeaves(0, 1));
    await store.close();
    await assert.rejects(log.commit(commit), code('STORE_UNAVAILABLE'));
    await assert.rejects(store.createLog(recordOf(7n)), code('STORE_UNAVAILABLE'));
    await assert.rejects(store.recover(), code('STORE_UNAVAILABLE'));
    await store.close();
  });
}

function describeCommit(openStore: StoreFactory): void {
  it('makes leaves, times, index, search keys, attachments and head readable at once', async () => {
    const store = await openStore({});
    const log = await logIn(store);
    const leaves = makeLeaves(0, 12);
    const commit = await commitOf(log, leaves);
    same(await log.commit(commit), { outcome: 'committed' });
    same(await log.head(), commit.head);
    same(
      await log.leaves(0, 12),
      leaves.map(({ hash, bytes }, index) => ({ index, hash, bytes, integratedTimeSeconds: 1001 })),
    );
    same(await log.indexesOf([leaves[7]?.hash ?? EMPTY_ROOT, EMPTY_ROOT]), [7, undefined]);
    same(await log.find('number:7', { below: 12, limit: 10 }), [7]);
    same(await log.attachment(10), utf8('attachment 10'));
    assert.equal(await log.attachment(11), undefined);
    await store.close();
  });

  it('answers conflict with the stored head when the expected one is another', async () => {
    const store = await openStore({});
    const log = await logIn(store);
    const stale = await commitOf(log, makeLeaves(5, 2));
    await grow(log, 1);
    const head = await log.head();
    same(await log.commit(stale), { outcome: 'conflict', head });
    const otherRoot = { ...stale, expect: { size: head.size, root: EMPTY_ROOT } };
    same(await log.commit(otherRoot), { outcome: 'conflict', head });
    same(await log.indexesOf(stale.leaves.map((leaf) => leaf.hash)), [undefined, undefined]);
    same(await log.head(), head);
    await store.close();
  });

  it('names every duplicate and writes nothing of the batch', async () => {
    const store = await openStore({});
    const log = await logIn(store);
    await grow(log, 4);
    const again = [...makeLeaves(10, 1), ...makeLeaves(1, 2)];
    const before = await log.head();
    same(await log.commit(await commitOf(log, again)), {
      outcome: 'duplicates',
      duplicates: [
        { hash: again[1]?.hash, index: 1 },
        { hash: again[2]?.hash, index: 2 },
      ],
    });
    same(await log.head(), before);
    same(await log.find('number:10', { below: 99, limit: 9 }), []);
    await store.close();
  });

  it('lets one of two commits on the same head win', async () => {
    const store = await openStore({});
    const log = await logIn(store);
    const one = await commitOf(log, makeLeaves(0, 1));
    const two = await commitOf(log, makeLeaves(1, 1));
    const outcomes = await Promise.all([log.commit(one), log.commit(two)]);
    same(
      outcomes.map((outcome) => outcome.outcome),
      ['committed', 'conflict'],
    );
    await store.close();
  });

  it('refuses a commit that contradicts itself and stays usable', async () => {
    const store = await openStore({});
    const log = await logIn(store);
    await grow(log, 255);
    const good = await commitOf(log, makeLeaves(255, 2));
    const { head } = good;
    const leaf = good.leaves[0] as (typeof good.leaves)[number];
    const bad = [
      { ...good, leaves: [] },
      { ...good, leaves: [leaf, leaf] },
      { ...good, leaves: [leaf, { ...leaf, hash: new Uint8Array(31) }] },
      { ...good, leaves: [leaf, { ...makeLeaves(256, 1)[0], indexKeys: ['k', 'k'] }] },
      { ...good, leaves: [leaf, { ...makeLeaves(256, 1)[0], indexKeys: ['k'.repeat(513)] }] },
      { ...good, head: { ...head, size: 258 } },
      { ...good, head: { ...head, batch: 3 } },
      { ...good, head: { ...head, root: EMPTY_ROOT } },
      { ...good, fullTiles: [] },
      { ...good, fullTiles: [...good.fullTiles, ...good.fullTiles] },
      { ...good, fullTiles: good.fullTiles.map((tile) => ({ ...tile, index: 1 })) },
    ];
    for (const commit of bad) {
      await assert.rejects(log.commit(commit as typeof good), RangeError);
      assert.equal(store.failed, false);
    }
    same(await log.commit(good), { outcome: 'committed' });
    await store.close();
  });
}

function describeReads(openStore: StoreFactory): void {
  it('returns the hashes of every level as the tree has them, across commits of any size', async () => {
    const store = await openStore({});
    const log = await logIn(store);
    await grow(log, 1, 254, 1, 1, 600, 1000, 143);
    const hashes = makeLeaves(0, 2000).map((leaf) => leaf.hash);
    same(await log.hashes(0, 0, 2000), new Uint8Array(Buffer.concat(hashes)));
    for (const [from, to] of [
      [255, 257],
      [1791, 1793],
      [1792, 2000],
      [1999, 2000],
      [300, 300],
    ] as const) {
      const expected = new Uint8Array(Buffer.concat(hashes.slice(from, to)));
      same(await log.hashes(0, from, to), expected);
    }
    const tiles = Array.from({ length: 7 }, (_, i) =>
      perfectSubtreeRoot(Buffer.concat(hashes.slice(256 * i, 256 * i + 256))),
    );
    same(await log.hashes(1, 0, 7), new Uint8Array(Buffer.concat(tiles)));
    same(await log.hashes(1, 3, 4), new Uint8Array(tiles[3] as Uint8Array));
    await assert.rejects(log.hashes(1, 0, 8), RangeError);
    await assert.rejects(log.hashes(0, 0, 2001), RangeError);
    for (const size of [0, 1, 255, 256, 257, 1000, 1792, 2000]) {
      same(
        await rootAt(log, size),
        integrate(EMPTY_EDGE, hashes.slice(0, size)).root,
        `root at ${size}`,
      );
    }
    await store.close();
  });

  it('returns the roots of level-1 tiles at level 2', { timeout: 120_000 }, async () => {
    const store = await openStore({});
    const log = await logIn(store);
    // Without search keys: the 65,536 leaves are about tiles.
    const leaves = makeLeaves(0, 66_000, 12).map(({ hash, bytes }) => ({
      hash,
      bytes,
      indexKeys: [],
    }));
    for (let at = 0; at < leaves.length; at += 11_000) {
      await log.commit(await commitOf(log, leaves.slice(at, at + 11_000)));
    }
    const hashes = leaves.slice(0, 65_536).map((leaf) => leaf.hash);
    same(await log.hashes(2, 0, 1), perfectSubtreeRoot(Buffer.concat(hashes)));
    same(await rootAt(log, 66_000), (await log.head()).root);
    same((await log.leaves(40_000, 40_700)).at(-1)?.index, 40_699);
    await store.close();
  });

  it('refuses ranges that are not committed', async () => {
    const store = await openStore({});
    const log = await logIn(store);
    await grow(log, 3);
    for (const [from, to] of [
      [0, 4],
      [-1, 2],
      [2, 1],
      [0.5, 2],
    ] as const) {
      await assert.rejects(log.leaves(from, to), RangeError);
    }
    await store.close();
  });

  it('finds entries by key in order, below, after and up to a limit', async () => {
    const store = await openStore({});
    const log = await logIn(store);
    await grow(log, 300, 300);
    const find = (options: { below: number; after?: number; limit: number }) =>
      log.find('parity:even', options);
    assert.equal((await find({ below: 600, limit: 1000 })).length, 300);
    same(await find({ below: 7, limit: 10 }), [0, 2, 4, 6]);
    same(await find({ below: 600, after: 254, limit: 3 }), [256, 258, 260]);
    same(await find({ below: 257, after: 254, limit: 3 }), [256]);
    same(await find({ below: 600, limit: 0 }), []);
    same(await find({ below: 9, after: 9, limit: 4 }), []);
    same(await log.find('parity:eve', { below: 600, limit: 4 }), []);
    await store.close();
  });
}

function describeLate(openStore: StoreFactory): void {
  const note = (size: number, ...lines: string[]) => ({
    size,
    bytes: utf8(`origin\n${size}\nroot\n\n${lines.map((line) => `${line}\n`).join('')}`),
  });
  const ecdsa = '— log.example.org AAAAAXNpZ25hdHVyZQ==';
  const ecdsaAgain = '— log.example.org AAAAAWFub3RoZXIhIQ==';
  const witness = '— witness.example.org AAAAAnNpZ25hdHVyZQ==';

  it('keeps the newest note of each kind, monotone in size', async () => {
    const store = await openStore({});
    const log = await logIn(store);
    await grow(log, 5);
    assert.equal(await log.newestNote('v1'), undefined);
    await log.late({ notes: [{ kind: 'v1', ...note(3, ecdsa) }] });
    await log.late({ notes: [{ kind: 'v1', ...note(2, ecdsa) }] });
    same(await log.newestNote('v1'), note(3, ecdsa));
    assert.equal(await log.newestNote('tiles'), undefined);
    await log.late({ notes: [{ kind: 'v1', ...note(4, ecdsa) }], sync: true });
    same(await log.newestNote('v1'), note(4, ecdsa));
    await assert.rejects(log.late({ notes: [{ kind: 'v1', ...note(6, ecdsa) }] }), RangeError);
    await store.close();
  });

  it('unites the signature lines of one size and never changes a line that was kept', async () => {
    const store = await openStore({});
    const log = await logIn(store);
    await grow(log, 5);
    await log.late({ notes: [{ kind: 'tiles', ...note(5, ecdsa) }] });
    await log.late({ notes: [{ kind: 'tiles', ...note(5, ecdsaAgain) }] });
    same(await log.newestNote('tiles'), note(5, ecdsa));
    await log.late({ notes: [{ kind: 'tiles', ...note(5, ecdsaAgain, witness) }] });
    same(await log.newestNote('tiles'), note(5, ecdsa, witness));
    const other = { size: 5, bytes: utf8(`other\n5\nroot\n\n${ecdsa}\n`) };
    await assert.rejects(log.late({ notes: [{ kind: 'tiles', ...other }] }), code('STORE_CORRUPT'));
    assert.equal(store.failed, false);
    await store.close();
  });

  it('returns the timestamp of each leaf that has one', async () => {
    const store = await openStore({});
    const log = await logIn(store);
    await grow(log, 3, 4);
    const signatures = [utf8('a'), utf8(''), utf8('ccc')];
    await log.late({ timestamps: { from: 3, signatures } });
    const found = await Promise.all([0, 2, 3, 4, 5, 6, 7].map((index) => log.timestamp(index)));
    same(found, [undefined, undefined, ...signatures, undefined, undefined]);
    await assert.rejects(log.late({ timestamps: { from: 5, signatures } }), RangeError);
    await store.close();
  });
}

function describeFailures(openStore: StoreFactory): void {
  for (const fault of ['before', 'after'] as const) {
    it(`refuses writes after a commit that failed ${fault} it took effect, until recover`, async () => {
      const faults = new Faults();
      const store = await openStore({ fault: faults.point });
      const log = await logIn(store);
      await grow(log, 3);
      const old = await log.head();
      const commit = await commitOf(log, makeLeaves(3, 300));
      faults.arm('commit', fault);
      await assert.rejects(log.commit(commit), code('COMMIT_UNKNOWN'));
      assert.equal(store.failed, true);
      same(await log.head(), old);
      assert.equal((await log.leaves(0, 3)).length, 3);
      same(await log.indexesOf([commit.leaves[0]?.hash ?? EMPTY_ROOT]), [undefined]);
      await assert.rejects(log.commit(commit), code('STORE_UNAVAILABLE'));
      await assert.rejects(
        log.late({ timestamps: { from: 0, signatures: [utf8('x')] } }),
        code('STORE_UNAVAILABLE'),
      );
      await store.recover();
      assert.equal(store.failed, false);
      same(await log.head(), fault === 'after' ? commit.head : old);
      const next = await commitOf(log, makeLeaves(1000, 2));
      same(await log.commit(next), { outcome: 'committed' });
      same(await rootAt(log, next.head.size), next.head.root);
      await store.close();
    });
  }

  it('throws DISK_FULL before writing and stays usable', async () => {
    const faults = new Faults();
    const store = await openStore({ fault: faults.point });
    const log = await logIn(store);
    const commit = await commitOf(log, makeLeaves(0, 2));
    faults.arm('commit', 'disk-full');
    await assert.rejects(log.commit(commit), code('DISK_FULL'));
    assert.equal(store.failed, false);
    assert.equal((await log.head()).size, 0);
    same(await log.commit(commit), { outcome: 'committed' });
    await store.close();
  });

  it('says whether it would take a write, without writing', async () => {
    const faults = new Faults();
    const store = await openStore({ fault: faults.point });
    const log = await logIn(store);
    await store.checkWritable();
    faults.arm('check', 'disk-full');
    await assert.rejects(store.checkWritable(), code('DISK_FULL'));
    assert.equal(store.failed, false);
    await store.checkWritable();
    faults.arm('commit', 'before');
    await assert.rejects(log.commit(await commitOf(log, makeLeaves(0, 1))));
    await assert.rejects(store.checkWritable(), code('STORE_UNAVAILABLE'));
    await store.recover();
    await store.checkWritable();
    assert.equal((await log.head()).size, 0);
    await store.close();
    await assert.rejects(store.checkWritable(), code('STORE_UNAVAILABLE'));
  });

  it('stays failed and readable while recovery finds no space', async () => {
    const faults = new Faults();
    const store = await openStore({ fault: faults.point });
    const log = await logIn(store);
    await grow(log, 2);
    faults.arm('commit', 'before');
    await assert.rejects(log.commit(await commitOf(log, makeLeaves(2, 1))));
    faults.arm('recover', 'disk-full');
    await assert.rejects(store.recover(), code('DISK_FULL'));
    assert.equal(store.failed, true);
    assert.equal(fromUtf8((await log.leaves(1, 2))[0]?.bytes ?? EMPTY_ROOT).slice(0, 6), 'leaf 1');
    await store.recover();
    assert.equal(store.failed, false);
    await grow(log, 1);
    await store.close();
  });

  it('fails every log of the store together', async () => {
    const faults = new Faults();
    const store = await openStore({ fault: faults.point });
    const [one, two] = [await logIn(store, 1n), await logIn(store, 2n)];
    const [first, second] = [
      await commitOf(one, makeLeaves(0, 1)),
      await commitOf(two, makeLeaves(0, 1)),
    ];
    faults.arm('commit', 'after');
    const settled = await Promise.allSettled([one.commit(first), two.commit(second)]);
    same(
      settled.map((outcome) => outcome.status),
      ['rejected', 'rejected'],
    );
    await Promise.all([store.recover(), store.recover()]);
    assert.equal((await one.head()).size, 1);
    assert.equal((await two.head()).size, 0);
    await store.close();
  });

  it('fails the store when late rows or a new log cannot be written', async () => {
    const faults = new Faults();
    const store = await openStore({ fault: faults.point });
    const log = await logIn(store);
    await grow(log, 1);
    faults.arm('late', 'before');
    await assert.rejects(
      log.late({ timestamps: { from: 0, signatures: [leafHash(utf8('x'))] } }),
      code('COMMIT_UNKNOWN'),
    );
    assert.equal(store.failed, true);
    await store.recover();
    assert.equal(await log.timestamp(0), undefined);
    faults.arm('createLog', 'after');
    await assert.rejects(store.createLog(recordOf(5n)), code('COMMIT_UNKNOWN'));
    await store.recover();
    assert.equal((await store.log(5n).head()).size, 0);
    await store.close();
  });
}
