import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import fc from 'fast-check';
import { toBase64 } from '../../src/encoding/base64.js';
import { isLogError } from '../../src/errors.js';
import { EMPTY_ROOT, leafHash, nodeHash } from '../../src/merkle/hash.js';
import { planConsistencyProof } from '../../src/merkle/proof.js';
import {
  coverInterval,
  isSubtree,
  planSubtreeProof,
  type SubtreeClaim,
  verifySubtree,
} from '../../src/merkle/subtree.js';
import { vectorPath } from '../vectors.js';
import { SlowTree, slowLeafHash } from './slow-tree.js';

const tree = new SlowTree();
const invalid = (error: unknown) => isLogError(error, 'PROOF_INVALID');
const outOfRange = (error: unknown) => isLogError(error, 'PROOF_RANGE');

const recorded = JSON.parse(readFileSync(vectorPath('witness/subtree.json'), 'utf8')) as {
  proofs: {
    start: number;
    end: number;
    size: number;
    subtree_hash: string;
    root: string;
    proof: string[];
  }[];
  valid_subtree: { start: string; end: string; valid: boolean }[];
  cover: { start: number; end: number; cover: [number, number][] }[];
};
const bytesOf = (base64: string) => new Uint8Array(Buffer.from(base64, 'base64'));

test('the recorded subtree proofs are made from leaves, and verify', () => {
  assert.ok(recorded.proofs.length >= 20);
  const recordedLeaf = (index: number) => leafHash(new TextEncoder().encode(`leaf-${index}`));
  const perfectRoot = (level: number, index: number): Uint8Array =>
    level === 0
      ? recordedLeaf(index)
      : nodeHash(perfectRoot(level - 1, 2 * index), perfectRoot(level - 1, 2 * index + 1));
  for (const { start, end, size, subtree_hash, root, proof } of recorded.proofs) {
    const plan = planSubtreeProof(start, end, size);
    const made = plan.assemble(plan.nodes.map(({ level, index }) => perfectRoot(level, index)));
    assert.deepEqual(made.map(toBase64), proof, `[${start}, ${end}) of ${size}`);
    verifySubtree({
      ...bounds(start, end, size),
      hash: bytesOf(subtree_hash),
      proof: made,
      root: bytesOf(root),
    });
  }
});

test('the recorded intervals are subtrees, or are none', () => {
  assert.ok(recorded.valid_subtree.length >= 20);
  for (const { start, end, valid } of recorded.valid_subtree) {
    assert.equal(isSubtree(BigInt(start), BigInt(end)), valid, `[${start}, ${end})`);
  }
  assert.equal(isSubtree(-1n, 0n), false);
  assert.equal(isSubtree(0n, 0n), false);
});

test('the recorded intervals are covered as recorded', () => {
  assert.ok(recorded.cover.length >= 5);
  for (const { start, end, cover } of recorded.cover) {
    assert.deepEqual(
      coverInterval(BigInt(start), BigInt(end)),
      cover.map(([from, to]) => [BigInt(from), BigInt(to)]),
    );
  }
});

function bounds(start: number, end: number, size: number) {
  return { start: BigInt(start), end: BigInt(end), size: BigInt(size) };
}

/** All subtrees of the trees up to a size, as claims that hold. */
function* claimsUpTo(largest: number): Generator<SubtreeClaim> {
  for (let size = 1; size <= largest; size++) {
    for (let end = 1; end <= size; end++) {
      for (let start = 0; start < end; start++) {
        if (!isSubtree(BigInt(start), BigInt(end))) continue;
        const proof = tree.subtreeProof(start, end, 0, size, true);
        const hashes = { hash: tree.root(start, end), root: tree.root(0, size) };
        yield { ...bounds(start, end, size), ...hashes, proof };
      }
    }
  }
}

test('every subtree proof to 80 leaves is made as in the recursion, and verifies', () => {
  let claims = 0;
  for (const claim of claimsUpTo(80)) {
    const [start, end, size] = [Number(claim.start), Number(claim.end), Number(claim.size)];
    const plan = planSubtreeProof(start, end, size);
    const proof = plan.assemble(
      plan.nodes.map(({ level, index }) => {
        const width = 2 ** level;
        assert.ok((index + 1) * width <= size, 'a plan asks for complete subtrees only');
        return tree.root(index * width, (index + 1) * width);
      }),
    );
    assert.deepEqual(
      proof.map(toBase64),
      claim.proof.map(toBase64),
      `[${start}, ${end}) of ${size}`,
    );
    verifySubtree(claim);
    claims++;
  }
  assert.ok(claims > 8000, `only ${claims} claims`);
});

test('a subtree proof holds for its own leaves and size alone', () => {
  for (const claim of claimsUpTo(9)) {
    for (const other of claimsUpTo(9)) {
      const { start, end, size, root } = other;
      // Its proof may be that of another subtree with the same end, but for the hash.
      const moved = start !== claim.start || end !== claim.end;
      if (moved) assert.throws(() => verifySubtree({ ...claim, start, end }), invalid);
      const grown = { ...claim, size, root };
      if (size !== claim.size) assert.throws(() => verifySubtree(grown), invalid);
    }
  }
});

test('a damaged subtree proof is refused', () => {
  const claims = [...claimsUpTo(40)];
  const which = fc.integer({ min: 0, max: claims.length - 1 });
  fc.assert(
    fc.property(which, fc.nat(4), fc.nat(10_000), (at, how, where) => {
      const claim = claims[at] as SubtreeClaim;
      const { proof, hash, root } = claim;
      const place = proof.length === 0 ? 0 : where % proof.length;
      const flipped = (bytes: Uint8Array) =>
        bytes.map((byte, index) => (index === where % 32 ? byte ^ (1 << (where % 8)) : byte));
      const damaged = [
        [...proof, slowLeafHash(where)],
        [slowLeafHash(where), ...proof],
        proof.slice(0, -1),
        proof.toSpliced(place, 1, flipped(proof[place] ?? root)),
        proof.toSpliced(place, 1, (proof[place] ?? root).subarray(1)),
      ][how] as Uint8Array[];
      const isSame = damaged.length === 0 && proof.length === 0;
      if (!isSame) assert.throws(() => verifySubtree({ ...claim, proof: damaged }), invalid);
      assert.throws(() => verifySubtree({ ...claim, hash: flipped(hash) }), invalid);
      assert.throws(() => verifySubtree({ ...claim, root: flipped(root) }), invalid);
      assert.throws(() => verifySubtree({ ...claim, hash: hash.subarray(1) }), invalid);
    }),
    { seed: 73, numRuns: 500 },
  );
});

test('a proof of the wrong length is refused even when the hashes are made to fit it', () => {
  const [a, b, x] = [0, 1, 2].map(slowLeafHash) as [Uint8Array, Uint8Array, Uint8Array];
  const ab = nodeHash(a, b);
  const pair = { ...bounds(0, 1, 2), hash: a };
  verifySubtree({ ...pair, proof: [b], root: ab });
  assert.throws(() => verifySubtree({ ...pair, proof: [], root: a }), invalid);
  const long = { ...pair, proof: [b, x] };
  assert.throws(() => verifySubtree({ ...long, root: nodeHash(ab, x) }), invalid);
  assert.throws(() => verifySubtree({ ...long, root: nodeHash(x, ab) }), invalid);
});

test('a hash that lost its end is refused right after the whole one', () => {
  const [a, b] = [slowLeafHash(0), slowLeafHash(1)];
  const claim = { ...bounds(0, 1, 2), hash: a, proof: [b], root: nodeHash(a, b) };
  for (const short of [{ hash: a.subarray(0, 31) }, { proof: [b.subarray(0, 31)] }]) {
    verifySubtree(claim);
    assert.throws(() => verifySubtree({ ...claim, ...short }), invalid);
  }
});

test('claims about no subtree are refused', () => {
  const hash = slowLeafHash(0);
  const claim = { hash, root: hash, proof: [] };
  for (const [start, end, size] of [
    [0, 0, 0],
    [0, 0, 1],
    [0, 2, 1],
    [1, 1, 1],
    [1, 3, 3],
    [2, 1, 3],
    [-1, 1, 1],
  ] as const) {
    assert.throws(() => verifySubtree({ ...claim, ...bounds(start, end, size) }), invalid);
    assert.throws(() => planSubtreeProof(start, end, size), outOfRange);
  }
  const empty = { ...bounds(0, 0, 0), hash: EMPTY_ROOT, root: EMPTY_ROOT, proof: [] };
  assert.throws(() => verifySubtree(empty), invalid);
  for (const [start, end, size] of [
    [0.5, 1, 2],
    [0, 1.5, 2],
    [0, 1, 2 ** 53],
    [0, Number.NaN, 1],
  ] as const) {
    assert.throws(() => planSubtreeProof(start, end, size), outOfRange);
  }
});

test('a consistency proof is the proof of the subtree of the first leaves', () => {
  for (let size = 1; size <= 70; size++) {
    for (let first = 1; first <= size; first++) {
      assert.deepEqual(
        planSubtreeProof(0, first, size).nodes,
        planConsistencyProof(first, size).nodes,
      );
    }
  }
});

test('proofs in trees of up to 2^63 - 1 leaves verify', () => {
  // Every leaf is the same, so the hash of an interval of a tree depends on its length alone.
  const known = new Map<bigint, Uint8Array>([[1n, slowLeafHash(0)]]);
  const rootOf = (length: bigint): Uint8Array => {
    const before = known.get(length);
    if (before !== undefined) return before;
    const half = halfOf(length);
    const root = nodeHash(rootOf(half), rootOf(length - half));
    known.set(length, root);
    return root;
  };
  const halfOf = (length: bigint) => 2n ** BigInt((length - 1n).toString(2).length - 1);
  const prove = (start: bigint, end: bigint, length: bigint, isKnown: boolean): Uint8Array[] => {
    if (start === 0n && end === length) return isKnown ? [] : [rootOf(length)];
    const half = halfOf(length);
    const rest = length - half;
    if (end <= half) return [...prove(start, end, half, isKnown), rootOf(rest)];
    if (start >= half) return [...prove(start - half, end - half, rest, isKnown), rootOf(half)];
    return [...prove(0n, end - half, rest, false), rootOf(half)];
  };
  for (const size of [2n ** 53n + 1n, 2n ** 62n, 2n ** 63n - 1n]) {
    for (const [start, end] of [
      [0n, 1n],
      [0n, 2n ** 32n + 1n],
      [0n, size - 1n],
      [0n, size],
      [2n ** 40n, 2n ** 40n + 2n ** 33n + 5n],
      [size - 1n, size],
      [2n ** 52n, 2n ** 52n + 3n],
    ] as const) {
      const proof = prove(start, end, size, true);
      const hash = rootOf(end - start);
      const claim = { start, end, size, hash, proof, root: rootOf(size) };
      verifySubtree(claim);
      assert.throws(() => verifySubtree({ ...claim, proof: [...proof, hash] }), invalid);
    }
  }
  const hash = rootOf(1n);
  const tooLarge = { start: 0n, end: 2n ** 63n, size: 2n ** 63n, hash, proof: [], root: hash };
  assert.throws(() => verifySubtree(tooLarge), invalid);
});

test('any interval is covered by one subtree or by two that meet in it', () => {
  for (let end = 1n; end <= 70n; end++) {
    for (let start = 0n; start < end; start++) {
      const cover = coverInterval(start, end);
      assert.ok(cover.every(([from, to]) => isSubtree(from, to)));
      assert.equal(cover.length, isSubtree(start, end) ? 1 : 2);
      assert.equal(cover.at(-1)?.[1], end);
      const [[from, to], right] = cover as [[bigint, bigint], [bigint, bigint]?];
      assert.ok(from <= start && start < to);
      if (right === undefined) continue;
      assert.equal(right[0], to);
      // No more leaves are taken in on the left than there are needed ones.
      assert.ok(start - from < to - start, `[${start}, ${end})`);
    }
  }
  const last = 2n ** 63n - 1n;
  const cover = coverInterval(last - 2n, last);
  assert.deepEqual(cover.at(-1), [last - 1n, last]);
  for (const [start, end] of [
    [0n, 0n],
    [2n, 1n],
    [-1n, 1n],
    [0n, 2n ** 63n],
  ] as const) {
    assert.throws(() => coverInterval(start, end), outOfRange);
  }
});
