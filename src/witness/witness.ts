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
import { LogError } from '../errors.js';
import {
  isSameKey,
  parseSignedNote,
  printSignatureLine,
  printSignedNote,
  type SignatureLine,
} from '../note/signed-note.js';
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
import type { Evidence } from './evidence.js';
import type { FollowedLog, FollowedLogs } from './followed-logs.js';
import type { Head } from './head-row.js';
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
  /** Returns why the clock cannot be believed: nothing is cosigned then. */
  clockTrouble?(): string | undefined;
  /** Told of each new head, in order for each log, once it is on disk. */
  advanced?(log: FollowedLog, head: Head): void;
  readonly pause?: SubmissionPause | undefined;
}

/**
 * A witness. Both methods throw NOTE_MALFORMED for a body that cannot be read, SIGNER_UNAVAILABLE, and what the state
 * throws; addCheckpoint CLOCK_UNTRUSTED, signSubtree OVERLOADED.
 */
export interface Witness {
  /** Cosigns a checkpoint, or says why not. */
  addCheckpoint(body: Uint8Array): Promise<Outcome>;
  /** Cosigns a part of a tree whose checkpoint it has cosigned, or says why not. The state stays as it is. */
  signSubtree(body: Uint8Array): Promise<Outcome>;
}

/** Returns a witness. */
export function createWitness(parts: WitnessParts): Witness {
  const { logs } = parts;
  return {
    async addCheckpoint(body) {
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
    signSubtree: subtreeSigner(parts),
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
    return { evidence: evidenceOf(known, admitted, verdict, parts.nowSeconds()), value: verdict };
  }
  const trouble = parts.clockTrouble?.();
  if (trouble !== undefined) throw new LogError('CLOCK_UNTRUSTED', trouble);
  const { checkpoint, text, logLines } = admitted;
  const timeSeconds = laterTime(parts.nowSeconds(), known?.timeSeconds);
  const cosigners = parts.cosigners.filter(({ key }) => coversWhole(key.type, admitted));
  if (cosigners.length === 0) return { value: UNSIGNABLE };
  const given = linesGiven(known, admitted, timeSeconds, cosigners);
  if (given !== undefined) return { value: cosigned(given) };
  const lines = await Promise.all(cosigners.map((cosigner) => cosigner.cosign(text, timeSeconds)));
  const { origin, size, root } = checkpoint;
  const note = printSignedNote({ text, signatures: [...logLines, ...lines] });
  const next: Head = { origin, size, root, timeSeconds, note };
  return { next, value: cosigned(lines), written: () => parts.advanced?.(log, next) };
}

/**
 * Returns the lines that were given out for this very text at this very second, when they are those of all the cosigners:
 * other ones would say the same. Anybody can send a checkpoint again that he has seen, without end.
 */
function linesGiven(
  known: Head | undefined,
  { text, logLines }: AdmittedCheckpoint,
  timeSeconds: bigint,
  cosigners: readonly Cosigner[],
): readonly SignatureLine[] | undefined {
  if (known?.timeSeconds !== timeSeconds || !known.note.startsWith(`${text}\n`)) return undefined;
  const { signatures } = parseSignedNote(known.note);
  const lineOf = (key: Pick<SignatureLine, 'name' | 'keyID'>): SignatureLine | undefined =>
    signatures.find((line) => isSameKey(line, key));
  // A key that the log has new belongs into the note that is kept.
  if (!logLines.every((line) => lineOf(line) !== undefined)) return undefined;
  const given = cosigners.flatMap(({ key }) => lineOf(key) ?? []);
  return given.length === cosigners.length ? given : undefined;
}

/** Returns what signs subtrees. */
function subtreeSigner({ cosigners, logs }: WitnessParts): Witness['signSubtree'] {
  const own = cosigners.map(({ key }) => noteVerifier(key));
  const signers = cosigners.flatMap((cosigner) => cosigner.signSubtree?.bind(cosigner) ?? []);
  let underWay = 0;
  return async (body) => {
    if (signers.length === 0) return NO_SUBTREES;
    if (underWay >= MAX_SUBTREES_UNDER_WAY) {
      throw new LogError('OVERLOADED', 'too many subtrees wait for their signature');
    }
    const submission = parseSubtreeSubmission(body);
    const admitted = admitSubtree(submission, (origin) => logs.byOrigin(origin) !== undefined, own);
    if (admitted.kind === 'refused') return admitted;
    if (utf8(admitted.origin).length > MAX_SUBTREE_ORIGIN_BYTES) return UNSIGNABLE;
    underWay++;
    try {
      return cosigned(await Promise.all(signers.map((sign) => sign(admitted))));
    } finally {
      underWay--;
    }
  };
}

/** More would wait for seconds. */
const MAX_SUBTREES_UNDER_WAY = 64;

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

function cosigned(lines: readonly SignatureLine[]): Cosigned {
  return { kind: 'cosigned', lines: lines.map(printSignatureLine).join('') };
}

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
  const { size, root } = checkpoint;
  const refused = printSignedNote({ text, signatures: logLines });
  const kind = isProof ? 'split-view' : 'unproven';
  return { kind, timeSeconds, cosigned: known.note, refused, size, root };
}
