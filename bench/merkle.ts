/** What does the tree cost: integrating leaves in batches of several sizes, planning, making and checking proofs? */

import { randomBytes } from 'node:crypto';
import { leafHash, nodeHash } from '../src/merkle/hash.js';
import { EMPTY_EDGE, integrate } from '../src/merkle/integrate.js';
import { planConsistencyProof, planInclusionProof } from '../src/merkle/proof.js';
import { verifyInclusion } from '../src/merkle/verify.js';
import { type ResultRow, report } from './harness/result.js';

/** Measures, prints and keeps the figures; `leaves` of 1,400 bytes for each batch size. */
export function merkle(leaves: number): void {
  const hashes = Array.from({ length: leaves }, () => randomBytes(32));
  const rows = [1, 16, 64, 256, 1024].map((batch) => integration(hashes, batch));
  rows.push(hashing(Math.min(leaves, 100_000)), ...proofs(1_000_000), inclusionCheck());
  report('merkle', rows, new Date());
}

function integration(hashes: readonly Uint8Array[], batch: number): ResultRow {
  let edge = EMPTY_EDGE;
  const cost = processorMicroseconds(() => {
    for (let from = 0; from < hashes.length; from += batch) {
      edge = integrate(edge, hashes.slice(from, from + batch)).edge;
    }
  });
  return {
    case: `integrate, batches of ${batch}`,
    figures: { 'CPU us/leaf': cost / hashes.length },
  };
}

function hashing(count: number): ResultRow {
  const leaf = randomBytes(1400);
  const cost = processorMicroseconds(() => {
    for (let n = 0; n < count; n++) leafHash(leaf);
  });
  return { case: 'leaf hash of 1,400 bytes', figures: { 'CPU us/leaf': cost / count } };
}

function proofs(size: number): ResultRow[] {
  const count = 50_000;
  const hash = randomBytes(32);
  const some = (): number => Math.floor(Math.random() * (size - 1));
  const cost = (
    make: () => { nodes: readonly unknown[]; assemble: (h: Uint8Array[]) => unknown },
  ) =>
    processorMicroseconds(() => {
      for (let n = 0; n < count; n++) {
        const plan = make();
        plan.assemble(plan.nodes.map(() => hash));
      }
    }) / count;
  return [
    {
      case: `inclusion proof of ${size} leaves, planned and folded`,
      figures: { 'CPU us/proof': cost(() => planInclusionProof(some(), size)) },
    },
    {
      case: `consistency proof to ${size} leaves, planned and folded`,
      figures: { 'CPU us/proof': cost(() => planConsistencyProof(some() + 1, size)) },
    },
  ];
}

function inclusionCheck(): ResultRow {
  const count = 20_000;
  const depth = 20;
  const proof = Array.from({ length: depth }, () => randomBytes(32));
  const leaf = randomBytes(32);
  // The leftmost leaf of a perfect tree: every sibling is on the right.
  const root = proof.reduce<Uint8Array>((node, sibling) => nodeHash(node, sibling), leaf);
  const cost = processorMicroseconds(() => {
    for (let n = 0; n < count; n++) {
      verifyInclusion({ index: 0, size: 2 ** depth, leafHash: leaf, proof, root });
    }
  });
  return {
    case: 'inclusion proof of 20 hashes, checked',
    figures: { 'CPU us/proof': cost / count },
  };
}

function processorMicroseconds(work: () => void): number {
  const before = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(before);
  return user + system;
}
