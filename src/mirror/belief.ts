/**
 * Which checkpoints of a log are believed: those that its key has signed and, where a policy says so, enough witnesses.
 *
 * Spec: https://c2sp.org/tlog-policy. In scope: putting key, origin and policy together. Out of scope: cryptography (the verifiers
 * are passed in), reading policies (note/policy.ts). Pure.
 */

import { type LogCheckpoint, openLogCheckpoint } from '../client/followed-log.js';
import { LogError } from '../errors.js';
import { cosignersOf, witnessesOf } from '../note/cosigners.js';
import { isQuorumMet, type Policy } from '../note/policy.js';
import { type NoteVerifier, parseSignedNote } from '../note/signed-note.js';
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
  const witnesses = witnessesOf(policy, verifierOf);
  return (note) => {
    const checkpoint = openLogCheckpoint(note, origin, ofLog);
    if (policy === undefined) return checkpoint;
    const cosigners = cosignersOf(parseSignedNote(note), witnesses);
    if (isQuorumMet(policy, (name) => cosigners.has(name))) return checkpoint;
    const reason = `too few witnesses of the policy have cosigned size ${checkpoint.size}`;
    throw new LogError('NOTE_UNVERIFIED', reason);
  };
}
