import assert from 'node:assert/strict';
import { test } from 'node:test';
import { toHex } from '../../src/encoding/hex.js';
import { isLogError } from '../../src/errors.js';
import { nodeHash } from '../../src/merkle/hash.js';
import { EdgeFolds } from '../../src/reading/edge-folds.js';
import {
  consistencyProof,
  inclusionProofAtHand,
  inclusionProofs,
  rootAtSize,
} from '../../src/reading/proofs.js';
import { TILE_COST, TileCache } from '../../src/reading/tile-cache.js';
import { SlowTree } from '../merkle/slow-tree.js';
import { Random } from '../random.js';
import { newGrowingLog } from './committed-log.js';

// Around every border of a tile and of a power of two, and some in between.
const SIZES = [1, 2, 3, 7, 8, 9, 100, 255, 256, 257, 300, 511, 512, 513, 700, 767, 768, 769, 1000];

test('one growing cache makes the proofs of the slow tree at every size on the way', async () => {
  const slow = new SlowTree();
  const growing = await newGrowingLog();
  const cache = new TileCache(growing.log);
  const random = new Random(1);
  for (const size of SIZES) {
    await growing.growTo(size);
    for (let round = 0; round < 20; round++) {
      const index = random.below(size);
      const first = 1 + random.below(size);
      assertProof((await inclusionProofs(cache, [index], size))[0], slow.path(index, 0, size));
      assertProof(await consistencyProof(cache, first, size), slow.subproof(first, 0, size, true));
    }
    assertProof([await rootAtSize(cache, size)], [slow.root(0, size)]);
  }
});

test('proofs at every older size come out of a cache that knows the newest', async () => {
  const slow = new SlowTree();
  const growing = await newGrowingLog();
  await growing.growTo(600);
  const cache = new TileCache(growing.log);
  for (let size = 1; size <= 600; size++) {
    const index = (size * 7) % size;
    const last = size - 1;
    const [one, other] = await inclusionProofs(cache, [index, last], size);
    assertProof(one, slow.path(index, 0, size));
    assertProof(other, slow.path(last, 0, size));
    assertProof([await rootAtSize(cache, size)], [slow.root(0, size)]);
  }
});

test('what is remembered of one size is not taken for another one', async () => {
  const slow = new SlowTree();
  const growing = await newGrowingLog();
  await growing.growTo(300);
  const cache = new TileCache(growing.log);
  const random = new Random(4);
  for (let round = 0; round < 300; round++) {
    const size = 1 + random.below(300);
    const index = random.below(size);
    const first = 1 + random.below(size);
    assertProof((await inclusionProofs(cache, [index], size))[0], slow.path(index, 0, size));
    assertProof(await consistencyProof(cache, first, size), slow.subproof(first, 0, size, true));
  }
});

test('the edge of the newest tree is folded once for all proofs, that of an older one is not kept', () => {
  const edges = new EdgeFolds();
  const [left, right] = [new Uint8Array(32).fill(1), new Uint8Array(32).fill(2)];
  const folded = edges.at(7)([left, right], 4);
  assert.deepEqual(folded, nodeHash(left, right));
  assert.equal(edges.at(7)([left, right], 4), folded);
  assert.deepEqual(edges.at(6)([right], 4), right);
  assert.equal(edges.at(7)([left, right], 4), folded);
  assert.deepEqual(edges.at(8)([right, left], 4), nodeHash(right, left));
});

test('a cache of a single tile makes the same proofs and holds a single tile', async () => {
  const slow = new SlowTree();
  const growing = await newGrowingLog();
  await growing.growTo(1000);
  const cache = new TileCache(growing.log, TILE_COST);
  const random = new Random(2);
  for (let round = 0; round < 100; round++) {
    const size = 257 + random.below(744);
    const index = random.below(size);
    assertProof((await inclusionProofs(cache, [index], size))[0], slow.path(index, 0, size));
    assert.equal(cache.tiles, 1);
  }
});

test('concurrent proofs with constant eviction and growth are all right', async () => {
  const slow = new SlowTree();
  const growing = await newGrowingLog();
  await growing.growTo(300);
  const cache = new TileCache(growing.log, 2 * TILE_COST);
  const random = new Random(3);
  for (const size of [300, 520, 777, 1000]) {
    await growing.growTo(size);
    const indexes = Array.from({ length: 40 }, () => random.below(size));
    const proofs = await Promise.all(indexes.map((index) => inclusionProofs(cache, [index], size)));
    proofs.forEach((proof, i) => {
      assertProof(proof[0], slow.path(indexes[i] as number, 0, size));
    });
    assert.ok(cache.tiles <= 2);
  }
});

test('ten proofs of one answer read each tile once, and the next ten read nothing', async () => {
  const growing = await newGrowingLog();
  await growing.growTo(1000);
  const cache = new TileCache(growing.log);
  const indexes = [0, 1, 2, 300, 301, 302, 600, 601, 999, 998];
  await inclusionProofs(cache, indexes, 1000);
  assert.deepEqual(growing.reads.toSorted(), [
    '0:0-256',
    '0:256-512',
    '0:512-768',
    '0:768-1000',
    '1:0-3',
  ]);
  await inclusionProofs(cache, indexes, 1000);
  assert.equal(growing.reads.length, 5);
});

test('a tile at the right edge is widened by the part that is new', async () => {
  const growing = await newGrowingLog();
  const cache = new TileCache(growing.log);
  await growing.growTo(10);
  await inclusionProofs(cache, [3], 10);
  await growing.growTo(25);
  await inclusionProofs(cache, [3], 25);
  assert.deepEqual(growing.reads, ['0:0-10', '0:10-25']);
});

test('what an integration brought serves the proofs at the new size without any read', async () => {
  const slow = new SlowTree();
  const growing = await newGrowingLog();
  const cache = new TileCache(growing.log);
  for (const size of [5, 255, 256, 400, 512, 513]) {
    await growing.growTo(size);
    cache.grow(growing.edge, growing.fullTiles);
    const proof = inclusionProofAtHand(cache, size - 1, size);
    assertProof(proof, slow.path(size - 1, 0, size));
  }
  assert.deepEqual(growing.reads, []);
});

test('concurrent proofs of one tile read it once', async () => {
  const growing = await newGrowingLog();
  await growing.growTo(100);
  const cache = new TileCache(growing.log);
  await Promise.all([1, 2, 3].map((index) => inclusionProofs(cache, [index], 100)));
  assert.deepEqual(growing.reads, ['0:0-100']);
});

test('a read that fails fails its proof alone; the next one reads again', async () => {
  const growing = await newGrowingLog();
  await growing.growTo(100);
  let failing = true;
  const cache = new TileCache({
    hashes: async (level, from, to) => {
      if (failing) throw new Error('no');
      return growing.log.hashes(level, from, to);
    },
    fullTile: (level, index) => growing.log.fullTile(level, index),
  });
  await assert.rejects(inclusionProofs(cache, [1], 100), /no/);
  failing = false;
  assert.equal((await inclusionProofs(cache, [1], 100))[0]?.length, 7);
});

test('a store that gives too few hashes is corrupt', async () => {
  const growing = await newGrowingLog();
  await growing.growTo(100);
  const cache = new TileCache({
    hashes: async (level, from, to) => (await growing.log.hashes(level, from, to)).slice(32),
    fullTile: (level, index) => growing.log.fullTile(level, index),
  });
  await assert.rejects(inclusionProofs(cache, [1], 100), (e) => isLogError(e, 'STORE_CORRUPT'));
});

test('no proof is made for a leaf or a size that is not there', async () => {
  const growing = await newGrowingLog();
  await growing.growTo(10);
  const cache = new TileCache(growing.log);
  await assert.rejects(inclusionProofs(cache, [10], 10), (e) => isLogError(e, 'PROOF_RANGE'));
  await assert.rejects(consistencyProof(cache, 5, 4), (e) => isLogError(e, 'PROOF_RANGE'));
});

function assertProof(actual: readonly Uint8Array[] | undefined, expected: Uint8Array[]): void {
  assert.deepEqual(actual?.map(toHex), expected.map(toHex));
}
