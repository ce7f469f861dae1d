/**
 * Which checkpoints of a log are believed: those that its key has signed and, where a policy says so, enough witnesses.
 *
 * Spec: https://c2sp.org/tlog-policy. In scope: putting key, origin and policy together. Out of scope: cryptography (the verifiers
 * are passed in), reading policies (note/policy.ts). Pure.
 */

import { type LogCheckpoint, openLogCheckpoint } from '../client/followed-log.js';
import { equalBytes } from '../encoding/bytes.js';
import { LogError } from '../errors.js';
import { isQuorumMet, type Policy } from '../note/policy.js';
import { type NoteVerifier, openSignedNote, parseSignedNote } from '../note/signed-note.js';
import type { VerifierKey } from '../note/verifier-key.js';

/** Who must have signed. */
export interface BeliefOptions {
  readonly origin: string;
  /** Keys of the log: a line of any one is enough. */
  readonly keys: readonly VerifierKey[];
  /** Its witnesses and quorum; its logs are not looked at. Undefined: the log alone is believed. */
  readonly policy: Policy | undefined;
  readonly verifierOf: (key: VerifierKey) => NoteVerifier;
}

/** Returns a checkpoint that is believed. Throws NOTE_MALFORMED, NOTE_UNVERIFIED, PROOF_INVALID as openLogCheckpoint does. */
export type OpenCheckpoint = (note: string | Uint8Array) => LogCheckpoint;

/** Returns the function that opens checkpoints; verifiers are made once. */
export function checkpointOpener(options: BeliefOptions): OpenCheckpoint {
  const { origin, keys, policy, verifierOf } = options;
  const ofLog = keys.map(verifierOf);
  const witnesses = (policy?.witnesses ?? []).map(({ name, key }) => ({
    name,
    key,
    verifier: verifierOf(key),
  }));
  return (note) => {
    const checkpoint = openLogCheckpoint(note, origin, ofLog);
    if (policy === undefined) return checkpoint;
    // A known witness whose line does not verify spoils the note, as a bad line of the log does.
    const verifiers = witnesses.map(({ verifier }) => verifier);
    const parsed = parseSignedNote(note);
    const lines = openSignedNote(parsed, [...ofLog, ...verifiers]);
    const hasCosigned = (name: string): boolean => {
      const key = witnesses.find((each) => each.name === name)?.key;
      return lines.some((line) => line.name === key?.name && equalBytes(line.keyID, key.keyID));
    };
    if (isQuorumMet(policy, hasCosigned)) return checkpoint;
    const reason = `too few witnesses of the policy have cosigned size ${checkpoint.size}`;
    throw new LogError('NOTE_UNVERIFIED', reason);
  };
}
