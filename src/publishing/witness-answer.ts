/**
 * What is kept of a witness's answer: cosignatures of keys that the policy names, that verify, and that were made now.
 *
 * Spec: https://c2sp.org/tlog-cosignature, https://c2sp.org/signed-note. In scope: that choice. Out of scope: how the
 * answer came (witness-request.ts). Everything in it may be a lie, and none of it reaches a note unproved. No state.
 */

import { utf8 } from '../encoding/bytes.js';
import { readCosignature } from '../note/cosignature.js';
import {
  isSameKey,
  type NoteVerifier,
  type SignatureLine,
  type SignedNote,
} from '../note/signed-note.js';
import { parsedNote } from './notes.js';

/** A key of a witness. */
export interface WitnessKey {
  /** Name of the witness in the policy. */
  readonly witness: string;
  readonly verifier: NoteVerifier;
}

/** A cosignature that verified. */
export interface Cosignature {
  /** Name of the witness in the policy. */
  readonly witness: string;
  readonly line: SignatureLine;
}

/** A key signs once. What a witness may put beside that is bounded: each line that is looked at costs a verification. */
const MOST_LINES_OF_A_KEY = 2;

/** How far the clock of a witness may be from ours, in seconds. */
export const COSIGNATURE_TOLERANCE_SECONDS = 300;

/**
 * Returns the cosignatures in an answer, one for each key at most; of other keys, and what does not verify or was not made
 * about now, is left out. Empty when nothing is left, as in an answer that is no signature lines at all.
 */
export function cosignaturesIn(
  answer: string,
  noteText: string,
  keys: readonly WitnessKey[],
  nowMs: number,
): readonly Cosignature[] {
  const note = noteWith(noteText, answer);
  if (note === undefined) return [];
  return verifiedCosignatures(note, keys, (seconds) => {
    const distance = Number(seconds) - nowMs / 1000;
    return seconds > 0n && Math.abs(distance) <= COSIGNATURE_TOLERANCE_SECONDS;
  });
}

/** Returns why no cosignature of an answer counts, in words. */
export function uncountedReason(
  answer: string,
  noteText: string,
  keys: readonly WitnessKey[],
  nowMs: number,
): string {
  const note = noteWith(noteText, answer);
  const [dated] = note === undefined ? [] : verifiedCosignatures(note, keys, () => true);
  const seconds = dated && readCosignature(dated.line.signature)?.timeSeconds;
  if (seconds === undefined) return 'its answer has no cosignature that verifies';
  const nowSeconds = Math.floor(nowMs / 1000);
  return `its cosignature is of the time ${seconds}, and the clock of the log says ${nowSeconds}`;
}

function noteWith(noteText: string, answer: string): SignedNote | undefined {
  const note = parsedNote(`${noteText}\n${answer}`);
  // An empty line in the answer would make another text of ours.
  return note?.text === noteText ? note : undefined;
}

/** Returns the cosignatures of a note that verify and have a time that is accepted, in the order of the keys. */
export function verifiedCosignatures(
  { text, signatures }: SignedNote,
  keys: readonly WitnessKey[],
  isTimeAccepted: (seconds: bigint) => boolean,
): readonly Cosignature[] {
  const message = utf8(text);
  return keys.flatMap(({ witness, verifier }) => {
    const ofKey = signatures.filter((line) => isSameKey(line, verifier));
    const line = ofKey.slice(0, MOST_LINES_OF_A_KEY).find(({ signature }) => {
      const time = readCosignature(signature)?.timeSeconds;
      return time !== undefined && isTimeAccepted(time) && verifier.verify(message, signature);
    });
    return line === undefined ? [] : [{ witness, line }];
  });
}
