/**
 * THE WITNESS: checkpoints in, cosignatures out. https://c2sp.org/tlog-witness
 *
 * One submission: parse → admit (decide.ts) → for this log alone: decide, sign, write, synced → answer. The note that is
 * kept is made of what was understood: the text, the log's lines that verified, and the cosignatures.
 *
 * In scope: that order. Out of scope: HTTP (routes.ts), rules (decide.ts), storage (witness-state.ts). Mutable state:
 * none of its own.
 */

import { utf8 } from '../encoding/bytes.js';
import { type NoteVerifier, printSignatureLine, printSignedNote } from '../note/signed-note.js';
import { parseCheckpointSubmission, parseSubtreeSubmission } from '../note/submission.js';
import { SIGNATURE_TYPE } from '../note/verifier-key.js';
import type { Cosigner } from '../signing/cosigner.js';
import { noteVerifier } from '../signing/note-verifier.js';
import {
  type AdmittedCheckpoint,
  admit,
  admitSubtree,
  type Conflict,
  decide,
  isSplitView,
  type Refusal,
} from './decide.js';
import type { FollowedLog, FollowedLogs } from './followed-logs.js';
import type { Evidence, Head } from './head-row.js';
import type { Step, WitnessState } from './witness-state.js';

/** Signature lines to hand out, each with its newline. */
export interface Cosigned {
  readonly kind: 'cosigned';
  readonly lines: string;
}

/** What a submission comes to. */
export type Outcome = Cosigned | Conflict | Refusal;

/** Where a test makes a submission wait: between decision and write, and between write and answer. */
export type SubmissionPause = (step: 'decided' | 'persisted') => void | Promise<void>;

/** What a witness is made of. */
export interface WitnessParts {
  readonly state: WitnessState;
  readonly logs: FollowedLogs;
  /** One a key type; at least one. */
  readonly cosigners: readonly Cosigner[];
  /** The wall clock, POSIX seconds. */
  nowSeconds(): bigint;
  /** Told of each new head, in order for each log, once it is on disk. */
  advanced?(log: FollowedLog, head: Head): void;
  /** Told of each conflict that was not known, once it is on disk. */
  conflicted?(log: FollowedLog, evidence: Evidence): void;
  readonly pause?: SubmissionPause | undefined;
}

/** A witness. Both methods throw NOTE_MALFORMED for a body that cannot be read, and what the state throws. */
export interface Witness {
  /** Cosigns a checkpoint, or says why not. */
  addCheckpoint(body: Uint8Array): Promise<Outcome>;
  /** Cosigns a part of a tree whose checkpoint it has cosigned, or says why not. The state stays as it is. */
  signSubtree(body: Uint8Array): Promise<Outcome>;
}

/** Returns a witness. */
export function createWitness(parts: WitnessParts): Witness {
  const own = parts.cosigners.map(({ key }) => noteVerifier(key));
  return {
    async addCheckpoint(body) {
      const { logs } = parts;
      const submission = parseCheckpointSubmission(body);
      const admitted = admit(submission, (origin) => logs.byOrigin(origin)?.verifiers);
      if (admitted.kind === 'refused') return admitted;
      const log = logs.byOrigin(admitted.checkpoint.origin) as FollowedLog;
      const outcome = await parts.state.advance(log.id, (known) =>
        judge(known, admitted, log, parts),
      );
      await parts.pause?.('persisted');
      return outcome;
    },
    signSubtree: (body) => signSubtree(body, parts, own),
  };
}

/** Runs while no other submission of this log does. */
async function judge(
  known: Head | undefined,
  admitted: AdmittedCheckpoint,
  log: FollowedLog,
  parts: WitnessParts,
): Promise<Step<Outcome>> {
  const verdict = decide(known, admitted);
  await parts.pause?.('decided');
  if (verdict.kind !== 'cosign') {
    const evidence = evidenceOf(known, admitted, verdict, parts.nowSeconds());
    if (evidence === undefined) return { value: verdict };
    return { evidence, value: verdict, kept: () => parts.conflicted?.(log, evidence) };
  }
  const { checkpoint, text, logLines } = admitted;
  const timeSeconds = laterTime(parts.nowSeconds(), known?.timeSeconds);
  const lines = await Promise.all(
    parts.cosigners
      .filter(({ key }) => coversWhole(key.type, admitted))
      .map((cosigner) => cosigner.cosign(text, timeSeconds)),
  );
  if (lines.length === 0) return { value: UNSIGNABLE };
  const { origin, size, root } = checkpoint;
  const note = printSignedNote({ text, signatures: [...logLines, ...lines] });
  const next: Head = { origin, size, root, timeSeconds, note };
  return {
    next,
    value: { kind: 'cosigned', lines: lines.map(printSignatureLine).join('') },
    written: () => parts.advanced?.(log, next),
  };
}

async function signSubtree(
  body: Uint8Array,
  { cosigners, logs }: WitnessParts,
  own: readonly NoteVerifier[],
): Promise<Outcome> {
  const signers = cosigners.filter(({ signSubtree }) => signSubtree !== undefined);
  const submission = parseSubtreeSubmission(body);
  const admitted = admitSubtree(submission, (origin) => logs.byOrigin(origin) !== undefined, own);
  if (admitted.kind === 'refused') return admitted;
  if (signers.length === 0) return NO_SUBTREES;
  if (utf8(admitted.origin).length > MAX_SUBTREE_ORIGIN_BYTES) return UNSIGNABLE;
  const lines = await Promise.all(signers.map((cosigner) => cosigner.signSubtree?.(admitted)));
  const printed = lines.map((line) => (line === undefined ? '' : printSignatureLine(line)));
  return { kind: 'cosigned', lines: printed.join('') };
}

const MAX_SUBTREE_ORIGIN_BYTES = 255;

const UNSIGNABLE: Refusal = {
  kind: 'refused',
  status: 400,
  reason: 'no key of this witness can sign for such a checkpoint',
};
const NO_SUBTREES: Refusal = {
  kind: 'refused',
  status: 404,
  reason: 'this witness has no key that signs subtrees',
};

/** An ML-DSA-44 cosignature signs neither extension lines nor a long origin: it must not stand under such a text. */
function coversWhole(type: number, { checkpoint }: AdmittedCheckpoint): boolean {
  if (type !== SIGNATURE_TYPE.mldsa44Cosignature) return true;
  const { origin, extensions } = checkpoint;
  return extensions.length === 0 && utf8(origin).length <= MAX_SUBTREE_ORIGIN_BYTES;
}

/** A clock that was set back must not make a newer tree look older; 0 would make no statement at all. */
function laterTime(nowSeconds: bigint, lastSeconds = 1n): bigint {
  return nowSeconds > lastSeconds ? nowSeconds : lastSeconds;
}

function evidenceOf(
  known: Head | undefined,
  { checkpoint, text, logLines }: AdmittedCheckpoint,
  verdict: Conflict | Refusal,
  timeSeconds: bigint,
): Evidence | undefined {
  if (known === undefined) return undefined;
  const isProof = isSplitView(known, checkpoint);
  // A client that proves nothing from an old size is late, not lying.
  if (!isProof && (verdict.kind === 'conflict' || checkpoint.size <= known.size)) return undefined;
  const refused = printSignedNote({ text, signatures: logLines });
  return { kind: isProof ? 'split-view' : 'unproven', timeSeconds, cosigned: known.note, refused };
}
