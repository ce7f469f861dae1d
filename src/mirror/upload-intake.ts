/**
 * THE DOOR OF AN UPLOADED COPY: add-checkpoint and add-entries for one log.
 *
 * Spec: https://c2sp.org/tlog-mirror; add-checkpoint is judged as a witness does (witness/decide.ts). Every package is proven to
 * belong to a checkpoint that was pending, each of which begins with the one before; so whatever uploads run at the same time, the
 * copy is one history. In scope: deciding. Out of scope: HTTP (upload-routes.ts), bytes (upload-body.ts), the signature
 * (complete-copy.ts). State: that of the copy and of the pending checkpoints.
 */

import { equalBytes, utf8 } from '../encoding/bytes.js';
import { isLogError } from '../errors.js';
import { leafHash } from '../merkle/hash.js';
import { verifySubtree } from '../merkle/subtree.js';
import { MAX_COSIGNED_NAME_BYTES } from '../note/cosignature.js';
import { type NoteVerifier, printSignatureLine, printSignedNote } from '../note/signed-note.js';
import type { CheckpointSubmission } from '../note/submission.js';
import { type AdmittedCheckpoint, admit, decide } from '../witness/decide.js';
import type { CopyCompletion } from './complete-copy.js';
import type { MirroredLog } from './mirrored-log.js';
import {
  type PendingCheckpoint,
  type PendingCheckpoints,
  pendingOf,
} from './pending-checkpoints.js';
import type { EntryPackage, UploadHeader } from './upload-body.js';

/** Where an uploader should go on: the body of 202 and 409. */
export interface UploadInfo {
  /** Size of a pending checkpoint. */
  readonly pendingSize: bigint;
  readonly nextEntry: number;
  readonly ticket: Uint8Array;
}

/** What a request comes to. */
export type UploadVerdict =
  | { readonly status: 200; readonly lines: string }
  | { readonly status: 202 | 409; readonly info: UploadInfo }
  | { readonly status: 400 | 422; readonly reason: string };

/** What a submitted checkpoint comes to; of 409 the size that is pending. */
export type SubmissionVerdict = (
  | { readonly status: 200 }
  | { readonly status: 409; readonly size: bigint }
  | { readonly status: 400 | 403 | 404 | 422; readonly reason: string }
) & {
  /** Notes of the log that cannot both be true. */
  readonly contradiction?: readonly string[] | undefined;
};

/** Where the packages of a body come from: those of the entries [start, end) that are there as a whole, in order. */
export type PackagesOf = (start: number, end: bigint) => AsyncIterable<EntryPackage>;

/** What the door leads to. */
export interface IntakeOptions {
  readonly copy: MirroredLog;
  readonly pending: PendingCheckpoints;
  readonly completion: CopyCompletion;
  /** Keys of the log. */
  readonly verifiers: readonly NoteVerifier[];
}

/** Entries that are sent although they are there: what 32 packages hold, since two uploaders may be at the same. */
const MAX_EXCESS = 32 * 256;
/** A cosignature is made anew once in so many seconds, for who asks. */
const REFRESH_SECONDS = 1;

/** The uploads of one log. */
export class UploadIntake {
  readonly #options: IntakeOptions;
  #turn: Promise<unknown> = Promise.resolve();

  constructor(options: IntakeOptions) {
    this.#options = options;
  }

  /** Size of the pending checkpoint, undefined before the first. */
  get pendingSize(): bigint | undefined {
    return this.#options.pending.newest?.size;
  }

  /** Makes a checkpoint the pending one. Throws what the store throws; then nothing is known to have changed. */
  async addCheckpoint(submission: CheckpointSubmission): Promise<SubmissionVerdict> {
    const { copy, verifiers } = this.#options;
    const admitted = admit(submission, (origin) =>
      origin === copy.origin ? verifiers : undefined,
    );
    if (admitted.kind === 'refused') return admitted;
    const decided = this.#turn.then(() => this.#advance(admitted));
    this.#turn = decided.catch(() => undefined);
    return decided;
  }

  /** Takes in the packages of a body. Throws what the store and the signer throw: what was stored until then stays. */
  async addEntries(header: UploadHeader, packagesOf: PackagesOf): Promise<UploadVerdict> {
    const { copy, pending } = this.#options;
    const newest = pending.newest;
    if (newest === undefined) return { status: 422, reason: 'no checkpoint is pending' };
    const { end } = header;
    if (header.start > end) return { status: 400, reason: 'the upload ends before it starts' };
    const known = this.#known(header);
    if (known === undefined) return this.#info(409, newest);
    const next = BigInt(copy.size);
    if (header.start > next) return this.#info(409, known);
    if ((end < next ? end : next) - header.start > MAX_EXCESS) return this.#info(409, known);
    const start = Number(header.start);
    let stored = 0;
    try {
      for await (const each of packagesOf(start, end)) {
        const hashes = each.entries.map(leafHash);
        await this.#check(each, hashes, known);
        await copy.add(each.start, each.entries, hashes);
        stored += 1;
      }
    } catch (error) {
      if (isLogError(error, 'PROOF_INVALID')) return { status: 422, reason: error.message };
      throw error;
    }
    if (stored === 0 && header.start < end) {
      return { status: 400, reason: 'no package is complete' };
    }
    if (BigInt(copy.size) < end) return this.#info(202, known);
    return this.#complete(known);
  }

  /** The critical section: one submission of a log after the other. */
  async #advance(admitted: AdmittedCheckpoint): Promise<SubmissionVerdict> {
    const { pending } = this.#options;
    const before = pending.newest;
    const verdict = decide(before, admitted);
    if (verdict.kind !== 'cosign') {
      const contradiction = await this.#contradiction(admitted);
      if (verdict.kind === 'refused') return { ...verdict, contradiction };
      return { status: 409, size: verdict.knownSize, contradiction };
    }
    if (!isCosignable(admitted)) return UNSIGNABLE;
    const { checkpoint, text, logLines } = admitted;
    if (before?.size !== checkpoint.size) await pending.add(pendingOf(text, logLines));
    return { status: 200 };
  }

  /** Of a checkpoint with another root than is known for its size, pending or of leaves that are there. */
  async #contradiction({
    checkpoint: { size, root },
    text,
    logLines,
  }: AdmittedCheckpoint): Promise<readonly string[] | undefined> {
    const { copy, pending } = this.#options;
    const { newest } = pending;
    if (newest === undefined) return undefined;
    let known = newest.size === size ? newest.root : undefined;
    if (size <= BigInt(copy.size)) known = await copy.rootAt(Number(size));
    if (known === undefined || equalBytes(known, root)) return undefined;
    return [newest.note, printSignedNote({ text, signatures: logLines })];
  }

  /** Returns the checkpoint that the upload leads to, undefined when there is none any more. */
  #known({ end, ticket }: UploadHeader): PendingCheckpoint | undefined {
    const { copy, pending } = this.#options;
    const { stated } = copy;
    const least = BigInt(stated?.size ?? 0);
    if (end < least) return undefined;
    const known = pending.ofSize(end, ticket);
    return known ?? (stated !== undefined && end === least ? pending.opened(stated.note) : known);
  }

  async #check(
    { alignedStart, start, entries, proof }: EntryPackage,
    hashes: readonly Uint8Array[],
    { size, root }: PendingCheckpoint,
  ): Promise<void> {
    const hash = await this.#options.copy.subtreeHash(alignedStart, start, hashes);
    const end = BigInt(start + entries.length);
    verifySubtree({ start: BigInt(alignedStart), end, size, hash, proof, root });
  }

  async #complete(known: PendingCheckpoint): Promise<UploadVerdict> {
    const { completion, pending } = this.#options;
    const held = { ...known, size: Number(known.size), published: known.note };
    const { size, note } = await completion.complete(held, REFRESH_SECONDS);
    // Another upload was faster and went further.
    if (size > held.size) return this.#info(409, pending.newest ?? known);
    const lines = completion.linesIn(note).map(printSignatureLine).join('');
    return { status: 200, lines };
  }

  /** A client goes on from the next entry to the size: where the copy is past what it asked for, that is the newest. */
  #info(status: 202 | 409, known: PendingCheckpoint): UploadVerdict {
    const { copy, pending } = this.#options;
    const nextEntry = copy.size;
    const shown = BigInt(nextEntry) > known.size ? (pending.newest ?? known) : known;
    const ticket = pending.ticketOf(shown);
    return { status, info: { pendingSize: shown.size, nextEntry, ticket } };
  }
}

const UNSIGNABLE: SubmissionVerdict = {
  status: 400,
  reason: 'the mirror cannot sign a checkpoint with extension lines, or of so long an origin',
};

/** An ML-DSA-44 cosignature signs neither extension lines nor a long origin: it must not stand under such a text. */
function isCosignable({ checkpoint: { origin, extensions } }: AdmittedCheckpoint): boolean {
  return extensions.length === 0 && utf8(origin).length <= MAX_COSIGNED_NAME_BYTES;
}

/** True when a copy that is uploaded to goes with its pending checkpoint: its leaves were proven against none else. */
export function isWithinPending(copy: MirroredLog, pending: PendingCheckpoints): boolean {
  return BigInt(copy.size) <= (pending.newest?.size ?? 0n);
}
