/**
 * A new checkpoint held against everything that is known of its tree: who signed it, who cosigned it, and whether the
 * tree grew out of the one before.
 *
 * In scope: the decision, and the proof that it rests on. Out of scope: entries (scan-tree.ts). No state.
 */

import type { ReadCheckpoint } from '../client/trusted-checkpoint.js';
import { equalBytes } from '../encoding/bytes.js';
import { toHex } from '../encoding/hex.js';
import { isLogError, LogError } from '../errors.js';
import { EMPTY_ROOT } from '../merkle/hash.js';
import { verifyConsistency } from '../merkle/verify.js';
import type { SourceTree } from './log-source.js';
import type { TamperingKind } from './monitor-event.js';
import { TamperingError } from './tampering-error.js';
import type { TreeState } from './tree-state.js';

/** What is trusted of a log; verifiers come from outside. */
export interface LogTrust {
  /** Returns what a checkpoint says that the log signed. Throws NOTE_MALFORMED, NOTE_UNVERIFIED. */
  open(note: string): ReadCheckpoint;
  /** Returns why too few witnesses have cosigned; undefined when enough have, or none are asked for. */
  quorumProblem(note: string): string | undefined;
}

/** A checkpoint that was believed. */
export interface Head {
  readonly note: string;
  readonly origin: string;
  readonly size: number;
  /** 32 bytes. */
  readonly root: Uint8Array;
}

/** Returns the head that a signed checkpoint speaks of. Throws NOTE_MALFORMED, NOTE_UNVERIFIED, PROOF_RANGE. */
export function openHead(note: string, trust: LogTrust): Head {
  const { origin, size, root } = trust.open(note);
  if (size > BigInt(Number.MAX_SAFE_INTEGER)) {
    throw new LogError('PROOF_RANGE', `a tree of ${size} leaves is too large to be followed`);
  }
  return { note, origin, size: Number(size), root };
}

/** Returns the head of a tree when the log and enough witnesses signed it. Throws TamperingError, NOTE_MALFORMED. */
export function checkSignatures(
  tree: SourceTree,
  trust: LogTrust,
  known: (origin: string | undefined) => TreeState | undefined,
): Head {
  const { note, treeID } = tree;
  const accuse = (kind: TamperingKind, origin: string, reason: string, cause?: unknown) => {
    const before = (known(origin) ?? known(undefined))?.note;
    return new TamperingError(kind, origin, reason, { before, after: note }, { cause });
  };
  let head: Head;
  try {
    head = openHead(note, trust);
  } catch (cause) {
    if (!isLogError(cause, 'NOTE_UNVERIFIED')) throw cause;
    throw accuse('signature', note.slice(0, Math.max(0, note.indexOf('\n'))), cause.message, cause);
  }
  const { origin, size, root } = head;
  if (treeID !== undefined && !origin.endsWith(` - ${treeID}`)) {
    throw accuse('origin', origin, `the checkpoint of tree ${treeID} has the origin ${origin}`);
  }
  if (size === 0 && !equalBytes(root, EMPTY_ROOT)) {
    throw accuse('fork', origin, 'the empty tree has the root of another');
  }
  const problem = trust.quorumProblem(note);
  if (problem !== undefined) throw accuse('quorum', origin, problem);
  return head;
}

/**
 * Resolves to the consistency proof from the known head to the new one, empty where there is nothing to prove. Throws
 * TamperingError; rejects as the source does.
 */
export async function checkGrowth(
  tree: SourceTree,
  before: Head,
  after: Head,
  frozenAt: number | undefined,
): Promise<readonly Uint8Array[]> {
  const accuse = (kind: TamperingKind, reason: string, cause?: unknown) => {
    const evidence = { before: before.note, after: after.note };
    return new TamperingError(kind, after.origin, reason, evidence, { cause });
  };
  if (frozenAt !== undefined && after.size !== frozenAt) {
    throw accuse('frozen', `frozen at ${frozenAt} leaves, the tree now has ${after.size}`);
  }
  if (after.size < before.size) {
    throw accuse('shrunk', `the tree had ${before.size} leaves and now has ${after.size}`);
  }
  if (after.size === before.size) {
    if (equalBytes(before.root, after.root)) return [];
    const roots = `${toHex(before.root)} and ${toHex(after.root)}`;
    throw accuse('fork', `the tree of ${after.size} leaves has two roots: ${roots}`);
  }
  const proof = before.size === 0 ? [] : await tree.consistencyProof(before.size, after.size);
  try {
    const [firstRoot, lastRoot] = [before.root, after.root];
    verifyConsistency({ first: before.size, last: after.size, firstRoot, lastRoot, proof });
  } catch (cause) {
    if (!isLogError(cause, 'PROOF_INVALID')) throw cause;
    const sizes = `${after.size} leaves does not begin with that of ${before.size}`;
    throw accuse('fork', `the tree of ${sizes}: ${cause.message}`, cause);
  }
  return proof;
}
