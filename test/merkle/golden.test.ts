// Trees and tiles written by Tessera, proofs by transparency-dev/merkle.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { concatBytes } from '../../src/encoding/bytes.js';
import { encodeEntryBundle, parseEntryBundle } from '../../src/merkle/entry-bundle.js';
import { leafHash } from '../../src/merkle/hash.js';
import { EMPTY_EDGE, type FullTile, integrate, type TreeEdge } from '../../src/merkle/integrate.js';
import { parseTilePath, type TileCoordinates, tilePath } from '../../src/merkle/tile.js';
import { verifyConsistency, verifyInclusion } from '../../src/merkle/verify.js';
import { vectorPath } from '../vectors.js';
import { entries, LARGEST_TREE, leafHashes, recipe, recordedTrees } from './golden-trees.js';

const grown = integrate(EMPTY_EDGE, leafHashes);

function readJson<T>(name: string): T {
  return JSON.parse(readFileSync(vectorPath(`merkle/${name}`), 'utf8')) as T;
}

function bytes(base64: string): Uint8Array {
  return new Uint8Array(Buffer.from(base64, 'base64'));
}

function base64(value: Uint8Array): string {
  return Buffer.from(value).toString('base64');
}

test('the first entries and their leaf hashes are those of the recipe', () => {
  assert.ok(recipe.first_entries.length >= 12);
  for (const { index, data_base64, leaf_hash_base64 } of recipe.first_entries) {
    const i = Number(index);
    assert.equal(base64(entries[i] as Uint8Array), data_base64);
    assert.equal(base64(leafHashes[i] as Uint8Array), leaf_hash_base64);
  }
});

test('the roots at all recorded sizes come out of one integration after the other', () => {
  let edge: TreeEdge = EMPTY_EDGE;
  const sizes = Object.entries(recipe.roots_base64)
    .map(([size, root]) => ({ size: Number(size), root }))
    .filter((row) => row.size <= LARGEST_TREE)
    .sort((a, b) => a.size - b.size);
  assert.ok(sizes.length > 10);
  for (const { size, root } of sizes) {
    const next = integrate(edge, leafHashes.slice(edge.size, size));
    edge = next.edge;
    assert.equal(base64(next.root), root, `size ${size}`);
  }
});

test('all recorded inclusion proofs verify', () => {
  const cases =
    readJson<
      {
        index: number;
        tree_size: number;
        leaf_hash_base64: string;
        root_hash_base64: string;
        proof_base64: string[] | null;
      }[]
    >('inclusion.json');
  assert.ok(cases.length > 100);
  for (const one of cases) {
    verifyInclusion({
      index: one.index,
      size: one.tree_size,
      leafHash: bytes(one.leaf_hash_base64),
      proof: (one.proof_base64 ?? []).map(bytes),
      root: bytes(one.root_hash_base64),
    });
  }
});

test('all recorded consistency proofs verify', () => {
  const cases =
    readJson<
      {
        size1: number;
        size2: number;
        root1_base64: string;
        root2_base64: string;
        proof_base64: string[] | null;
      }[]
    >('consistency.json');
  assert.ok(cases.length > 50);
  for (const one of cases) {
    verifyConsistency({
      first: one.size1,
      last: one.size2,
      firstRoot: bytes(one.root1_base64),
      lastRoot: bytes(one.root2_base64),
      proof: (one.proof_base64 ?? []).map(bytes),
    });
  }
});

/** The bytes of a tile or bundle of the tree of `size` leaves. */
function tileBytes(tile: TileCoordinates, size: number): Uint8Array {
  const from = tile.index * 256;
  if (tile.level === 'entries') return encodeEntryBundle(entries.slice(from, from + tile.width));
  const { edge, fullTiles } =
    size === LARGEST_TREE ? grown : integrate(EMPTY_EDGE, leafHashes.slice(0, size));
  if (tile.width < 256) return edge.tiles[tile.level] as Uint8Array;
  const full = fullTiles.find((one) => one.level === tile.level && one.index === tile.index);
  return (full as FullTile).hashes;
}

const treesWithTiles = recordedTrees.filter(({ size }) => size > 0);
assert.ok(treesWithTiles.length >= 13);

for (const { folder, size, paths, read } of treesWithTiles) {
  test(`the tiles and bundles of ${folder} are the recorded ones, byte for byte`, () => {
    assert.ok(paths.length >= 2);
    for (const path of paths) {
      const tile = parseTilePath(path);
      assert.equal(tilePath(tile), path);
      const recorded = read(path);
      assert.equal(base64(tileBytes(tile, size)), base64(recorded), path);
      if (tile.level === 'entries') {
        assert.deepEqual(
          concatBytes(...parseEntryBundle(recorded).map(leafHash)),
          concatBytes(...leafHashes.slice(tile.index * 256, tile.index * 256 + tile.width)),
        );
      }
    }
  });
}
