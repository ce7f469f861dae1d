/**
 * A copy brought to another mirror: add-checkpoint, then add-entries until that mirror holds it all and says so.
 *
 * Spec: https://c2sp.org/tlog-mirror. Whatever the other mirror has, from whomever, is passed over; it tells where to go on. Nothing
 * that it answers is believed but its cosignature, where its key is known, and an upload that gets nowhere ends. In scope: one push.
 * Out of scope: when (follow-loop.ts). State: what the other mirror was last known to have.
 */

import { gzipSync } from 'node:zlib';
import { type BoundedAnswer, type BoundedFetch, RequestFailed } from '../client/bounded-fetch.js';
import { addressBelow } from '../client/remote-log.js';
import { fromBase64, toBase64 } from '../encoding/base64.js';
import { concatBytes, fromUtf8, utf8 } from '../encoding/bytes.js';
import { isLogError, LogError } from '../errors.js';
import { encodeEntryBundle } from '../merkle/entry-bundle.js';
import { planConsistencyProof } from '../merkle/proof.js';
import { planSubtreeProof } from '../merkle/subtree.js';
import { TILE_WIDTH } from '../merkle/tile.js';
import { type NoteVerifier, openSignedNote, parseSignedNote } from '../note/signed-note.js';
import type { MirrorCheckpoint, MirroredLog } from './mirrored-log.js';

/** What is pushed where. */
export interface PushOptions {
  readonly copy: MirroredLog;
  /** Submission prefix of the other mirror. */
  readonly url: string;
  /** Its keys: one of them must have cosigned. None: whatever it answers will do. */
  readonly verifiers: readonly NoteVerifier[];
  readonly fetch: BoundedFetch;
  /** For each request. */
  readonly timeoutMs: number;
}

/** What a push came to. */
export interface PushOutcome {
  /** `nothing`: the copy has no checkpoint yet; `behind`: the other mirror has more than the copy. */
  readonly outcome: 'pushed' | 'unchanged' | 'behind' | 'nothing';
  readonly size: number;
}

/** A mirror that says no: somebody should look. */
export class PushRefused extends Error {
  override readonly name = 'PushRefused';
  readonly status: number;

  constructor(path: string, { status, body }: BoundedAnswer) {
    super(`the mirror answers ${path} with ${status}: ${reasonIn(body)}`);
    this.status = status;
  }
}

/** As the specification has it. */
const MAX_PACKAGES = 32;
/** From so many bytes on no package is added to a request. */
const ENOUGH_BYTES = 8 * 1024 * 1024;
/** Requests in a row that bring an upload no further: the other mirror may move meanwhile. */
const MAX_IDLE = 4;
/** A ticket of 65,535 bytes and two numbers; lines of many keys. */
const MAX_ANSWER_BYTES = 256 * 1024;

/** One copy on its way to one mirror. */
export class CopyPush {
  readonly #options: PushOptions;
  /** Size that is pending there, as it was said last. */
  #pending = 0;
  #pushed: number | undefined;

  constructor(options: PushOptions) {
    this.#options = options;
  }

  /** Pushes all that the copy holds. Throws RequestFailed; PushRefused; LogError for an answer that is none, and what the copy throws. */
  async push(signal: AbortSignal): Promise<PushOutcome> {
    const { checkpoint } = this.#options.copy;
    if (checkpoint === undefined) return { outcome: 'nothing', size: 0 };
    const { size } = checkpoint;
    if (this.#pushed === size) return { outcome: 'unchanged', size };
    if (!(await this.#announce(checkpoint, signal))) return { outcome: 'behind', size };
    return (await this.#upload(checkpoint, signal))
      ? { outcome: 'pushed', size }
      : { outcome: 'behind', size };
  }

  /** Makes the checkpoint the pending one there. Returns false when a larger one is. */
  async #announce({ size, note }: MirrorCheckpoint, signal: AbortSignal): Promise<boolean> {
    const { copy } = this.#options;
    for (let attempt = 0; attempt < MAX_IDLE; attempt++) {
      if (this.#pending > size) return false;
      const proof = await copy.proof(planConsistencyProof(this.#pending, size));
      const lines = [`old ${this.#pending}`, ...proof.map(toBase64)];
      const body = utf8(`${lines.join('\n')}\n\n${note}`);
      const answer = await this.#post('add-checkpoint', body, { 'content-type': PLAIN }, signal);
      if (answer.status !== 200 && answer.status !== 409) throw refusal('add-checkpoint', answer);
      this.#pending = answer.status === 200 ? size : sizeIn(answer);
      if (answer.status === 200) return true;
    }
    throw new RequestFailed(`the mirror answered 409 ${MAX_IDLE} times`);
  }

  /** Returns false when the other mirror went past the copy. */
  async #upload(checkpoint: MirrorCheckpoint, signal: AbortSignal): Promise<boolean> {
    const { size } = checkpoint;
    // An upload of nothing: it completes what is there, or says what is missing.
    let from: UploadPlace = { end: size, next: size, ticket: new Uint8Array(0) };
    for (let idle = 0; idle < MAX_IDLE; ) {
      const answer = await this.#post('add-entries', await this.#body(from), PACKED, signal);
      if (answer.status === 200) {
        if (from.end < size) {
          from = { ...from, end: size, next: from.end };
          continue;
        }
        this.#assertCosigned(checkpoint, answer);
        this.#pushed = size;
        return true;
      }
      if (answer.status !== 202 && answer.status !== 409) throw refusal('add-entries', answer);
      const place = placeIn(answer);
      if (place.end > size || place.next > size) return false;
      idle = place.next > from.next && answer.status === 202 ? 0 : idle + 1;
      from = place;
    }
    throw new RequestFailed('the mirror takes no more entries');
  }

  /** As many packages as one request should have. */
  async #body({ end, next, ticket }: UploadPlace): Promise<Uint8Array> {
    const { copy } = this.#options;
    const origin = utf8(copy.origin);
    const parts = [u16(origin.length), origin, u64(next), u64(end), u16(ticket.length), ticket];
    let bytes = 0;
    for (let from = next, count = 0; from < end && count < MAX_PACKAGES; count++) {
      if (bytes >= ENOUGH_BYTES) break;
      const aligned = from - (from % TILE_WIDTH);
      const to = Math.min(end, aligned + TILE_WIDTH);
      const entries = encodeEntryBundle(await copy.tiles.leafBytes(from, to));
      const proof = await copy.proof(planSubtreeProof(aligned, to, end));
      parts.push(entries, Uint8Array.of(proof.length), ...proof);
      bytes += entries.length;
      from = to;
    }
    return gzipSync(concatBytes(...parts), { level: 1 });
  }

  #assertCosigned({ note }: MirrorCheckpoint, { body }: BoundedAnswer): void {
    const { verifiers } = this.#options;
    if (verifiers.length === 0) return;
    const { text } = parseSignedNote(note);
    try {
      openSignedNote(parseSignedNote(`${text}\n${fromUtf8(body)}`), verifiers);
    } catch (cause) {
      if (!isLogError(cause)) throw cause;
      throw new LogError('NOTE_UNVERIFIED', `the mirror has not cosigned: ${cause.message}`, {
        cause,
      });
    }
  }

  #post(
    path: string,
    body: Uint8Array,
    headers: Readonly<Record<string, string>>,
    signal: AbortSignal,
  ): Promise<BoundedAnswer> {
    const { url, fetch: send, timeoutMs } = this.#options;
    const maxBytes = MAX_ANSWER_BYTES;
    return send({ url: addressBelow(url, path), body, headers, maxBytes, timeoutMs, signal });
  }
}

/** Where an upload goes on: entries from `next` on of the tree of `end`. */
interface UploadPlace {
  readonly end: number;
  readonly next: number;
  readonly ticket: Uint8Array;
}

const PLAIN = 'text/plain; charset=utf-8';
const PACKED = { 'content-type': 'application/octet-stream', 'content-encoding': 'gzip' };
const SIZE_TYPE = 'text/x.tlog.size';
const INFO_TYPE = 'text/x.tlog.mirror-info';
const SIZE = /^(0|[1-9][0-9]{0,18})\n$/;
const INFO = /^(0|[1-9][0-9]{0,18})\n(0|[1-9][0-9]{0,18})\n([A-Za-z0-9+/=]*)\n$/;

function refusal(path: string, answer: BoundedAnswer): Error {
  const { status } = answer;
  if (status !== 429 && status < 500) return new PushRefused(path, answer);
  return new RequestFailed(`the mirror answers ${path} with ${status}`, { answer });
}

function sizeIn({ mediaType, body }: BoundedAnswer): number {
  const [, digits] = SIZE.exec(asciiOf(body)) ?? [];
  if (mediaType === SIZE_TYPE && digits !== undefined) return countOf(digits);
  throw malformed('409 without the size that it has');
}

function placeIn({ mediaType, body, status }: BoundedAnswer): UploadPlace {
  const [, end, next, ticket = ''] = INFO.exec(asciiOf(body)) ?? [];
  if (mediaType !== INFO_TYPE || end === undefined || next === undefined) {
    throw malformed(`${status} without where to go on`);
  }
  return { end: countOf(end), next: countOf(next), ticket: fromBase64(ticket) };
}

/** What is beyond a safe integer is beyond every copy. */
function countOf(digits: string): number {
  return Math.min(Number(digits), Number.MAX_SAFE_INTEGER);
}

function asciiOf(body: Uint8Array): string {
  return Buffer.from(body).toString('latin1');
}

function malformed(what: string): LogError {
  return new LogError('ENCODING_MALFORMED', `the mirror answers ${what}`);
}

/** The start of what it says, for the log lines of an operator. */
function reasonIn(body: Uint8Array): string {
  return JSON.stringify(asciiOf(body.subarray(0, 200)).trim());
}

function u16(value: number): Uint8Array {
  return Uint8Array.of(value >> 8, value & 0xff);
}

function u64(value: number): Uint8Array {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(value));
  return bytes;
}
