/**
 * A `.tlog-proof` together with the body that it is said to be of, in the shape that the verifier reads.
 *
 * In scope: joining the two. Out of scope: the format (note/tlog-proof.ts), believing it (verify-entry.ts). Pure.
 */

import { isLogError, LogError } from '../errors.js';
import { leafHash } from '../merkle/hash.js';
import { verifyInclusion } from '../merkle/verify.js';
import { parseTlogProof } from '../note/tlog-proof.js';
import type { LogEntry } from './log-entry.js';
import { readCheckpoint } from './trusted-checkpoint.js';

/** Returns the entry that `body` is, if the proof is of it. Throws NOTE_MALFORMED, and PROOF_INVALID beyond 2^53-1. */
export function readProofFile(text: string, body: Uint8Array): LogEntry {
  const { index, hashes, checkpoint } = parseTlogProof(text);
  const { size, root } = readCheckpoint(checkpoint);
  const logIndex = safe(index, 'index');
  return {
    path: 'proof',
    entryID: undefined,
    body,
    logID: undefined,
    logIndex,
    integratedTimeSeconds: undefined,
    signedEntryTimestamp: undefined,
    proof: { logIndex, treeSize: safe(size, 'tree size'), rootHash: root, hashes, checkpoint },
  };
}

/** Returns the entry whose body the proof is of; of bodies that it is not of, the entry of the first. Throws likewise. */
export function entryOfProofFile(
  text: string,
  bodies: readonly [Uint8Array, ...Uint8Array[]],
): LogEntry {
  const entries = bodies.map((body) => readProofFile(text, body));
  return entries.find(isIncluded) ?? (entries[0] as LogEntry);
}

function isIncluded({ body, logIndex: index, proof }: LogEntry): boolean {
  try {
    const { treeSize: size = 0, hashes = [], rootHash = new Uint8Array() } = proof ?? {};
    verifyInclusion({ index, size, leafHash: leafHash(body), proof: hashes, root: rootHash });
    return true;
  } catch (error) {
    if (isLogError(error, 'PROOF_INVALID')) return false;
    throw error;
  }
}

function safe(value: bigint, what: string): number {
  if (value <= BigInt(Number.MAX_SAFE_INTEGER)) return Number(value);
  throw new LogError('PROOF_INVALID', `the ${what} ${value} of the proof is above 2^53-1`);
}
