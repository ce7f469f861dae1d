/**
 * One request to a witness: https://c2sp.org/tlog-witness, `add-checkpoint` as its client, and the checkpoint that the
 * witness holds.
 *
 * In scope: the request's bytes, the time that it may take, the bytes that are read of an answer, what a status means.
 * Out of scope: whether the lines of an answer are worth anything (witness-answer.ts), when to ask again
 * (witness-client.ts). A redirect is not followed: the operator has named the witness, nobody else does. No state.
 */

import { toBase64 } from '../encoding/base64.js';
import { fromUtf8 } from '../encoding/bytes.js';
import { originID } from '../note/origin-id.js';
import { MAX_NOTE_BYTES } from '../note/signed-note.js';
import type { Timing } from './timing.js';

/** What a witness is asked: to cosign `note`, having cosigned `oldSize` leaves of the log before. */
export interface WitnessQuestion {
  readonly oldSize: number;
  /** Consistency proof from `oldSize` to the note's size. */
  readonly proof: readonly Uint8Array[];
  readonly note: string;
}

/** What came of it. */
export type WitnessReply =
  /** The signature lines, as they came. */
  | { readonly outcome: 'answered'; readonly lines: string }
  /** The witness has cosigned another size than `oldSize`: this one. */
  | { readonly outcome: 'conflict'; readonly size: bigint }
  /** It will not cosign, and will not when it is asked again: it does not know the log or its key, or sees a fork. */
  | { readonly outcome: 'refused'; readonly status: number; readonly reason: string }
  /** Not now, or nothing that makes sense. */
  | { readonly outcome: 'failed'; readonly reason: string };

/** Where and how witnesses are asked. */
export interface WitnessDoor {
  /** Submission prefix, `http:` or `https:`, without a slash at its end. */
  readonly url: string;
  /** Time that a request may take, its answer included, in milliseconds. */
  readonly timeoutMs: number;
  readonly timing: Timing;
  /** Ends the requests under way. */
  readonly signal: AbortSignal;
}

/** Longest answer that is read: any note is shorter, and a size is a line. */
const MAX_ANSWER_BYTES = MAX_NOTE_BYTES;
/** What comes with another status says no more than the status. */
const WITH_TEXT: ReadonlySet<number> = new Set([200, 409]);
const REFUSALS: ReadonlySet<number> = new Set([403, 404, 422]);
const SIZE_TYPE = /^text\/x\.tlog\.size(?:\s*;|\s*$)/;
const SIZE_LINE = /^(0|[1-9][0-9]{0,18})\n$/;

/** Returns what a witness says to a checkpoint. Never rejects. */
export async function askWitness(
  door: WitnessDoor,
  { oldSize, proof, note }: WitnessQuestion,
): Promise<WitnessReply> {
  const body = `${[`old ${oldSize}`, ...proof.map(toBase64)].join('\n')}\n\n${note}`;
  const answer = await exchange(door, 'add-checkpoint', {
    method: 'POST',
    headers: { 'content-type': 'text/plain; charset=utf-8' },
    body,
  });
  if ('reason' in answer) return { outcome: 'failed', ...answer };
  const { status, type, text } = answer;
  if (status === 200) return { outcome: 'answered', lines: text };
  if (status === 409) return conflictOf(type, text);
  const reason = `it answered with status ${status}`;
  return REFUSALS.has(status)
    ? { outcome: 'refused', status, reason }
    : { outcome: 'failed', reason };
}

/** Returns the checkpoint that a witness has cosigned last for an origin, if it shows any there. Never rejects. */
export async function heldCheckpoint(
  door: WitnessDoor,
  origin: string,
): Promise<string | undefined> {
  const answer = await exchange(door, `${originID(origin)}/checkpoint`, {});
  return 'status' in answer && answer.status === 200 ? answer.text : undefined;
}

function conflictOf(type: string, text: string): WitnessReply {
  const [, digits] = SIZE_LINE.exec(text) ?? [];
  if (digits === undefined || !SIZE_TYPE.test(type)) {
    return { outcome: 'failed', reason: 'it answered with status 409 without a tree size' };
  }
  return { outcome: 'conflict', size: BigInt(digits) };
}

type Answer =
  | { readonly status: number; readonly type: string; readonly text: string }
  | { readonly reason: string };

async function exchange(door: WitnessDoor, path: string, request: RequestInit): Promise<Answer> {
  const { url, timeoutMs, timing, signal } = door;
  const ending = new AbortController();
  const end = (): void => ending.abort();
  const cancel = timing.after(timeoutMs, end);
  signal.addEventListener('abort', end);
  if (signal.aborted) end();
  try {
    const response = await fetch(`${url}/${path}`, {
      ...request,
      redirect: 'manual',
      signal: ending.signal,
    });
    const { status, headers, body } = response;
    const type = headers.get('content-type') ?? '';
    if (!WITH_TEXT.has(status)) {
      await body?.cancel();
      return { status, type, text: '' };
    }
    const text = await readText(body);
    return text === undefined
      ? { reason: `its answer is longer than ${MAX_ANSWER_BYTES} bytes or not UTF-8` }
      : { status, type, text };
  } catch (error) {
    // Whatever a foreign server does to a connection is its failure, not ours.
    return { reason: ending.signal.aborted ? 'it did not answer in time' : reasonOf(error) };
  } finally {
    cancel();
    signal.removeEventListener('abort', end);
  }
}

/** Returns the text of an answer, undefined when it is too long or no text. What is not read is not waited for. */
async function readText(body: Response['body']): Promise<string | undefined> {
  if (body === null) return '';
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of body) {
    length += chunk.length;
    if (length > MAX_ANSWER_BYTES) return undefined;
    chunks.push(chunk);
  }
  try {
    return fromUtf8(Buffer.concat(chunks));
  } catch {
    // It is no text: what it says instead does not matter.
    return undefined;
  }
}

function reasonOf(error: unknown): string {
  const { cause } = error as { cause?: { code?: unknown } };
  return `it cannot be reached: ${String(cause?.code ?? (error as Error).message)}`;
}
