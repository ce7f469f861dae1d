/**
 * What a monitor is told to believe of a log: keys, perhaps an origin, perhaps a policy of witnesses.
 *
 * Spec: https://c2sp.org/tlog-policy. In scope: putting them together. Out of scope: signatures, whose verifiers are
 * passed in. Lines of witnesses that the policy does not name are passed over, wherever they stand.
 */

import { openTrustedCheckpoint, type VerifyLogSignature } from '../client/trusted-checkpoint.js';
import type { TrustedLog } from '../client/trusted-log.js';
import { isLogError, LogError } from '../errors.js';
import { readCosignature } from '../note/cosignature.js';
import { cosignersOf, type WitnessVerifier, witnessesOf } from '../note/cosigners.js';
import { isQuorumMet, type Policy } from '../note/policy.js';
import {
  isSameKey,
  type NoteVerifier,
  parseSignedNote,
  type SignedNote,
} from '../note/signed-note.js';
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
  /** Age up to which a cosignature counts; undefined: any time counts. */
  readonly cosignedWithinSeconds: number | undefined;
  readonly now: () => Date;
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
      policy === undefined ? undefined : quorumProblem(note, policy, witnesses, quorum),
  };
}

/** Clocks of witnesses may be so far ahead of ours. */
const CLOCK_SKEW_SECONDS = 300;

function quorumProblem(
  note: string,
  policy: Policy,
  witnesses: readonly WitnessVerifier[],
  { cosignedWithinSeconds: within, now }: Pick<TrustOptions, 'cosignedWithinSeconds' | 'now'>,
): string | undefined {
  const signed = parseSignedNote(note);
  let cosigners: ReadonlySet<string>;
  try {
    cosigners = cosignersOf(signed, witnesses);
  } catch (error) {
    if (!isLogError(error, 'NOTE_UNVERIFIED')) throw error;
    return error.message;
  }
  const found = witnesses.filter(
    ({ name, verifier }) =>
      cosigners.has(name) &&
      (within === undefined || isOfLate(signed, verifier, within, now().getTime() / 1000)),
  );
  const names = found.map(({ name }) => name);
  if (isQuorumMet(policy, (witness) => names.includes(witness))) return undefined;
  const late = within === undefined ? '' : ` within ${within} seconds`;
  const who = names.length === 0 ? 'none' : names.join(', ');
  return `too few witnesses of the policy have cosigned${late}: ${who}`;
}

/** A view that is shown long after the world has moved on still has all its cosignatures: their age gives it away. */
function isOfLate(
  { signatures }: SignedNote,
  verifier: NoteVerifier,
  withinSeconds: number,
  nowSeconds: number,
): boolean {
  return signatures.some((line) => {
    if (!isSameKey(line, verifier)) return false;
    const ageSeconds = nowSeconds - Number(readCosignature(line.signature)?.timeSeconds ?? 0n);
    return ageSeconds <= withinSeconds && ageSeconds >= -CLOCK_SKEW_SECONDS;
  });
}
