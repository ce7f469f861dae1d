import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { isLogError } from '../../src/errors.js';
import { EMPTY_ROOT } from '../../src/merkle/hash.js';
import { planConsistencyProof, planInclusionProof } from '../../src/merkle/proof.js';
import { verifyConsistency, verifyInclusion } from '../../src/merkle/verify.js';
import { SlowTree, slowLeafHash, slowNodeHash } from './slow-tree.js';

const tree = new SlowTree();
const invalid = (error: unknown) => isLogError(error, 'PROOF_INVALID');
const outOfRange = (error: unknown) => isLogError(error, 'PROOF_RANGE');

/** Every way in which a list of hashes is damaged that the tests try. */
function damage(hashes: readonly Uint8Array[], how: number, where: number): Uint8Array[] {
  const copy = hashes.map((hash) => hash.slice());
  const at = copy.length === 0 ? 0 : where % copy.length;
  const hash = copy[at];
  if (how === 0 || hash === undefined) return [...copy, slowLeafHash(where)];
  if (how === 1) copy.splice(at, 1);
  else if (how === 2) hash[where % 32] = (hash[where % 32] as number) ^ (1 << (where % 8));
  else if (how === 3) copy.splice(at, 0, hash);
  else copy[at] = hash.subarray(0, 31);
  return copy;
}

const damages = { how: fc.integer({ min: 0, max: 4 }), where: fc.nat(10_000) };

test('a damaged inclusion proof is refused', () => {
  const sizes = fc.integer({ min: 1, max: 1000 });
  fc.assert(
    fc.property(sizes, fc.nat(999), damages.how, damages.where, (size, at, how, where) => {
      const index = at % size;
      const claim = { index, size, leafHash: slowLeafHash(index), root: tree.root(0, size) };
      const proof = tree.path(index, 0, size);
      verifyInclusion({ ...claim, proof });
      assert.throws(() => verifyInclusion({ ...claim, proof: damage(proof, how, where) }), invalid);
      const [root] = damage([claim.root], 2, where) as [Uint8Array];
      assert.throws(() => verifyInclusion({ ...claim, root, proof }), invalid);
      const [leafHash] = damage([claim.leafHash], 2, where) as [Uint8Array];
      assert.throws(() => verifyInclusion({ ...claim, leafHash, proof }), invalid);
    }),
    { seed: 21, numRuns: 300 },
  );
});

test('a damaged consistency proof is refused', () => {
  const sizes = fc.integer({ min: 1, max: 1000 });
  fc.assert(
    fc.property(sizes, fc.nat(999), damages.how, damages.where, (last, at, how, where) => {
      const first = 1 + (at % last);
      const claim = { first, last, firstRoot: tree.root(0, first), lastRoot: tree.root(0, last) };
      const proof = tree.subproof(first, 0, last, true);
      verifyConsistency({ ...claim, proof });
      assert.throws(
        () => verifyConsistency({ ...claim, proof: damage(proof, how, where) }),
        invalid,
      );
      const [firstRoot] = damage([claim.firstRoot], 2, where) as [Uint8Array];
      assert.throws(() => verifyConsistency({ ...claim, firstRoot, proof }), invalid);
      const [lastRoot] = damage([claim.lastRoot], 2, where) as [Uint8Array];
      assert.throws(() => verifyConsistency({ ...claim, lastRoot, proof }), invalid);
    }),
    { seed: 22, numRuns: 300 },
  );
});

test('a proof of the wrong length is refused even when the roots are made to fit it', () => {
  const [a, b, c, d, x] = [0, 1, 2, 3, 4].map(slowLeafHash) as [
    Uint8Array,
    Uint8Array,
    Uint8Array,
    Uint8Array,
    Uint8Array,
  ];
  const leaf = { index: 0, leafHash: a };
  const long = { ...leaf, size: 1, proof: [x], root: slowNodeHash(x, a) };
  assert.throws(() => verifyInclusion(long), invalid);
  assert.throws(() => verifyInclusion({ ...leaf, size: 2, proof: [], root: a }), invalid);

  const ab = slowNodeHash(a, b);
  const growth = { first: 3, last: 4 };
  const firstRoot = slowNodeHash(x, slowNodeHash(ab, c));
  const lastRoot = slowNodeHash(x, slowNodeHash(ab, slowNodeHash(c, d)));
  assert.throws(
    () => verifyConsistency({ ...growth, firstRoot, lastRoot, proof: [c, d, ab, x] }),
    invalid,
  );
  const short = { ...growth, firstRoot: c, lastRoot: c, proof: [c] };
  assert.throws(() => verifyConsistency(short), invalid);
});

test('claims about no tree are refused', () => {
  const hash = slowLeafHash(0);
  for (const [index, size] of [
    [0, 0],
    [1, 1],
    [-1, 1],
    [0.5, 2],
    [0, 2 ** 53],
    [NaN, 3],
  ]) {
    const claim = { index: index as number, size: size as number, leafHash: hash, root: hash };
    assert.throws(() => verifyInclusion({ ...claim, proof: [] }), invalid);
    assert.throws(() => planInclusionProof(claim.index, claim.size), outOfRange);
  }
  for (const [first, last] of [
    [2, 1],
    [-1, 1],
    [0.5, 2],
    [1, 2 ** 53],
    [1, NaN],
  ]) {
    const claim = { first: first as number, last: last as number, firstRoot: hash, lastRoot: hash };
    assert.throws(() => verifyConsistency({ ...claim, proof: [] }), invalid);
    assert.throws(() => planConsistencyProof(claim.first, claim.last), outOfRange);
  }
});

test('every tree is consistent with the empty one, by an empty proof', () => {
  const claim = { first: 0, last: 5, firstRoot: EMPTY_ROOT, lastRoot: tree.root(0, 5) };
  verifyConsistency({ ...claim, proof: planConsistencyProof(0, 5).assemble([]) });
  assert.throws(() => verifyConsistency({ ...claim, proof: [EMPTY_ROOT] }), invalid);
  assert.throws(
    () => verifyConsistency({ ...claim, firstRoot: claim.lastRoot, proof: [] }),
    invalid,
  );
});

test('a tree is consistent with itself only under one root', () => {
  const root = tree.root(0, 5);
  verifyConsistency({ first: 5, last: 5, firstRoot: root, lastRoot: root, proof: [] });
  const other = { first: 5, last: 5, firstRoot: root, lastRoot: tree.root(0, 4), proof: [] };
  assert.throws(() => verifyConsistency(other), invalid);

  const empty = { first: 0, last: 0, firstRoot: EMPTY_ROOT, lastRoot: EMPTY_ROOT, proof: [] };
  verifyConsistency(empty);
  assert.throws(() => verifyConsistency({ ...empty, lastRoot: root }), invalid);
  const short = root.subarray(1);
  assert.throws(() => verifyConsistency({ ...empty, last: 5, lastRoot: short }), invalid);
});

test('proofs of trees of nearly 2^53 leaves are planned, assembled and verified', () => {
  // Every leaf is the same, so the hash of a perfect subtree depends on its level alone.
  const hashOfLevel: Uint8Array[] = [slowLeafHash(0)];
  const hashesOf = (nodes: readonly { level: number }[]) =>
    nodes.map(({ level }) => perfectRoot(hashOfLevel, level));
  for (const size of [2 ** 31, 2 ** 31 + 1, 2 ** 32 + 3, 2 ** 52 + 1, 2 ** 53 - 1]) {
    const root = rootOf(size, hashOfLevel);
    for (const index of [0, 2 ** 31 - 1, size - 2, size - 1].filter((i) => i < size)) {
      const plan = planInclusionProof(index, size);
      const proof = plan.assemble(hashesOf(plan.nodes));
      verifyInclusion({ index, size, leafHash: hashOfLevel[0] as Uint8Array, proof, root });
      const first = index + 1;
      const grown = planConsistencyProof(first, size);
      const claim = { first, last: size, firstRoot: rootOf(first, hashOfLevel), lastRoot: root };
      verifyConsistency({ ...claim, proof: grown.assemble(hashesOf(grown.nodes)) });
    }
  }
});

function perfectRoot(known: Uint8Array[], level: number): Uint8Array {
  for (let l = known.length; l <= level; l++) {
    const below = known[l - 1] as Uint8Array;
    known.push(slowNodeHash(below, below));
  }
  return known[level] as Uint8Array;
}

/** The root of a tree of `size` equal leaves, from the binary form of its size. */
function rootOf(size: number, known: Uint8Array[]): Uint8Array {
  let root: Uint8Array | undefined;
  for (let level = 0, rest = size; rest > 0; level++, rest = Math.floor(rest / 2)) {
    if (rest % 2 === 0) continue;
    const part = perfectRoot(known, level);
    root = root === undefined ? part : slowNodeHash(part, root);
  }
  return root as Uint8Array;
}
