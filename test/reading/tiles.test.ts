/** Tiles of both stores against the slow twin, and against the golden trees that a store can hold: no leaf twice. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { utf8 } from '../../src/encoding/bytes.js';
import { parseEntryBundle } from '../../src/merkle/entry-bundle.js';
import { leafHash } from '../../src/merkle/hash.js';
import { parseTilePath } from '../../src/merkle/tile.js';
import { readTile } from '../../src/reading/tiles.js';
import type { LogStore, NewLeaf, Store } from '../../src/storage/log-store.js';
import { openMemoryStore } from '../../src/storage/memory/memory-store.js';
import { entries, leafHashes, recordedTrees } from '../merkle/golden-trees.js';
import { SlowTree } from '../merkle/slow-tree.js';
import { commitOf, logIn } from '../storage/growing-log.js';
import { openAt, temporaryFolder } from '../storage/level/level-fixture.js';

const WIDTH = 256;
const HASH_SIZE = 32;
const slow = new SlowTree();

const STORES: Readonly<Record<string, () => Promise<Store>>> = {
  memory: async () => openMemoryStore(),
  LevelDB: async () => openAt(await temporaryFolder(), { create: true }),
};

function leavesOf(bytes: readonly Uint8Array[]): NewLeaf[] {
  return bytes.map((each) => ({ bytes: each, hash: leafHash(each), indexKeys: [] }));
}

async function growTo(log: LogStore, size: number): Promise<void> {
  const { size: before } = await log.head();
  const texts = Array.from({ length: size - before }, (_, i) => utf8(`leaf ${before + i}`));
  const { outcome } = await log.commit(await commitOf(log, leavesOf(texts)));
  assert.equal(outcome, 'committed');
}

/** The bytes of a hash tile by RFC 6962, each hash by itself. */
function slowTile(level: number, index: number, width: number): Buffer {
  const span = WIDTH ** level;
  const first = index * WIDTH;
  const hashes = Array.from({ length: width }, (_, i) =>
    slow.root((first + i) * span, (first + i + 1) * span),
  );
  return Buffer.concat(hashes);
}

/** Checks tiles of one place at these widths, and that one more than there are is none. */
async function checkTiles(
  log: LogStore,
  size: number,
  [level, index]: readonly [number, number],
  widths: readonly number[],
): Promise<void> {
  const reach = Math.min(WIDTH, Math.floor(size / WIDTH ** level) - index * WIDTH);
  for (const width of widths) {
    const tile = await readTile(log, { level, index, width }, size);
    const where = `size ${size}, tile ${level}/${index}, width ${width}`;
    if (width > reach) assert.equal(tile, undefined, where);
    else assert.ok(slowTile(level, index, width).equals(tile as Uint8Array), where);
  }
}

async function checkBundle(log: LogStore, size: number, index: number): Promise<void> {
  const reach = Math.min(WIDTH, size - index * WIDTH);
  for (const width of [1, 2, 127, 255, 256, reach, reach + 1]) {
    if (width < 1 || width > WIDTH) continue;
    const bundle = await readTile(log, { level: 'entries', index, width }, size);
    if (width > reach) {
      assert.equal(bundle, undefined, `size ${size}, bundle ${index}, width ${width}`);
      continue;
    }
    const texts = parseEntryBundle(bundle as Uint8Array).map((each) =>
      Buffer.from(each).toString(),
    );
    const wanted = Array.from({ length: width }, (_, i) => `leaf ${index * WIDTH + i}`);
    assert.deepEqual(texts, wanted);
  }
}

for (const [name, open] of Object.entries(STORES)) {
  describe(`the tiles of a log in ${name}`, () => {
    it('are those of the slow twin, at every size that was committed and every width', async () => {
      const store = await open();
      const log = await logIn(store);
      const everyWidth = Array.from({ length: WIDTH }, (_, i) => i + 1);
      const sizes = [1, 2, 255, 256, 257, 511, 512, 513, 600];
      for (const size of sizes) {
        await growTo(log, size);
        // Older sizes stay readable as they were: nothing beyond them shows.
        for (const older of sizes.filter((each) => each <= size)) {
          const widths = older === size ? everyWidth : [1, 88, 255, 256];
          for (const place of [
            [0, 0],
            [0, 1],
            [0, 2],
            [0, 3],
            [1, 0],
            [1, 1],
            [2, 0],
          ] as const) {
            await checkTiles(log, older, place, widths);
          }
          for (const index of [0, 1, 2, 3]) await checkBundle(log, older, index);
        }
      }
      await store.close();
    });

    it('are the recorded ones of the golden trees without equal leaves', async () => {
      let checked = 0;
      for (const { size, paths, read } of recordedTrees) {
        const texts = leafHashes.slice(0, size).map((hash) => Buffer.from(hash).toString('hex'));
        if (size === 0 || size > WIDTH || new Set(texts).size < size) continue;
        const store = await open();
        const log = await logIn(store);
        await log.commit(await commitOf(log, leavesOf(entries.slice(0, size))));
        for (const path of paths) {
          const tile = await readTile(log, parseTilePath(path), size);
          assert.ok(read(path).equals(tile as Uint8Array), path);
        }
        await store.close();
        checked++;
      }
      // The trees of 1, 2, 3, 7 and 8; the entry at 56 is that at 22.
      assert.equal(checked, 5);
    });
  });
}

it('a tree that has a third level is read at all of them, and none above', async () => {
  const store = openMemoryStore();
  const log = await logIn(store);
  const size = 65_537;
  await growTo(log, size);
  for (const place of [
    [0, 0],
    [0, 255],
    [0, 256],
    [1, 0],
    [1, 1],
    [2, 0],
    [2, 1],
    [3, 0],
    [6, 0],
    [7, 0],
    [63, 0],
  ] as const) {
    await checkTiles(log, size, place, [1, 2, 255, 256]);
  }
  for (const index of [0, 255, 256, 257]) await checkBundle(log, size, index);
  const far = { level: 0, index: Number.MAX_SAFE_INTEGER, width: WIDTH };
  assert.equal(await readTile(log, far, size), undefined);
  const bundle = await readTile(log, { ...far, level: 'entries' }, size);
  assert.equal(bundle, undefined);
  assert.equal((await readTile(log, { level: 2, index: 0, width: 1 }, size))?.length, HASH_SIZE);
  await store.close();
});
