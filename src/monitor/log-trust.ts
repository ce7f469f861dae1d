/**
 * What a monitor is told to believe of a log: keys, perhaps an origin, perhaps a policy of witnesses.
 *
 * Spec: https://c2sp.org/tlog-policy. In scope: putting them together. Out of scope: signatures, whose verifiers are
 * passed in. Lines of witnesses that the policy does not name are passed over, wherever they stand.
 */

import { openTrustedCheckpoint, type VerifyLogSignature } from '../client/trusted-checkpoint.js';
import type { TrustedLog } from '../client/trusted-log.js';
import { equalBytes } from '../encoding/bytes.js';
import { isLogError, LogError } from '../errors.js';
import { isQuorumMet, type Policy } from '../note/policy.js';
import { type NoteVerifier, openSignedNote, parseSignedNote } from '../note/signed-note.js';
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
  const witnesses = (policy?.witnesses ?? []).map(({ name, key }) => {
    return { name, verifier: verifierOf(key) };
  });
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

interface Witness {
  readonly name: string;
  readonly verifier: NoteVerifier;
}

function quorumProblem(
  note: string,
  policy: Policy,
  witnesses: readonly Witness[],
): string | undefined {
  const signed = parseSignedNote(note);
  const isLineOf = ({ verifier }: Witness) =>
    signed.signatures.some(
      ({ name, keyID }) => name === verifier.name && equalBytes(keyID, verifier.keyID),
    );
  const present = witnesses.filter(isLineOf);
  try {
    if (present.length > 0) {
      const verifiers = present.map(({ verifier }) => verifier);
      openSignedNote(signed, verifiers);
    }
  } catch (error) {
    if (!isLogError(error, 'NOTE_UNVERIFIED')) throw error;
    return error.message;
  }
  const names = new Set(present.map(({ name }) => name));
  if (isQuorumMet(policy, (witness) => names.has(witness))) return undefined;
  const found = names.size === 0 ? 'none' : [...names].join(', ');
  return `too few witnesses of the policy have cosigned: ${found}`;
}
