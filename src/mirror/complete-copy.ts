/**
 * What is said of a copy that is complete up to a checkpoint: the mirror's cosignature.
 *
 * Spec: https://c2sp.org/tlog-mirror. THE RULE: the mirror signs when every leaf below the size is on disk and hashes to the root,
 * and its line leaves when it is on disk too; never for a smaller or another tree than it has stated before. In scope: that order.
 * Out of scope: how the leaves came. State: whose turn it is.
 */

import { equalBytes, utf8 } from '../encoding/bytes.js';
import { LogError } from '../errors.js';
import { readCosignature } from '../note/cosignature.js';
import {
  isSameKey,
  MAX_NOTE_BYTES,
  MAX_NOTE_SIGNATURES,
  parseSignedNote,
  printSignatureLine,
  printSignedNote,
  type SignatureLine,
} from '../note/signed-note.js';
import type { VerifierKey } from '../note/verifier-key.js';
import type { CosignedSubtree } from '../signing/cosigner.js';
import type { SubmissionPause } from '../witness/witness.js';
import type { MirrorCheckpoint, MirroredLog } from './mirrored-log.js';

/** The mirror's key, or one of them. */
export interface MirrorCosigner {
  readonly key: VerifierKey;
  /** Returns its line under the text of a checkpoint. */
  cosign(noteText: string, timeSeconds: bigint): Promise<SignatureLine>;
  /** Returns its line for leaves of a log, without a time. */
  signSubtree(subtree: CosignedSubtree): Promise<SignatureLine>;
}

/** Who cosigns what is complete, and by which clock. */
export interface CompletionOptions {
  readonly copy: MirroredLog;
  /** None: the copy is served as the log signed it. */
  readonly cosigners: readonly MirrorCosigner[];
  /** Wall clock, seconds since 1970. */
  readonly nowSeconds: () => number;
  /** Where a test makes a statement wait: between signature and write, and between write and answer. */
  readonly pause?: SubmissionPause | undefined;
}

/** What of a note may be other people's, so that it can still be read with the mirror's lines: in bytes, and in lines. */
const MAX_PUBLISHED_BYTES = MAX_NOTE_BYTES - 16_384;
const MAX_PUBLISHED_LINES = MAX_NOTE_SIGNATURES - 8;

/** A checkpoint of a log whose leaves are on disk. */
export interface HeldCheckpoint {
  readonly size: number;
  readonly root: Uint8Array;
  /** The signed text. */
  readonly text: string;
  /** The note with the log's own lines. */
  readonly note: string;
  /** The note with the lines that it came with. */
  readonly published: string;
}

/** States checkpoints of one copy. */
export class CopyCompletion {
  readonly #options: CompletionOptions;
  #turn: Promise<unknown> = Promise.resolve();

  constructor(options: CompletionOptions) {
    this.#options = options;
  }

  /**
   * Cosigns a checkpoint whose leaves are all on disk and states it, on disk when it returns. One that was cosigned less than
   * `refreshSeconds` ago stays as it is. It is served with the lines that it came with, unless they are so many that no room is left
   * for the mirror's: then with the log's own. Returns the checkpoint that is stated then, which may be of a larger size. Throws
   * PROOF_INVALID for a checkpoint that the copy does not go with; what the copy and the signer throw.
   */
  complete(checkpoint: HeldCheckpoint, refreshSeconds: number): Promise<MirrorCheckpoint> {
    const done = this.#turn.then(() => this.#complete(checkpoint, refreshSeconds));
    this.#turn = done.catch(() => undefined);
    return done;
  }

  /** Returns the mirror's own lines of a note. */
  linesIn(note: string): readonly SignatureLine[] {
    const { cosigners } = this.#options;
    return parseSignedNote(note).signatures.filter((line) =>
      cosigners.some(({ key }) => isSameKey(key, line)),
    );
  }

  async #complete(checkpoint: HeldCheckpoint, refreshSeconds: number): Promise<MirrorCheckpoint> {
    const { size, root, text } = checkpoint;
    const { copy, cosigners, nowSeconds } = this.#options;
    const { stated } = copy;
    if (stated !== undefined && stated.size > size) return stated;
    if (size > copy.size || !equalBytes(await copy.rootAt(size), root)) {
      throw new LogError('PROOF_INVALID', `the copy does not go with the checkpoint of ${size}`);
    }
    const times = stated === undefined ? [] : this.linesIn(stated.note).map(secondsOf);
    // A clock that was set back must not make a newer tree look older.
    const now = Math.max(1, nowSeconds(), ...times);
    const isFresh =
      times.length === cosigners.length && times.every((time) => now - time < refreshSeconds);
    if (stated?.size === size && isFresh) return stated;
    const lines: SignatureLine[] = [];
    for (const cosigner of cosigners) lines.push(await cosigner.cosign(text, BigInt(now)));
    const note = this.#servedNote(checkpoint) + lines.map(printSignatureLine).join('');
    await this.#options.pause?.('decided');
    const kept = await copy.state({ size, root, note });
    await this.#options.pause?.('persisted');
    return kept;
  }

  /** Without lines of this mirror's, which others may have brought along. */
  #servedNote({ text, note, published }: HeldCheckpoint): string {
    const { cosigners } = this.#options;
    const signatures = parseSignedNote(published).signatures.filter(
      (line) => !cosigners.some(({ key }) => isSameKey(key, line)),
    );
    const served = printSignedNote({ text, signatures });
    const isLong =
      utf8(served).length > MAX_PUBLISHED_BYTES || signatures.length > MAX_PUBLISHED_LINES;
    return isLong ? note : served;
  }
}

function secondsOf({ signature }: SignatureLine): number {
  return Number(readCosignature(signature)?.timeSeconds ?? 0n);
}
