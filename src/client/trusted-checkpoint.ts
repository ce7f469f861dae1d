/**
 * Checkpoints held against the logs that are trusted: who may have signed under which name.
 *
 * Spec: https://c2sp.org/tlog-checkpoint. The name on the signature line is the origin, or in the v1 API the origin
 * without its tree ID. In scope: origin, name, signature; lines of unknown keys, such as those of witnesses, are passed
 * over, wherever they stand. Out of scope: whether the tree holds an entry (verify-entry.ts). Pure.
 */

import { equalBytes } from '../encoding/bytes.js';
import { LogError } from '../errors.js';
import { parseCheckpoint } from '../note/checkpoint.js';
import {
  KEY_ID_BYTES,
  type NoteVerifier,
  openSignedNote,
  parseSignedNote,
} from '../note/signed-note.js';
import { isNameOf, logIDsOf, type TrustedLog } from './trusted-log.js';

/** Returns whether a signature of a log key verifies; throws when the key cannot be read. */
export type VerifyLogSignature = (
  publicKeyDer: Uint8Array,
  message: Uint8Array,
  signature: Uint8Array,
) => boolean;

/** What a checkpoint says; nothing in it is verified. */
export interface ReadCheckpoint {
  readonly origin: string;
  /** The name that its log's signature lines carry. */
  readonly name: string;
  /** Undefined unless the origin ends in one, as in the v1 API. */
  readonly treeID: bigint | undefined;
  readonly size: bigint;
  /** 32 bytes. */
  readonly root: Uint8Array;
}

/** Returns what a signed checkpoint says. Throws NOTE_MALFORMED. */
export function readCheckpoint(note: string): ReadCheckpoint {
  const { origin, size, root } = parseCheckpoint(parseSignedNote(note).text);
  const [, name, treeID] = /^(.*) - (\d{1,20})$/.exec(origin) ?? [];
  return {
    origin,
    name: name ?? origin,
    treeID: treeID === undefined ? undefined : BigInt(treeID),
    size,
    root,
  };
}

/**
 * Returns what a checkpoint says that one of these logs has signed. Throws NOTE_MALFORMED, and NOTE_UNVERIFIED when its
 * origin is of none of them, a line of theirs does not verify, or none of theirs is there.
 */
export function openTrustedCheckpoint(
  note: string,
  logs: readonly TrustedLog[],
  verifySignature: VerifyLogSignature,
): ReadCheckpoint {
  const checkpoint = readCheckpoint(note);
  const { name, origin } = checkpoint;
  const named = logs.filter((log) => isNameOf(name, log));
  if (named.length === 0) {
    throw new LogError('NOTE_UNVERIFIED', `its origin ${origin} is not of the trusted host`);
  }
  openSignedNote(parseSignedNote(note), verifiersOf(name, named, verifySignature));
  return checkpoint;
}

/** A log's lines carry the start of one of its IDs: of that of its v1 API, or of that of signed notes. */
function verifiersOf(
  name: string,
  logs: readonly TrustedLog[],
  verifySignature: VerifyLogSignature,
): readonly NoteVerifier[] {
  const found: (NoteVerifier & { readonly key: Uint8Array })[] = [];
  for (const log of logs) {
    const key = log.publicKeyDer;
    for (const id of logIDsOf(log, name)) {
      const keyID = id.subarray(0, KEY_ID_BYTES);
      const isThere = found.some(
        (other) => equalBytes(other.keyID, keyID) && equalBytes(other.key, key),
      );
      const verify = (text: Uint8Array, signature: Uint8Array) =>
        verifySignature(key, text, signature);
      if (!isThere) found.push({ name, keyID, key, verify });
    }
  }
  return found;
}
