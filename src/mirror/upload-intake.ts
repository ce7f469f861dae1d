/**
 * THE DOOR OF AN UPLOADED COPY: add-checkpoint and add-entries for one log.
 *
 * Spec: https://c2sp.org/tlog-mirror and, for the decision table of add-checkpoint, https://c2sp.org/tlog-witness. Every package is
 * proven to belong to a checkpoint that was pending, each of which begins with the one before; so whatever uploads run at the same
 * time, the copy is one history. In scope: deciding. Out of scope: HTTP (upload-routes.ts), bytes (upload-body.ts), the signature
 * (complete-copy.ts). State: that of the copy and of the pending checkpoints.
 */

import type { LogCheckpoint } from '../client/followed-log.js';
import { isLogError } from '../errors.js';
import { EMPTY_ROOT, leafHash } from '../merkle/hash.js';
import { verifySubtree } from '../merkle/subtree.js';
import { verifyConsistency } from '../merkle/verify.js';
import { printSignatureLine } from '../note/signed-note.js';
import type { CheckpointSubmission } from '../note/submission.js';
import type { OpenCheckpoint } from './belief.js';
import type { CopyCompletion } from './complete-copy.js';
import type { MirroredLog } from './mirrored-log.js';
import type { PendingCheckpoints } from './pending-checkpoints.js';
import { type EntryPackage, readPackages, type UploadHeader } from './upload-body.js';

/** Where an uploader should go on: the body of 202 and 409. */
export interface UploadInfo {
  /** Size of a pending checkpoint. */
  readonly pendingSize: number;
  readonly nextEntry: number;
  readonly ticket: Uint8Array;
}

/** What a request comes to. */
export type UploadVerdict =
  | { readonly status: 200; readonly lines: string }
  | { readonly status: 202 | 409; readonly info: UploadInfo }
  | { readonly status: 400 | 422; readonly reason: string };

/** What a submitted checkpoint comes to; of 409 the size that is pending. */
export type SubmissionVerdict =
  | { readonly status: 200 }
  | { readonly status: 409; readonly size: number }
  | { readonly status: 400 | 403 | 422; readonly reason: string };

/** What the door leads to. */
export interface IntakeOptions {
  readonly copy: MirroredLog;
  readonly pending: PendingCheckpoints;
  readonly completion: CopyCompletion;
  readonly open: OpenCheckpoint;
  /** True: checkpoints with lines after the root are refused, since ML-DSA-44 does not sign those. */
  readonly refusesExtensions: boolean;
}

/** Entries that are sent although they are there: what 32 packages hold, since two uploaders may be at the same. */
const MAX_EXCESS = 32 * 256;

/** The uploads of one log. */
export class UploadIntake {
  readonly #options: IntakeOptions;
  #turn: Promise<unknown> = Promise.resolve();

  constructor(options: IntakeOptions) {
    this.#options = options;
  }

  /** Makes a checkpoint the pending one. Throws what the store throws; then nothing is known to have changed. */
  addCheckpoint({ oldSize, proof, note }: CheckpointSubmission): Promise<SubmissionVerdict> {
    const opened = this.#opened(note);
    if ('status' in opened) return Promise.resolve(opened);
    if (oldSize > BigInt(opened.size)) {
      return Promise.resolve({
        status: 400,
        reason: 'the old size is above that of the checkpoint',
      });
    }
    const decided = this.#turn.then(() => this.#advance(opened, Number(oldSize), proof));
    this.#turn = decided.catch(() => undefined);
    return decided;
  }

  /** Takes in the packages of a body. Throws what the store and the signer throw: what was stored until then stays. */
  async addEntries(header: UploadHeader, body: Uint8Array): Promise<UploadVerdict> {
    const { copy, pending } = this.#options;
    const newest = pending.newest;
    if (newest === undefined) return { status: 422, reason: 'no checkpoint is pending' };
    if (header.start > header.end)
      return { status: 400, reason: 'the upload ends before it starts' };
    const known = this.#known(header);
    if (known === undefined) return this.#info(409, newest);
    // A start above a safe integer is above the end, too.
    const [start, end] = [Number(header.start), known.size];
    const next = copy.size;
    if (start > next) return this.#info(409, known);
    if (Math.min(end, next) - start > MAX_EXCESS) return this.#info(409, known);
    let stored = 0;
    try {
      for (const each of readPackages(body, header.packagesAt, start, end)) {
        await this.#check(each, known);
        await copy.add(each.start, each.entries);
        stored += 1;
      }
    } catch (error) {
      if (isLogError(error, 'PROOF_INVALID')) return { status: 422, reason: error.message };
      throw error;
    }
    if (stored === 0 && start < end) return { status: 400, reason: 'no package is complete' };
    if (copy.size < end) return this.#info(202, known);
    return this.#complete(known);
  }

  #opened(note: Uint8Array): LogCheckpoint | Exclude<SubmissionVerdict, { status: 200 | 409 }> {
    try {
      const checkpoint = this.#options.open(note);
      if (!checkpoint.isExtended || !this.#options.refusesExtensions) return checkpoint;
      return { status: 400, reason: 'the mirror signs no checkpoint with lines after the root' };
    } catch (error) {
      if (isLogError(error, 'NOTE_MALFORMED')) return { status: 400, reason: error.message };
      if (isLogError(error, 'NOTE_UNVERIFIED')) return { status: 403, reason: error.message };
      throw error;
    }
  }

  /** The critical section: one submission of a log after the other. */
  async #advance(
    checkpoint: LogCheckpoint,
    oldSize: number,
    proof: readonly Uint8Array[],
  ): Promise<SubmissionVerdict> {
    const { pending } = this.#options;
    const before = pending.newest ?? { size: 0, root: EMPTY_ROOT };
    if (oldSize !== before.size) return { status: 409, size: before.size };
    try {
      verifyConsistency({
        first: before.size,
        last: checkpoint.size,
        firstRoot: before.root,
        lastRoot: checkpoint.root,
        proof,
      });
    } catch (error) {
      if (isLogError(error, 'PROOF_INVALID')) return { status: 422, reason: error.message };
      throw error;
    }
    const isKnown = pending.newest !== undefined && before.size === checkpoint.size;
    if (!isKnown) await pending.add(checkpoint);
    return { status: 200 };
  }

  /** Returns the checkpoint that the upload leads to, undefined when there is none any more. */
  #known({ end, ticket }: UploadHeader): LogCheckpoint | undefined {
    const { copy, pending, open } = this.#options;
    const kept = copy.checkpoint;
    if (end > BigInt(Number.MAX_SAFE_INTEGER) || end < BigInt(kept?.size ?? 0)) return undefined;
    const size = Number(end);
    const known = pending.ofSize(size, ticket);
    if (known !== undefined || kept?.size !== size) return known;
    return open(kept.note);
  }

  async #check(each: EntryPackage, { size, root }: LogCheckpoint): Promise<void> {
    const { alignedStart, start, entries, proof } = each;
    const hashes = entries.map(leafHash);
    const hash = await this.#options.copy.subtreeHash(alignedStart, start, hashes);
    verifySubtree({
      start: BigInt(alignedStart),
      end: BigInt(start + entries.length),
      size: BigInt(size),
      hash,
      proof,
      root,
    });
  }

  async #complete(known: LogCheckpoint): Promise<UploadVerdict> {
    const { completion, pending } = this.#options;
    const { size, note } = await completion.complete({ ...known, published: known.note });
    // Another upload was faster and went further.
    if (size > known.size) return this.#info(409, pending.newest ?? known);
    const lines = completion.linesIn(note).map(printSignatureLine).join('');
    return { status: 200, lines };
  }

  /** A client goes on from the next entry to the size: where the copy is past what it asked for, that is the newest. */
  #info(status: 202 | 409, known: LogCheckpoint): UploadVerdict {
    const { copy, pending } = this.#options;
    const nextEntry = copy.size;
    const shown = nextEntry > known.size ? (pending.newest ?? known) : known;
    const ticket = pending.ticketOf(shown);
    return { status, info: { pendingSize: shown.size, nextEntry, ticket } };
  }
}

/** True when a copy that is uploaded to goes with its pending checkpoint: its leaves were proven against none else. */
export function isWithinPending(copy: MirroredLog, pending: PendingCheckpoints): boolean {
  return copy.size <= (pending.newest?.size ?? 0);
}
