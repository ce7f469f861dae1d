/**
 * What a monitor is told to believe of a log: keys, perhaps an origin, perhaps a policy of witnesses.
 *
 * Spec: https://c2sp.org/tlog-policy. In scope: putting them together. Out of scope: signatures, whose verifiers are
 * passed in. Lines of witnesses that the policy does not name are passed over, wherever they stand.
 */

import { openTrustedCheckpoint, type VerifyLogSignature } from '../client/trusted-checkpoint.js';
import type { TrustedLog } from '../client/trusted-log.js';
import { isLogError, LogError } from '../errors.js';
import { cosignersOf, type WitnessVerifier, witnessesOf } from '../note/cosigners.js';
import { isQuorumMet, type Policy } from '../note/policy.js';
import { type NoteVerifier, parseSignedNote } from '../note/signed-note.js';
import type { VerifierKey } from '../note/verifier-key.js';
import type { LogTrust } from './check-head.js';

/** What is believed, and what checks it. */
export interface TrustOptions {
  readonly logs: readonly TrustedLog[];
  readonly verifySignature: VerifyLogSignature;
  /** The only origin that checkpoints may have. */
  readonly origin: string | undefined;
  readonly policy: Policy | undefined;
  readonly verifierOf: (key: VerifierKey) => NoteVerifier;
}

/** Returns the trust. */
export function logTrust({ logs, verifySignature, origin, ...quorum }: TrustOptions): LogTrust {
  const { policy, verifierOf } = quorum;
  const witnesses = witnessesOf(policy, verifierOf);
  return {
    open(note) {
      const checkpoint = openTrustedCheckpoint(note, logs, verifySignature);
      if (origin === undefined || checkpoint.origin === origin) return checkpoint;
      throw new LogError('NOTE_UNVERIFIED', `the origin ${checkpoint.origin} is not ${origin}`);
    },
    quorumProblem: (note) =>
      policy === undefined ? undefined : quorumProblem(note, policy, witnesses),
  };
}

function quorumProblem(
  note: string,
  policy: Policy,
  witnesses: readonly WitnessVerifier[],
): string | undefined {
  const signed = parseSignedNote(note);
  let cosigners: ReadonlySet<string>;
  try {
    cosigners = cosignersOf(signed, witnesses);
  } catch (error) {
    if (!isLogError(error, 'NOTE_UNVERIFIED')) throw error;
    return error.message;
  }
  if (isQuorumMet(policy, (witness) => cosigners.has(witness))) return undefined;
  const found = cosigners.size === 0 ? 'none' : [...cosigners].join(', ');
  return `too few witnesses of the policy have cosigned: ${found}`;
}
