import assert from 'node:assert/strict';
import { it } from 'node:test';
import { perfectSubtreeRoot, subtreeRoots } from '../../../src/merkle/frontier.js';
import { EMPTY_EDGE, integrate } from '../../../src/merkle/integrate.js';
import {
  type FindRange,
  MAX_INDEX_KEY_LENGTH,
  type NewLeaf,
} from '../../../src/storage/log-store.js';
import { rootAt } from '../../../src/storage/root-at.js';
import { commitOf, grow, logIn, makeLeaves } from '../growing-log.js';
import { same } from '../same-bytes.js';
import type { StoreFactory } from './store-factory.js';

/** Declares the tests of reads: hashes of every level, ranges, search. */
export function describeReads(openStore: StoreFactory): void {
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

  it('returns full tiles, with the right roots of their sixteenths if it keeps them', async () => {
    const store = await openStore({});
    const log = await logIn(store);
    await grow(log, 200, 400, 100);
    const hashes = makeLeaves(0, 700).map((leaf) => leaf.hash);
    for (const index of [0, 1]) {
      const wanted = new Uint8Array(Buffer.concat(hashes.slice(256 * index, 256 * index + 256)));
      const tile = await log.fullTile(0, index);
      assert.ok(Buffer.from(wanted).equals(tile.hashes));
      if (tile.sixteenths === undefined) continue;
      assert.ok(Buffer.from(subtreeRoots(wanted, 16)).equals(tile.sixteenths));
    }
    await assert.rejects(log.fullTile(0, 2), RangeError);
    await assert.rejects(log.fullTile(1, 0), RangeError);
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
    const bytes = await log.leafBytes(40_000, 40_700);
    same(bytes.length, 700);
    same(bytes.at(-1), leaves[40_699]?.bytes);
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
      await assert.rejects(log.leafBytes(from, to), RangeError);
    }
    await store.close();
  });

  it('finds entries by key in order, below, after and up to a limit', async () => {
    const store = await openStore({});
    const log = await logIn(store);
    await grow(log, 300, 300);
    const find = (range: FindRange) => log.find('parity:even', range);
    assert.equal((await find({ below: 600, limit: 1000 })).length, 300);
    same(await find({ below: 7, limit: 10 }), [0, 2, 4, 6]);
    same(await find({ below: 600, after: 254, limit: 3 }), [256, 258, 260]);
    same(await find({ below: 257, after: 254, limit: 3 }), [256]);
    same(await find({ below: 600, limit: 0 }), []);
    same(await find({ below: 9, after: 9, limit: 4 }), []);
    same(await log.find('parity:eve', { below: 600, limit: 4 }), []);
    await store.close();
  });

  it('finds the newest entries first when asked to, in the same range', async () => {
    const store = await openStore({});
    const log = await logIn(store);
    await grow(log, 300, 300);
    const find = (range: Omit<FindRange, 'order'>) =>
      log.find('parity:even', { ...range, order: 'newest' });
    const ascending = await log.find('parity:even', { below: 600, limit: 1000 });
    same(await find({ below: 600, limit: 1000 }), [...ascending].reverse());
    same(await find({ below: 600, limit: 3 }), [598, 596, 594]);
    same(await find({ below: 300, after: 293, limit: 10 }), [298, 296, 294]);
    same(await find({ below: 298, after: 294, limit: 10 }), [296]);
    // Beyond the head there is nothing, and nothing is skipped on the way there.
    same(await find({ below: 10_000, limit: 1 }), [598]);
    same(await find({ below: 7, after: 6, limit: 4 }), []);
    same(await find({ below: 600, limit: 0 }), []);
    same(await log.find('number:599', { below: 600, limit: 5, order: 'newest' }), [599]);
    same(await log.find('number:59', { below: 600, limit: 5, order: 'newest' }), [59]);
    await store.close();
  });

  it('finds by search keys of every length and letter case apart', async () => {
    const store = await openStore({});
    const log = await logIn(store);
    const [first, second] = makeLeaves(0, 2);
    const longest = 'K'.repeat(MAX_INDEX_KEY_LENGTH);
    await log.commit(
      await commitOf(log, [
        { ...(first as NewLeaf), indexKeys: [longest, 'EMAIL:a@b'] },
        { ...(second as NewLeaf), indexKeys: [longest.slice(1), 'email:a@b'] },
      ]),
    );
    same(await log.find(longest, { below: 2, limit: 9 }), [0]);
    same(await log.find(longest.slice(1), { below: 2, limit: 9 }), [1]);
    same(await log.find('EMAIL:a@b', { below: 2, limit: 9 }), [0]);
    same(await log.find('email:a@b', { below: 2, limit: 9 }), [1]);
    await store.close();
  });
}
