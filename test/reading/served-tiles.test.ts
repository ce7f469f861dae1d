import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TileCoordinates } from '../../src/merkle/tile.js';
import { ServedTiles } from '../../src/reading/served-tiles.js';
import { TileCache } from '../../src/reading/tile-cache.js';
import { readTile } from '../../src/reading/tiles.js';
import { type GrowingLog, newGrowingLog } from './committed-log.js';

const SIZE = 700;
const FULL = { level: 0, index: 0, width: 256 } as const;
const BUNDLE = { level: 'entries', index: 1, width: 256 } as const;

interface Served extends GrowingLog {
  readonly cache: TileCache;
  readonly tiles: ServedTiles;
  /** Ranges of leaves that were read. */
  readonly bundles: string[];
}

async function serve(servedTileBytes = 100_000, servedBundleBytes = 100_000): Promise<Served> {
  const growing = await newGrowingLog();
  await growing.growTo(SIZE);
  const cache = new TileCache(growing.log);
  const bundles: string[] = [];
  const log = {
    hashes: growing.log.hashes,
    leafBytes(from: number, to: number) {
      bundles.push(`${from}-${to}`);
      return growing.log.leafBytes(from, to);
    },
  };
  const tiles = new ServedTiles({ log, cache, servedTileBytes, servedBundleBytes });
  return { ...growing, cache, tiles, bundles };
}

test('every tile is the one that is read, the first time and later', async () => {
  const { log, tiles, cache, edge, fullTiles } = await serve();
  const wanted: TileCoordinates[] = [];
  for (const level of [0, 1, 2, 'entries'] as const) {
    for (const index of [0, 1, 2, 3]) {
      for (const width of [1, 2, 188, 189, 255, 256]) wanted.push({ level, index, width });
    }
  }
  for (let round = 0; round < 3; round++) {
    for (const tile of wanted) {
      assert.deepEqual(await tiles.read(tile, SIZE), await readTile(log, tile, SIZE));
      assert.equal(await tiles.read(tile, 0), undefined);
    }
    // From here on hash tiles lie in the cache for proofs as well.
    cache.grow(edge, fullTiles);
  }
});

test('what is asked for again, or by many at once, is read once', async () => {
  const { tiles, reads, bundles } = await serve();
  for (let round = 0; round < 2; round++) {
    await Promise.all([BUNDLE, BUNDLE, FULL, FULL].map((tile) => tiles.read(tile, SIZE)));
  }
  assert.deepEqual(reads, ['0:0-256']);
  assert.deepEqual(bundles, ['256-512']);
});

test('a hash tile that lies in the cache for proofs is not read', async () => {
  const { tiles, cache, reads, edge, fullTiles } = await serve();
  cache.grow(edge, fullTiles);
  for (const width of [1, 188]) assert.ok(await tiles.read({ level: 0, index: 2, width }, SIZE));
  assert.ok(await tiles.read(FULL, SIZE));
  assert.deepEqual(reads, []);
});

test('nothing is kept beyond the bounds', async () => {
  const { tiles, reads, bundles } = await serve(0, 0);
  for (let round = 0; round < 2; round++) {
    await tiles.read(BUNDLE, SIZE);
    await tiles.read(FULL, SIZE);
  }
  assert.equal(reads.length, 2);
  assert.equal(bundles.length, 2);
});

test('a read that fails fails who waits for it, and is made anew for the next one', async () => {
  const { log, cache } = await serve();
  let reads = 0;
  const failsAtFirst = async <T>(read: () => Promise<T>): Promise<T> => {
    reads += 1;
    if (reads === 1) throw new Error('no');
    return read();
  };
  for (const tile of [FULL, BUNDLE]) {
    reads = 0;
    const tiles = new ServedTiles({
      log: {
        hashes: (...range) => failsAtFirst(() => log.hashes(...range)),
        leafBytes: (...range) => failsAtFirst(() => log.leafBytes(...range)),
      },
      cache,
      servedTileBytes: 100_000,
      servedBundleBytes: 100_000,
    });
    const asked = await Promise.allSettled([tile, tile].map((each) => tiles.read(each, SIZE)));
    assert.deepEqual(
      asked.map(({ status }) => status),
      ['rejected', 'rejected'],
    );
    for (let round = 0; round < 2; round++) {
      assert.deepEqual(await tiles.read(tile, SIZE), await readTile(log, tile, SIZE));
    }
    assert.equal(reads, 2);
  }
});

test('a partial tile counts with all of the row of which it is a part', async () => {
  const row = new Uint8Array(9_000);
  let reads = 0;
  const log = {
    hashes: async (_level: number, from: number, to: number) => {
      reads += 1;
      return row.slice().subarray(0, (to - from) * 32);
    },
    leafBytes: async () => [],
  };
  const cache = new TileCache({ ...log, fullTile: async () => ({ hashes: row }) });
  const tiles = new ServedTiles({ log, cache, servedTileBytes: 20_000, servedBundleBytes: 0 });
  const read = (width: number) => tiles.read({ level: 0, index: 0, width }, SIZE);
  for (const width of [1, 2, 3, 3]) await read(width);
  assert.equal(reads, 3);
  // The first one had to go for the third.
  await read(1);
  assert.equal(reads, 4);
});
