/**
 * C2SP signed notes: a text and the signatures under it. https://c2sp.org/signed-note
 *
 * In scope: the grammar, read strictly (what is accepted prints back to the same bytes), and the rule of which
 * signatures must verify. Out of scope: what the text says (checkpoint.ts), how keys are written
 * (verifier-key.ts) and cryptography: verifiers are passed in. Pure; no state.
 */

import { fromBase64, toBase64 } from '../encoding/base64.js';
import { concatBytes, equalBytes, fromUtf8, utf8 } from '../encoding/bytes.js';
import { isLogError, LogError } from '../errors.js';

/** Longest note that is read, in bytes: sixteen signatures fit, fifteen of them ML-DSA-44. */
export const MAX_NOTE_BYTES = 65_536;

/** Most signature lines of a note that is read. */
export const MAX_NOTE_SIGNATURES = 100;

/** Length of a key ID, in bytes. */
export const KEY_ID_BYTES = 4;

/** One signature line. */
export interface SignatureLine {
  /** Key name: not empty, without white space and `+`. */
  readonly name: string;
  /** 4 bytes. */
  readonly keyID: Uint8Array;
  /** What follows the key ID in the line, at least 1 byte. */
  readonly signature: Uint8Array;
}

/** A note as it was read: nothing in it is verified. */
export interface SignedNote {
  /** The signed text, its final newline included. */
  readonly text: string;
  readonly signatures: readonly SignatureLine[];
}

/** Something that can check signatures of one key. */
export interface NoteVerifier {
  readonly name: string;
  /** 4 bytes. */
  readonly keyID: Uint8Array;
  /** Returns whether this is the key's signature of this text; never throws for a bad one. */
  verify(text: Uint8Array, signature: Uint8Array): boolean;
}

const SIGNATURE_PREFIX = '\u2014 ';

/** Returns the note; printSignedNote gives the input back. Throws NOTE_MALFORMED. Verifies nothing. */
export function parseSignedNote(input: string | Uint8Array): SignedNote {
  const note = noteText(input);
  // The last empty line: the text may hold others, signature lines cannot.
  const separator = note.lastIndexOf('\n\n');
  if (separator < 0) throw new LogError('NOTE_MALFORMED', 'the note has no empty line');
  const text = note.slice(0, separator + 1);
  const lines = note.slice(separator + 2).split('\n');
  if (lines.pop() !== '') throw new LogError('NOTE_MALFORMED', 'the note ends without a newline');
  if (lines.length === 0) throw new LogError('NOTE_MALFORMED', 'the note has no signature line');
  if (lines.length > MAX_NOTE_SIGNATURES) {
    const found = lines.length;
    throw new LogError('NOTE_MALFORMED', `${found} signature lines, limit ${MAX_NOTE_SIGNATURES}`);
  }
  return { text, signatures: lines.map(parseLine) };
}

/** Returns the text of a note. Throws NOTE_MALFORMED when it would not be one. */
export function printSignedNote(note: SignedNote): string {
  checkNoteText(note.text);
  if (note.signatures.length === 0) {
    throw new LogError('NOTE_MALFORMED', 'a note without signatures cannot be printed');
  }
  return `${note.text}\n${note.signatures.map(printSignatureLine).join('')}`;
}

/** Returns one signature line, its newline included. Throws NOTE_MALFORMED for a name or lengths that break it. */
export function printSignatureLine(line: SignatureLine): string {
  checkKeyName(line.name);
  if (line.keyID.length !== KEY_ID_BYTES || line.signature.length === 0) {
    throw new LogError('NOTE_MALFORMED', `the signature line of ${line.name} lacks its signature`);
  }
  return `${SIGNATURE_PREFIX}${line.name} ${toBase64(concatBytes(line.keyID, line.signature))}\n`;
}

/**
 * Returns the signature lines that verified, in their order, each once. Lines of unknown keys are ignored; a key is
 * known by name and ID together. Throws NOTE_UNVERIFIED when a line of a known key does not verify, when no key is
 * known, or when two verifiers claim one name and ID.
 */
export function openSignedNote(
  note: SignedNote,
  verifiers: readonly NoteVerifier[],
): SignatureLine[] {
  const text = utf8(note.text);
  const verified: SignatureLine[] = [];
  for (const line of note.signatures) {
    const known = verifiers.filter((verifier) => isSameKey(verifier, line));
    const [verifier] = known;
    // Whoever has seen a signature can repeat it: that must not cost a verification each.
    if (verifier === undefined || verified.some((before) => isSameLine(before, line))) continue;
    if (known.length > 1) {
      throw new LogError('NOTE_UNVERIFIED', `two verifiers claim the key ${line.name}`);
    }
    if (!verifier.verify(text, line.signature)) {
      throw new LogError('NOTE_UNVERIFIED', `the signature of ${line.name} does not verify`);
    }
    verified.push(line);
  }
  if (verified.length === 0) {
    throw new LogError('NOTE_UNVERIFIED', 'the note has no signature of a known key');
  }
  return verified;
}

/** Returns whether lines, verifiers or keys are of one key: it is known by name and ID together. */
export function isSameKey(a: KeyOfLine, b: KeyOfLine): boolean {
  return a.name === b.name && equalBytes(a.keyID, b.keyID);
}

/** Returns the first line of each key, in their order: who signs many times with one key says nothing more. */
export function firstOfEachKey(lines: readonly SignatureLine[]): readonly SignatureLine[] {
  return lines.filter((line, at) => at === lines.findIndex((other) => isSameKey(other, line)));
}

type KeyOfLine = Pick<SignatureLine, 'name' | 'keyID'>;

const LONE_SURROGATE = /[\ud800-\udfff]/u;

/** Returns when this can be the text of a note: it ends in a newline, no other control character. Throws NOTE_MALFORMED. */
export function checkNoteText(text: string): void {
  if (!text.endsWith('\n')) {
    throw new LogError('NOTE_MALFORMED', 'the text of the note ends without a newline');
  }
  checkCharacters(text);
}

// Not \s: that has U+FEFF besides and lacks U+0085.
const SPACE_OR_PLUS = /[+\p{White_Space}]/u;

/** Returns when this can be a key name. Throws NOTE_MALFORMED. */
export function checkKeyName(name: string): void {
  checkCharacters(name);
  if (name === '' || SPACE_OR_PLUS.test(name)) {
    throw new LogError('NOTE_MALFORMED', 'a key name is empty or holds white space or a plus sign');
  }
}

function checkCharacters(text: string): void {
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code < 0x20 && code !== 0x0a) {
      throw new LogError('NOTE_MALFORMED', 'the note holds a control character');
    }
  }
  if (LONE_SURROGATE.test(text)) {
    throw new LogError('NOTE_MALFORMED', 'the note holds half of a surrogate pair');
  }
}

function noteText(input: string | Uint8Array): string {
  // A text is never shorter in UTF-8 than in UTF-16: nothing too long is encoded only to be measured.
  const isTooLong =
    input.length > MAX_NOTE_BYTES ||
    (typeof input === 'string' && utf8(input).length > MAX_NOTE_BYTES);
  if (isTooLong) {
    throw new LogError('NOTE_MALFORMED', `the note is longer than ${MAX_NOTE_BYTES} bytes`);
  }
  const text = typeof input === 'string' ? input : textOf(input);
  checkCharacters(text);
  return text;
}

function textOf(bytes: Uint8Array): string {
  return asNoteError('the note is not valid UTF-8', () => fromUtf8(bytes));
}

function parseLine(line: string): SignatureLine {
  const space = line.indexOf(' ', SIGNATURE_PREFIX.length);
  if (!line.startsWith(SIGNATURE_PREFIX) || space < 0) {
    throw new LogError('NOTE_MALFORMED', 'a line below the text is no signature line');
  }
  const name = line.slice(SIGNATURE_PREFIX.length, space);
  checkKeyName(name);
  const bytes = asNoteError(`the signature of ${name} is not strict base64`, () =>
    fromBase64(line.slice(space + 1)),
  );
  if (bytes.length <= KEY_ID_BYTES) {
    throw new LogError('NOTE_MALFORMED', `the signature of ${name} is ${bytes.length} bytes long`);
  }
  return { name, keyID: bytes.slice(0, KEY_ID_BYTES), signature: bytes.slice(KEY_ID_BYTES) };
}

function isSameLine(a: SignatureLine, b: SignatureLine): boolean {
  return isSameKey(a, b) && equalBytes(a.signature, b.signature);
}

/** Returns what `read` returns; an encoding error of it becomes NOTE_MALFORMED with this message. */
export function asNoteError<T>(message: string, read: () => T): T {
  try {
    return read();
  } catch (cause) {
    if (!isLogError(cause, 'ENCODING_MALFORMED')) throw cause;
    throw new LogError('NOTE_MALFORMED', message, { cause });
  }
}
