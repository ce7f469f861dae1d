/**
 * What is said of a copy that is complete up to a checkpoint: the mirror's cosignature.
 *
 * Spec: https://c2sp.org/tlog-mirror. THE RULE: the mirror signs when every leaf below the size is on disk and hashes to the root,
 * and its line leaves when it is on disk too. In scope: that order. Out of scope: how the leaves came. State: the last time that
 * was signed; times never go back.
 */

import type { LogCheckpoint } from '../client/followed-log.js';
import { equalBytes, utf8 } from '../encoding/bytes.js';
import { LogError } from '../errors.js';
import {
  MAX_NOTE_BYTES,
  MAX_NOTE_SIGNATURES,
  parseSignedNote,
  printSignatureLine,
  type SignatureLine,
} from '../note/signed-note.js';
import type { VerifierKey } from '../note/verifier-key.js';
import type { MirrorCheckpoint, MirroredLog } from './mirrored-log.js';

/** The mirror's key, or one of them. */
export interface MirrorCosigner {
  readonly key: VerifierKey;
  /** Returns its line under the text of a checkpoint. */
  cosign(noteText: string, timeSeconds: bigint): Promise<SignatureLine>;
}

/** Who cosigns what is complete, and by which clock. */
export interface CompletionOptions {
  readonly copy: MirroredLog;
  /** None: the copy is served as the log signed it. */
  readonly cosigners: readonly MirrorCosigner[];
  /** Wall clock, seconds since 1970. */
  readonly nowSeconds: () => number;
}

/** What of a note may be other people's, so that it can still be read with the mirror's lines: in bytes, and in lines. */
const MAX_PUBLISHED_BYTES = MAX_NOTE_BYTES - 16_384;
const MAX_PUBLISHED_LINES = MAX_NOTE_SIGNATURES - 8;

/** Makes checkpoints those of the copy. */
export class CopyCompletion {
  readonly #options: CompletionOptions;
  #lastSeconds = 1;

  constructor(options: CompletionOptions) {
    this.#options = options;
  }

  /**
   * Cosigns a checkpoint whose leaves are all on disk and keeps it, on disk when it returns. It is served with the lines that it
   * came with, unless they are so many that no room is left for the mirror's: then with the log's own. Returns the checkpoint of the copy then, which may be of a larger size. Throws PROOF_INVALID for
   * a checkpoint that the copy does not go with; what the store and the signer throw.
   */
  async complete(checkpoint: LogCheckpoint): Promise<MirrorCheckpoint> {
    const { size, root, text } = checkpoint;
    const { copy, cosigners } = this.#options;
    const kept = copy.checkpoint;
    if (kept !== undefined && kept.size > size) return kept;
    if (size > copy.size || !equalBytes(await copy.rootAt(size), root)) {
      throw new LogError('PROOF_INVALID', `the copy does not go with the checkpoint of ${size}`);
    }
    const signed = kept?.size === size ? this.linesIn(kept.note) : [];
    const lines: SignatureLine[] = [];
    for (const cosigner of cosigners) {
      if (signed.some((line) => isOf(cosigner.key, line))) continue;
      lines.push(await cosigner.cosign(text, this.#now()));
    }
    if (kept?.size === size && lines.length === 0) return kept;
    return copy.keep({
      size,
      root,
      note: servedNote(checkpoint) + lines.map(printSignatureLine).join(''),
    });
  }

  /** Returns the mirror's own lines of a note. */
  linesIn(note: string): readonly SignatureLine[] {
    const { cosigners } = this.#options;
    return parseSignedNote(note).signatures.filter((line) =>
      cosigners.some(({ key }) => isOf(key, line)),
    );
  }

  #now(): bigint {
    this.#lastSeconds = Math.max(this.#lastSeconds, this.#options.nowSeconds());
    return BigInt(this.#lastSeconds);
  }
}

function servedNote({ note, published }: LogCheckpoint): string {
  const lines = parseSignedNote(published).signatures.length;
  const isLong = utf8(published).length > MAX_PUBLISHED_BYTES || lines > MAX_PUBLISHED_LINES;
  return isLong ? note : published;
}

function isOf(key: VerifierKey, line: SignatureLine): boolean {
  return line.name === key.name && equalBytes(line.keyID, key.keyID);
}
