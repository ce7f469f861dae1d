/**
 * Which witnesses of a policy have cosigned a note. https://c2sp.org/tlog-policy
 *
 * In scope: finding their lines and checking them. Out of scope: the log's own signatures, the age of cosignatures, and
 * whether the witnesses are enough (policy.ts). Pure; verifiers are passed in.
 */

import type { Policy } from './policy.js';
import { isSameKey, type NoteVerifier, openSignedNote, type SignedNote } from './signed-note.js';
import type { VerifierKey } from './verifier-key.js';

/** A witness, and what checks its lines. */
export interface WitnessVerifier {
  /** Name of the witness in the policy. */
  readonly name: string;
  readonly verifier: NoteVerifier;
}

/** Returns the witnesses of a policy; none without one. */
export function witnessesOf(
  policy: Policy | undefined,
  verifierOf: (key: VerifierKey) => NoteVerifier,
): readonly WitnessVerifier[] {
  return (policy?.witnesses ?? []).map(({ name, key }) => ({ name, verifier: verifierOf(key) }));
}

/**
 * Returns the names of the witnesses that have cosigned a note, in the order of the policy. Lines of other keys are passed
 * over. Throws NOTE_UNVERIFIED when a line of one of them does not verify: it spoils the note.
 */
export function cosignersOf(
  note: SignedNote,
  witnesses: readonly WitnessVerifier[],
): ReadonlySet<string> {
  const present = witnesses.filter(({ verifier }) =>
    note.signatures.some((line) => isSameKey(line, verifier)),
  );
  if (present.length > 0) {
    openSignedNote(
      note,
      present.map(({ verifier }) => verifier),
    );
  }
  return new Set(present.map(({ name }) => name));
}
