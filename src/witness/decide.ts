/**
 * WHETHER A CHECKPOINT IS COSIGNED: the rules of a witness as a function of what it knows and what it was sent.
 * https://c2sp.org/tlog-witness#add-checkpoint
 *
 *   admit   note grammar 400 → origin 404 → log's signature 403 → checkpoint grammar 400 → old > size 400
 *   decide  old is not the known size 409 → empty tree 422 → proof from nothing 422 → same size 422 → proof 422
 *
 * The order is the rule: what `admit` refuses never reaches the state, what `decide` is given was read in the same
 * critical section that will write. In scope: verdicts. Out of scope: state, time, signing, and how a verdict is
 * answered. Pure; no state.
 */

import { equalBytes } from '../encoding/bytes.js';
import { isLogError } from '../errors.js';
import { EMPTY_ROOT } from '../merkle/hash.js';
import { isSubtree, verifySubtree } from '../merkle/subtree.js';
import { type CheckpointText, parseCheckpoint } from '../note/checkpoint.js';
import {
  type NoteVerifier,
  openSignedNote,
  parseSignedNote,
  type SignatureLine,
  type SignedNote,
} from '../note/signed-note.js';
import type { CheckpointSubmission, SubtreeSubmission } from '../note/submission.js';

/** A refusal; `reason` is for the client to read. */
export interface Refusal {
  readonly kind: 'refused';
  readonly status: 400 | 403 | 404 | 422;
  readonly reason: string;
}

/** The client proved from a size that is not that of the newest cosigned checkpoint. */
export interface Conflict {
  readonly kind: 'conflict';
  readonly knownSize: bigint;
}

/** A checkpoint that its log has signed. */
export interface AdmittedCheckpoint {
  readonly kind: 'admitted';
  readonly oldSize: bigint;
  readonly proof: readonly Uint8Array[];
  readonly checkpoint: CheckpointText;
  /** The text that was signed. */
  readonly text: string;
  /** The lines of the log's keys; they have verified. No other line is kept. */
  readonly logLines: readonly SignatureLine[];
}

/** What of the newest cosigned checkpoint counts. */
export interface KnownCheckpoint {
  readonly size: bigint;
  /** 32 bytes. */
  readonly root: Uint8Array;
}

/** Returns the verifiers of a log by its origin, undefined when it is not followed. */
export type VerifiersOf = (origin: string) => readonly NoteVerifier[] | undefined;

/** Returns the checkpoint when its log has signed it; the state is not asked. */
export function admit(
  { oldSize, proof, note }: CheckpointSubmission,
  verifiersOf: VerifiersOf,
): AdmittedCheckpoint | Refusal {
  const signed = readOr400(() => parseSignedNote(note));
  if ('kind' in signed) return signed;
  const { text } = signed;
  const verifiers = verifiersOf(originOf(text));
  if (verifiers === undefined) return refused(404, 'no log with this origin is followed here');
  const logLines = verifiedLines(signed, verifiers);
  if (logLines === undefined) {
    return refused(403, 'a signature of a key of the log is missing or does not verify');
  }
  const checkpoint = readOr400(() => parseCheckpoint(text));
  if ('kind' in checkpoint) return checkpoint;
  if (oldSize > checkpoint.size) return refused(400, 'the old size is larger than the checkpoint');
  return { kind: 'admitted', oldSize, proof, checkpoint, text, logLines };
}

/** Returns whether to cosign; `known` is undefined when nothing of this log was ever cosigned. */
export function decide(
  known: KnownCheckpoint | undefined,
  { oldSize, proof, checkpoint }: AdmittedCheckpoint,
): { readonly kind: 'cosign' } | Conflict | Refusal {
  const { size, root } = checkpoint;
  const knownSize = known?.size ?? 0n;
  if (oldSize !== knownSize) return { kind: 'conflict', knownSize };
  if (size === 0n && !equalBytes(root, EMPTY_ROOT)) {
    return refused(422, 'the root of an empty tree is another');
  }
  if (oldSize === 0n) {
    return proof.length === 0 ? COSIGN : refused(422, 'nothing is proved from an empty tree');
  }
  const knownRoot = known?.root ?? EMPTY_ROOT;
  if (oldSize === size) {
    if (!equalBytes(root, knownRoot)) return refused(422, 'another root was cosigned at this size');
    return proof.length === 0 ? COSIGN : refused(422, 'a tree of the same size needs no proof');
  }
  return isConsistent({ start: 0n, end: oldSize, size, hash: knownRoot, proof, root })
    ? COSIGN
    : refused(422, 'the consistency proof does not verify');
}

/** Whether one log signed both: two trees of one size that differ. That alone proves a split view. */
export function isSplitView(
  known: KnownCheckpoint | undefined,
  { size, root }: CheckpointText,
): boolean {
  return known !== undefined && known.size === size && !equalBytes(known.root, root);
}

/** A subtree that may be cosigned. */
export interface AdmittedSubtree {
  readonly kind: 'admitted';
  readonly origin: string;
  readonly start: bigint;
  readonly end: bigint;
  /** 32 bytes. */
  readonly hash: Uint8Array;
}

/** Returns the subtree when it is part of a checkpoint that one of `own` keys has cosigned. */
export function admitSubtree(
  { start, end, hash, proof, note }: SubtreeSubmission,
  isFollowed: (origin: string) => boolean,
  own: readonly NoteVerifier[],
): AdmittedSubtree | Refusal {
  const signed = readOr400(() => parseSignedNote(note));
  if ('kind' in signed) return signed;
  const checkpoint = readOr400(() => parseCheckpoint(signed.text));
  if ('kind' in checkpoint) return checkpoint;
  const { origin, size, root } = checkpoint;
  if (!isSubtree(start, end)) return refused(400, 'the leaves are not those of a subtree');
  if (end > size) return refused(400, 'the subtree ends behind the checkpoint');
  if (!isConsistent({ start, end, size, hash, proof, root })) {
    return refused(422, 'the proof of the subtree does not verify');
  }
  if (!isFollowed(origin)) return refused(404, 'no log with this origin is followed here');
  if (verifiedLines(signed, own) === undefined) {
    return refused(403, 'the checkpoint has no valid cosignature of this witness');
  }
  return { kind: 'admitted', origin, start, end, hash };
}

const COSIGN = { kind: 'cosign' } as const;

function refused(status: Refusal['status'], reason: string): Refusal {
  return { kind: 'refused', status, reason };
}

function originOf(text: string): string {
  return text.slice(0, text.indexOf('\n'));
}

function readOr400<T extends CheckpointText | SignedNote>(read: () => T): T | Refusal {
  try {
    return read();
  } catch (error) {
    if (isLogError(error, 'NOTE_MALFORMED')) return refused(400, error.message);
    throw error;
  }
}

function verifiedLines(
  signed: SignedNote,
  verifiers: readonly NoteVerifier[],
): readonly SignatureLine[] | undefined {
  try {
    return openSignedNote(signed, verifiers);
  } catch (error) {
    if (isLogError(error, 'NOTE_UNVERIFIED')) return undefined;
    throw error;
  }
}

function isConsistent(claim: Parameters<typeof verifySubtree>[0]): boolean {
  try {
    verifySubtree(claim);
    return true;
  } catch (error) {
    if (isLogError(error, 'PROOF_INVALID')) return false;
    throw error;
  }
}
