/**
 * A log that is followed: whose checkpoints are believed, and under which origin.
 *
 * Spec: https://c2sp.org/tlog-checkpoint. In scope: the log's key as people write it down, opening a checkpoint.
 * Out of scope: fetching (remote-log.ts), cryptography (a verifier is passed in). Pure.
 */

import { equalBytes } from '../encoding/bytes.js';
import { fromHex } from '../encoding/hex.js';
import { decodePem } from '../encoding/pem.js';
import { isLogError, LogError } from '../errors.js';
import { type CheckpointText, parseCheckpoint } from '../note/checkpoint.js';
import {
  firstOfEachKey,
  type NoteVerifier,
  openSignedNote,
  parseSignedNote,
  printSignedNote,
} from '../note/signed-note.js';
import {
  parseVerifierKey,
  SIGNATURE_TYPE,
  type VerifierKey,
  verifierKeyOf,
} from '../note/verifier-key.js';

/** A checkpoint that the log has signed. */
export interface LogCheckpoint {
  /** A safe integer. */
  readonly size: number;
  readonly root: Uint8Array;
  /** The signed text. */
  readonly text: string;
  /** The note with one line of each key of the log's, and no other. */
  readonly note: string;
  /** The note as it came, other people's lines included. */
  readonly published: string;
  /** Whether it has lines after the root. */
  readonly isExtended: boolean;
}

/** DER of an Ed25519 SubjectPublicKeyInfo up to the 32 bytes of the key. */
const ED25519_PREFIX = fromHex('302a300506032b6570032100');

/**
 * Returns the key of a log from a verifier key, or from a PEM `PUBLIC KEY` (Ed25519, else taken for ECDSA) of the log with
 * this origin: its lines carry the origin as name, in Rekor v1 without ` - ` and the tree ID. Throws KEY_MALFORMED.
 */
export function logKeyOf(text: string, origin: string | undefined): VerifierKey {
  try {
    if (!/^\s*-----BEGIN/.test(text)) return parseVerifierKey(text.trim());
    const block = decodePem(text);
    if (block?.label !== 'PUBLIC KEY') {
      throw new LogError('KEY_MALFORMED', "the log's key must be a PEM block PUBLIC KEY");
    }
    if (origin === undefined) {
      throw new LogError('KEY_MALFORMED', 'a PEM key says nothing about the origin');
    }
    return namedKey(origin.replace(/ - \d{1,20}$/, ''), block.der);
  } catch (cause) {
    if (!isLogError(cause, 'NOTE_MALFORMED')) throw cause;
    const reason = `the log's key is neither PEM nor a verifier key: ${cause.message}`;
    throw new LogError('KEY_MALFORMED', reason, { cause });
  }
}

/**
 * Returns a checkpoint that this log has signed; an empty tree may have a root that it cannot have. Throws NOTE_MALFORMED;
 * NOTE_UNVERIFIED for another origin, a line of a known key that does not verify, or none.
 */
export function openLogCheckpoint(
  note: string | Uint8Array,
  origin: string,
  verifiers: readonly NoteVerifier[],
): LogCheckpoint {
  const parsed = parseSignedNote(note);
  const signatures = firstOfEachKey(openSignedNote(parsed, verifiers));
  const checkpoint = parseCheckpoint(parsed.text);
  if (checkpoint.origin !== origin) {
    throw new LogError('NOTE_UNVERIFIED', `the checkpoint has the origin ${checkpoint.origin}`);
  }
  const { text } = parsed;
  const own = printSignedNote({ text, signatures });
  const published = printSignedNote(parsed);
  const isExtended = checkpoint.extensions.length > 0;
  return { ...sizeAndRoot(checkpoint), text, note: own, published, isExtended };
}

function sizeAndRoot({ size, root }: CheckpointText): { size: number; root: Uint8Array } {
  if (size > BigInt(Number.MAX_SAFE_INTEGER)) {
    throw new LogError('NOTE_MALFORMED', `a tree of ${size} leaves is too large to be followed`);
  }
  return { size: Number(size), root };
}

function namedKey(name: string, der: Uint8Array): VerifierKey {
  const isEd25519 =
    der.length === ED25519_PREFIX.length + 32 &&
    equalBytes(der.subarray(0, ED25519_PREFIX.length), ED25519_PREFIX);
  return isEd25519
    ? verifierKeyOf({
        name,
        type: SIGNATURE_TYPE.ed25519,
        publicKey: der.subarray(ED25519_PREFIX.length),
      })
    : verifierKeyOf({ name, type: SIGNATURE_TYPE.ecdsa, publicKey: der });
}
