import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { concatBytes, equalBytes } from '../../src/encoding/bytes.js';
import { isLogError } from '../../src/errors.js';
import { frontierRoot, perfectSubtreeRoot } from '../../src/merkle/frontier.js';
import { EMPTY_ROOT, nodeHash } from '../../src/merkle/hash.js';
import {
  EMPTY_EDGE,
  edgeFromRanges,
  edgeRanges,
  type FullTile,
  frontierOfEdge,
  integrate,
  type TreeEdge,
} from '../../src/merkle/integrate.js';
import { planInclusionProof } from '../../src/merkle/proof.js';
import { hashRangeOfNode } from '../../src/merkle/tile.js';
import { verifyInclusion } from '../../src/merkle/verify.js';
import { slowLeafHash } from './slow-tree.js';

const LEAVES = 3 * 65_536 + 700;
// A tree of three levels needs many leaves; 700 different ones are enough to tell them apart.
const variety = Array.from({ length: 701 }, (_, i) => slowLeafHash(i));
const leaves = Array.from({ length: LEAVES }, (_, i) => variety[i % variety.length] as Uint8Array);

/** All hashes of a tree by tile level, as a store keeps them, from the full tiles and the edge. */
function levelsOf(fullTiles: readonly FullTile[], edge: TreeEdge): Uint8Array[] {
  return edge.tiles.map((partial, level) => {
    const full = fullTiles.filter((tile) => tile.level === level);
    full.forEach((tile, i) => {
      assert.equal(tile.index, i, `tiles of level ${level} come in order`);
      assert.equal(tile.hashes.length, 8192);
    });
    return concatBytes(...full.map((tile) => tile.hashes), partial);
  });
}

function sameEdge(a: TreeEdge, b: TreeEdge): boolean {
  const bytes = (edge: TreeEdge) => concatBytes(...edge.tiles, ...edge.frontier.hashes);
  const lengths = (edge: TreeEdge) =>
    [edge.size, edge.tiles.map((tile) => tile.length), edge.frontier.hashes.length].join();
  return lengths(a) === lengths(b) && equalBytes(bytes(a), bytes(b));
}

const whole = integrate(EMPTY_EDGE, leaves);
const wholeLevels = levelsOf(whole.fullTiles, whole.edge);

test('one call yields every tile that became full, at every level', () => {
  const counts = [0, 1, 2].map((level) => whole.fullTiles.filter((t) => t.level === level).length);
  assert.deepEqual(counts, [Math.floor(LEAVES / 256), Math.floor(LEAVES / 65_536), 0]);
  assert.deepEqual(
    whole.edge.tiles.map((tile) => tile.length / 32),
    [LEAVES % 256, Math.floor(LEAVES / 256) % 256, 3],
  );
});

test('each hash of a level is the root of a full tile of the level below', () => {
  for (const { level, index, hashes } of whole.fullTiles) {
    const above = wholeLevels[level + 1] as Uint8Array;
    const root = perfectSubtreeRoot(hashes);
    assert.ok(equalBytes(above.subarray(index * 32, (index + 1) * 32), root));
  }
});

/** The edge of the first `size` leaves, from the levels of the whole tree. */
function edgeAt(size: number): TreeEdge {
  const hashes = edgeRanges(size).map(({ level, from, to }) =>
    (wholeLevels[level] as Uint8Array).slice(from * 32, to * 32),
  );
  return edgeFromRanges(size, hashes);
}

function tilesBelow(size: number): number {
  return Math.floor(size / 256) + Math.floor(size / 65_536);
}

test('any cuts of the leaves into batches give the same tiles, edge and root', () => {
  const cuts = fc.array(fc.integer({ min: 0, max: 700 }), { maxLength: 12 });
  const start = fc.constantFrom(0, 1, 255, 256, 65_000, 65_535, 65_536, 131_000);
  fc.assert(
    fc.property(start, cuts, (size, batches) => {
      let edge = edgeAt(size);
      const tiles: FullTile[] = [];
      for (const batch of batches) {
        const next = integrate(edge, leaves.slice(edge.size, edge.size + batch));
        edge = next.edge;
        tiles.push(...next.fullTiles);
        assert.ok(equalBytes(next.root, frontierRoot(edgeAt(edge.size).frontier)), 'another root');
      }
      assert.ok(sameEdge(edge, edgeAt(edge.size)), `size ${edge.size}`);
      assert.equal(tiles.length, tilesBelow(edge.size) - tilesBelow(size));
      for (const tile of tiles) {
        const known = wholeLevels[tile.level] as Uint8Array;
        assert.ok(
          equalBytes(tile.hashes, known.subarray(tile.index * 8192, (tile.index + 1) * 8192)),
        );
      }
    }),
    { seed: 20, numRuns: 60, endOnFailure: true },
  );
});

test('the edge is rebuilt from the hashes that edgeRanges names', () => {
  for (const size of [0, 1, 2, 255, 256, 257, 511, 512, 65_535, 65_536, 65_537, 66_000, LEAVES]) {
    const { edge } = integrate(EMPTY_EDGE, leaves.slice(0, size));
    assert.ok(sameEdge(edgeAt(size), edge), `size ${size}`);
  }
});

test('an edge of ranges that do not fit the size is refused', () => {
  const refused = (error: unknown) => isLogError(error, 'ENCODING_MALFORMED');
  assert.throws(() => edgeFromRanges(257, [new Uint8Array(32)]), refused);
  assert.throws(() => edgeFromRanges(257, [new Uint8Array(32), new Uint8Array(64)]), refused);
  assert.throws(() => integrate(EMPTY_EDGE, [new Uint8Array(31)]), refused);
});

test('integration leaves its inputs as they are', () => {
  const { edge } = integrate(EMPTY_EDGE, leaves.slice(0, 300));
  const before = structuredClone(edge);
  integrate(edge, leaves.slice(300, 1000));
  assert.ok(sameEdge(edge, before), 'the input was changed');
  assert.ok(equalBytes(integrate(EMPTY_EDGE, []).root, EMPTY_ROOT));
});

test('an edge near the largest safe integer grows', () => {
  // 2^53 - 257 leaves: the frontier and tiles need not belong to a real tree.
  const size = Number.MAX_SAFE_INTEGER - 256;
  const ranges = edgeRanges(size).map(({ from, to }) => new Uint8Array((to - from) * 32).fill(7));
  const edge = edgeFromRanges(size, ranges);
  const next = integrate(edge, leaves.slice(0, 256));
  assert.equal(next.edge.size, Number.MAX_SAFE_INTEGER);
  assert.equal(frontierOfEdge(next.edge).hashes.length, 53);
  assert.equal(next.fullTiles[0]?.index, (size - 255) / 256);
});

test('nodes of a proof are found in one tile of a level, and make the proof', () => {
  for (const size of [1, 300, 65_537, LEAVES]) {
    const { root } = integrate(EMPTY_EDGE, leaves.slice(0, size));
    for (const index of [0, 1, 255, 256, 65_535, 65_536, size - 1].filter((i) => i < size)) {
      const plan = planInclusionProof(index, size);
      const proof = plan.assemble(
        plan.nodes.map((node) => {
          const { level, from, to } = hashRangeOfNode(node);
          assert.equal(Math.floor(from / 256), Math.floor((to - 1) / 256));
          return perfectSubtreeRoot(
            (wholeLevels[level] as Uint8Array).subarray(from * 32, to * 32),
          );
        }),
      );
      verifyInclusion({ index, size, leafHash: leaves[index] as Uint8Array, proof, root });
    }
  }
});

test('only a power of two of hashes has a perfect subtree root', () => {
  const [a, b] = [slowLeafHash(0), slowLeafHash(1)];
  assert.ok(equalBytes(perfectSubtreeRoot(concatBytes(a, b)), nodeHash(a, b)));
  for (const length of [0, 31, 33, 96]) {
    assert.throws(
      () => perfectSubtreeRoot(new Uint8Array(length)),
      (error) => isLogError(error, 'ENCODING_MALFORMED'),
    );
  }
});
