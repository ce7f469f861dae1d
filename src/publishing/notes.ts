/**
 * The signed notes of a log: one text for each head, signed at first need and then served unchanged.
 *
 * Spec: https://c2sp.org/signed-note; ARCHITECTURE.md, "The commit", late rows. In scope: text, signature lines,
 * signing each size at most once, taking up the stored note after a restart. Out of scope: which head is current
 * (sequencing/), cosignatures. `Notes` owns the newest note of its kind.
 */

import { utf8 } from '../encoding/bytes.js';
import { fromHex } from '../encoding/hex.js';
import { isLogError, LogError } from '../errors.js';
import { printCheckpoint } from '../note/checkpoint.js';
import {
  isSameKey,
  KEY_ID_BYTES,
  parseSignedNote,
  printSignedNote,
  type SignedNote,
} from '../note/signed-note.js';
import { ecdsaKeyID, ed25519LogID, rsaLogID } from '../note/verifier-key.js';
import { type Signer, verifyWithKey } from '../signing/signer.js';
import type { Head, LogStore, NoteKind, StoredNote } from '../storage/log-store.js';
import type { LateRowWriter } from './late-rows.js';

/** A key under the name on its signature line. */
export interface NoteSigner {
  readonly name: string;
  /** 4 bytes. */
  readonly keyID: Uint8Array;
  readonly signer: Signer;
}

/** A head and the note that speaks for it. */
export interface SignedHead {
  readonly size: number;
  readonly root: Uint8Array;
  readonly note: string;
}

/** What the notes of one kind are made from. */
export interface NotesOptions {
  readonly log: Pick<LogStore, 'newestNote'>;
  readonly late: LateRowWriter;
  readonly kind: NoteKind;
  /** First line of the text. */
  readonly origin: string;
  /** In the order of the signature lines. */
  readonly signers: readonly NoteSigner[];
  /** The committed head at the start. */
  readonly head: Head;
  /** Returns the root of the stored tree at a committed size. */
  rootAtSize(size: number): Promise<Uint8Array>;
}

/**
 * Returns the line of the log's key in Rekor's notes: whatever the algorithm, its key ID is the start of the log
 * ID, where clients look for it.
 */
export function rekorNoteSigner(name: string, signer: Signer): NoteSigner {
  return { name, keyID: ecdsaKeyID(signer.publicKeyDer), signer };
}

/** Returns the line of a key on the tile side: its key ID is the start of the log ID that Rekor v2 gives the key. */
export function tileNoteSigner(name: string, signer: Signer): NoteSigner {
  return { name, keyID: tileLogID(name, signer).slice(0, KEY_ID_BYTES), signer };
}

/** Returns the log ID of a key as Rekor v2's clients know it, 32 bytes; of an ECDSA key it is that of v1. */
export function tileLogID(name: string, { algorithm, publicKeyDer, keyID }: Signer): Uint8Array {
  switch (algorithm) {
    case 'ed25519':
      // The SubjectPublicKeyInfo of an Ed25519 key ends with the 32 bytes of the key itself.
      return ed25519LogID(name, publicKeyDer.slice(-32));
    case 'rsa':
      return rsaLogID(name, publicKeyDer);
    default:
      return fromHex(keyID);
  }
}

/**
 * Returns the notes of one kind. The newest stored note is taken up if it speaks for the current head; if it is
 * ours and speaks for another root or a larger size, the store contradicts what was signed: STORE_CORRUPT.
 */
export async function openNotes(options: NotesOptions): Promise<Notes> {
  const { log, kind, head } = options;
  const stored = await log.newestNote(kind);
  if (stored === undefined || !isOurs(stored, options)) return new Notes(options, undefined);
  if (stored.size > head.size) {
    const reason = `the log signed size ${stored.size} but the store ends at ${head.size}`;
    throw new LogError('STORE_CORRUPT', reason);
  }
  const root = await options.rootAtSize(stored.size);
  const note = noteText(stored.bytes);
  if (parseSignedNote(note).text !== checkpointText(options.origin, stored.size, root)) {
    throw new LogError('STORE_CORRUPT', `the log signed another root at size ${stored.size}`);
  }
  return new Notes(options, stored.size === head.size ? { ...stored, root, note } : undefined);
}

/** The notes of one kind, of one log. */
export class Notes {
  readonly #options: NotesOptions;
  #newest: SignedHead | undefined;
  #keeping: Promise<unknown> = Promise.resolve();

  /** Use openNotes. */
  constructor(options: NotesOptions, newest: SignedHead | undefined) {
    this.#options = options;
    this.#newest = newest;
  }

  /**
   * Returns the note of `head`, which must be committed and guarded; if a note of a larger size was signed, that
   * one with its own size and root. Signs at most once per size; throws SIGNER_UNAVAILABLE.
   */
  at(head: Head): SignedHead {
    if (this.#newest !== undefined && this.#newest.size >= head.size) return this.#newest;
    const { kind, origin, signers, late } = this.#options;
    const text = checkpointText(origin, head.size, head.root);
    const message = utf8(text);
    const signatures = signers.map(({ name, keyID, signer }) => {
      return { name, keyID, signature: signOrThrow(signer, message) };
    });
    const note = printSignedNote({ text, signatures });
    this.#newest = { size: head.size, root: head.root, note };
    this.#keeping = late.write({ notes: [{ kind, size: head.size, bytes: utf8(note) }] });
    return this.#newest;
  }

  /** Returns `at(head)` when the note is kept: a process that is killed serves the same bytes when it is back. */
  async kept(head: Head): Promise<SignedHead> {
    const signed = this.at(head);
    await this.#keeping;
    return signed;
  }
}

/** Returns a signature, or throws SIGNER_UNAVAILABLE with what the signer said as its cause. */
export function signOrThrow(signer: Signer, message: Uint8Array): Uint8Array {
  try {
    return signer.sign(message);
  } catch (cause) {
    throw new LogError('SIGNER_UNAVAILABLE', 'the log cannot sign', { cause });
  }
}

/** Returns the text of a note. */
export function checkpointText(origin: string, size: number, root: Uint8Array): string {
  return printCheckpoint({ origin, size: BigInt(size), root, extensions: [] });
}

function noteText(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('utf8');
}

/** Returns whether a stored note is signed by exactly our keys; any other is lost, and made again. */
function isOurs(stored: StoredNote, { signers }: NotesOptions): boolean {
  const note = parsedNote(stored.bytes);
  return note?.signatures.length === signers.length && beginsWithLinesOf(signers, note);
}

/** Returns whether the first signature lines of a note are those of these keys, in this order, and verify. */
export function beginsWithLinesOf(signers: readonly NoteSigner[], note: SignedNote): boolean {
  return signers.every((signer, i) => {
    const signatures = note.signatures.slice(i, i + 1);
    return isSignedBy(signer, { ...note, signatures });
  });
}

/** Returns whether some line of a note is that of a key, and verifies. */
export function isSignedBy({ name, keyID, signer }: NoteSigner, note: SignedNote): boolean {
  const message = utf8(note.text);
  return note.signatures.some(
    (line) =>
      isSameKey(line, { name, keyID }) &&
      verifyWithKey(signer.publicKeyDer, message, line.signature),
  );
}

/** Returns a note as it is written, undefined for what is no note. */
export function parsedNote(note: string | Uint8Array): SignedNote | undefined {
  try {
    return parseSignedNote(note);
  } catch (error) {
    if (isLogError(error, 'NOTE_MALFORMED')) return undefined;
    throw error;
  }
}
