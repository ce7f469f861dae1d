// Every size to 300, every index, every pair of sizes, against the slow twin.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { equalBytes } from '../../src/encoding/bytes.js';
import { isLogError } from '../../src/errors.js';
import { appendToFrontier, EMPTY_FRONTIER, frontierRoot } from '../../src/merkle/frontier.js';
import { type NodeID, planConsistencyProof, planInclusionProof } from '../../src/merkle/proof.js';
import { verifyConsistency, verifyInclusion } from '../../src/merkle/verify.js';
import { SlowTree, slowLeafHash } from './slow-tree.js';

const LARGEST = 300;
const tree = new SlowTree();

function nodeHashes(nodes: readonly NodeID[], size: number): Uint8Array[] {
  return nodes.map(({ level, index }) => {
    const width = 2 ** level;
    assert.ok((index + 1) * width <= size, 'a plan asks for complete subtrees only');
    return tree.root(index * width, (index + 1) * width);
  });
}

function sameHashes(found: readonly Uint8Array[], wanted: readonly Uint8Array[]): boolean {
  return (
    found.length === wanted.length && found.every((h, i) => equalBytes(h, wanted[i] as Uint8Array))
  );
}

test('the root of every tree to 300 leaves is the one of the recursion', () => {
  let frontier = EMPTY_FRONTIER;
  for (let size = 0; size <= LARGEST; size++) {
    assert.ok(equalBytes(frontierRoot(frontier), tree.root(0, size)), `size ${size}`);
    frontier = appendToFrontier(frontier, [slowLeafHash(size)]);
  }
});

test('every inclusion proof to 300 leaves is made as in the recursion, and verifies', () => {
  for (let size = 1; size <= LARGEST; size++) {
    const root = tree.root(0, size);
    for (let index = 0; index < size; index++) {
      const plan = planInclusionProof(index, size);
      const proof = plan.assemble(nodeHashes(plan.nodes, size));
      assert.ok(sameHashes(proof, tree.path(index, 0, size)), `leaf ${index} of ${size}`);
      verifyInclusion({ index, size, leafHash: slowLeafHash(index), proof, root });
    }
  }
});

test('every consistency proof to 300 leaves is made as in the recursion, and verifies', () => {
  for (let last = 1; last <= LARGEST; last++) {
    const lastRoot = tree.root(0, last);
    for (let first = 1; first <= last; first++) {
      const plan = planConsistencyProof(first, last);
      const proof = plan.assemble(nodeHashes(plan.nodes, last));
      assert.ok(sameHashes(proof, tree.subproof(first, 0, last, true)), `${first} to ${last}`);
      verifyConsistency({ first, last, firstRoot: tree.root(0, first), lastRoot, proof });
    }
  }
});

test('an inclusion proof holds for its own index and size alone', () => {
  for (let size = 1; size <= 40; size++) {
    for (let index = 0; index < size; index++) {
      const claim = {
        index,
        size,
        leafHash: slowLeafHash(index),
        proof: tree.path(index, 0, size),
        root: tree.root(0, size),
      };
      for (let other = 0; other < size; other++) {
        if (other === index) continue;
        assert.throws(() => verifyInclusion({ ...claim, index: other }), refused);
      }
    }
  }
});

test('a consistency proof holds for its own first size alone', () => {
  for (let last = 2; last <= 40; last++) {
    for (let first = 1; first < last; first++) {
      const claim = {
        first,
        last,
        firstRoot: tree.root(0, first),
        lastRoot: tree.root(0, last),
        proof: tree.subproof(first, 0, last, true),
      };
      for (let other = 1; other <= last; other++) {
        if (other === first) continue;
        assert.throws(() => verifyConsistency({ ...claim, first: other }), refused);
      }
    }
  }
});

function refused(error: unknown): boolean {
  return isLogError(error, 'PROOF_INVALID');
}
