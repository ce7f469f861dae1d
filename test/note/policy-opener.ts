/** Opens notes as a program does that has a policy and nothing else. */
import { equalBytes } from '../../src/encoding/bytes.js';
import { LogError } from '../../src/errors.js';
import { type CheckpointText, parseCheckpoint } from '../../src/note/checkpoint.js';
import { isQuorumMet, type Policy } from '../../src/note/policy.js';
import { openSignedNote, parseSignedNote } from '../../src/note/signed-note.js';
import type { VerifierKey } from '../../src/note/verifier-key.js';
import { noteVerifier } from '../../src/signing/note-verifier.js';

/** Returns the checkpoint that a log of the policy has signed and its quorum cosigned. Throws NOTE_MALFORMED, NOTE_UNVERIFIED. */
export function openByPolicy(note: string, policy: Policy): CheckpointText {
  const { logs, witnesses } = policy;
  const parsed = parseSignedNote(note);
  const checkpoint = parseCheckpoint(parsed.text);
  const keys = [...logs, ...witnesses].map(({ key }) => key);
  const lines = openSignedNote(parsed, keys.map(noteVerifier));
  const hasSigned = ({ name, keyID }: VerifierKey) =>
    lines.some((line) => line.name === name && equalBytes(line.keyID, keyID));
  if (!logs.some(({ key }) => key.name === checkpoint.origin && hasSigned(key))) {
    throw new LogError('NOTE_UNVERIFIED', 'no log of the policy has signed it');
  }
  const cosigned = witnesses.filter(({ key }) => hasSigned(key)).map(({ name }) => name);
  if (isQuorumMet(policy, (name) => cosigned.includes(name))) return checkpoint;
  throw new LogError('NOTE_UNVERIFIED', 'the quorum of the policy is not met');
}
