/**
 * The text of a checkpoint: what a log signs about its tree. https://c2sp.org/tlog-checkpoint
 *
 * In scope: the text of the note, strictly both ways. Out of scope: signatures (signed-note.ts), and whether
 * the root belongs to the size: an empty tree with another root is well-formed, and a lie.
 */

import { fromBase64, toBase64 } from '../encoding/base64.js';
import { LogError } from '../errors.js';
import { HASH_SIZE } from '../merkle/hash.js';
import { asNoteError, checkNoteText } from './signed-note.js';

/** The lines of a checkpoint. */
export interface CheckpointText {
  /** First line: not empty, opaque; Rekor's has spaces in it. */
  readonly origin: string;
  /** Number of leaves, below 2^63: the wire is 64-bit, other logs may be larger than a safe integer. */
  readonly size: bigint;
  /** 32 bytes. */
  readonly root: Uint8Array;
  /** Lines after the root, without newlines; none of them empty. */
  readonly extensions: readonly string[];
}

const SIZE_BOUND = 2n ** 63n;
const DECIMAL = /^(?:0|[1-9][0-9]{0,18})$/;

/** Returns the checkpoint; printCheckpoint gives the text back. Throws NOTE_MALFORMED. */
export function parseCheckpoint(text: string): CheckpointText {
  checkNoteText(text);
  const [origin, sizeText, rootText, ...extensions] = text.slice(0, -1).split('\n');
  if (sizeText === undefined || rootText === undefined) {
    throw new LogError('NOTE_MALFORMED', 'a checkpoint has less than three lines');
  }
  if (!DECIMAL.test(sizeText)) {
    throw new LogError('NOTE_MALFORMED', 'the tree size of a checkpoint is not a decimal number');
  }
  const root = asNoteError('the root hash of a checkpoint is not strict base64', () =>
    fromBase64(rootText),
  );
  const checkpoint = { origin: origin ?? '', size: BigInt(sizeText), root, extensions };
  checkCheckpoint(checkpoint);
  return checkpoint;
}

/** Returns the text, final newline included. Throws NOTE_MALFORMED when it would not parse. */
export function printCheckpoint(checkpoint: CheckpointText): string {
  checkCheckpoint(checkpoint);
  const { origin, size, root, extensions } = checkpoint;
  const text = `${[origin, size, toBase64(root), ...extensions].join('\n')}\n`;
  checkNoteText(text);
  return text;
}

function checkCheckpoint({ origin, size, root, extensions }: CheckpointText): void {
  if (origin === '' || origin.includes('\n')) {
    throw new LogError('NOTE_MALFORMED', 'the origin of a checkpoint is not one line');
  }
  if (size < 0n || size >= SIZE_BOUND) {
    throw new LogError('NOTE_MALFORMED', `the tree size ${size} is not below 2^63`);
  }
  if (root.length !== HASH_SIZE) {
    throw new LogError('NOTE_MALFORMED', `a root hash of ${root.length} bytes`);
  }
  for (const line of extensions) {
    if (line === '' || line.includes('\n')) {
      throw new LogError('NOTE_MALFORMED', 'an extension line of a checkpoint is not one line');
    }
  }
}
