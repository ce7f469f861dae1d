import assert from 'node:assert/strict';
import { test } from 'node:test';
import { perfectSubtreeRoot, subtreeRoots } from '../../src/merkle/frontier.js';
import { ExpandedTile } from '../../src/reading/expanded-tile.js';
import { Random } from '../random.js';

const HASH_SIZE = 32;
const random = new Random(11);
const hashes = Uint8Array.from({ length: 256 * HASH_SIZE }, () => random.below(256));

interface Place {
  readonly height: number;
  readonly offset: number;
}

function placesIn(width: number): Place[] {
  const places: Place[] = [];
  for (let height = 0; height < 8; height++) {
    for (let offset = 0; (offset + 1) << height <= width; offset++) places.push({ height, offset });
  }
  return places;
}

function check(tile: ExpandedTile, { height, offset }: Place): void {
  const from = (offset << height) * HASH_SIZE;
  const wanted = perfectSubtreeRoot(hashes.subarray(from, from + (HASH_SIZE << height)));
  assert.deepEqual(tile.node(height, offset), wanted, `height ${height}, offset ${offset}`);
}

function shuffled<T>(items: readonly T[]): T[] {
  return items
    .map((item) => ({ item, at: random.below(1 << 30) }))
    .sort((a, b) => a.at - b.at)
    .map(({ item }) => item);
}

test('every subtree of a full tile is right, whichever is asked for first', () => {
  for (let round = 0; round < 10; round++) {
    for (const isGiven of [false, true]) {
      const stored = isGiven ? { hashes, sixteenths: subtreeRoots(hashes, 16) } : { hashes };
      const tile = new ExpandedTile(stored);
      for (const place of shuffled(placesIn(256))) check(tile, place);
    }
  }
});

test('every subtree of a tile that grows is right at every width', () => {
  for (const step of [1, 3, 16, 37]) {
    const tile = new ExpandedTile();
    for (let width = step; width <= 256; width += step) {
      // What is known already may come again.
      const from = Math.max(0, tile.width - random.below(20));
      tile.append(from, hashes.subarray(from * HASH_SIZE, width * HASH_SIZE));
      assert.equal(tile.width, width);
      for (const place of shuffled(placesIn(width)).slice(0, 40)) check(tile, place);
      assert.deepEqual(tile.row(width), hashes.subarray(0, width * HASH_SIZE));
    }
    tile.append(0, hashes.subarray(0, HASH_SIZE));
    assert.ok(tile.width > 200);
  }
});

test('with the roots of its sixteenths a proof takes no hash outside its own one', () => {
  // Only the sixth sixteenth is right: the others are taken from their roots.
  const damaged = new Uint8Array(hashes.length);
  damaged.set(hashes.subarray(80 * HASH_SIZE, 96 * HASH_SIZE), 80 * HASH_SIZE);
  const tile = new ExpandedTile({ hashes: damaged, sixteenths: subtreeRoots(hashes, 16) });
  for (const place of placesIn(256)) {
    const first = place.offset << place.height;
    if (place.height >= 4 || (first >= 80 && first < 96)) check(tile, place);
  }
});
