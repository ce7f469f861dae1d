/**
 * One look at one log: its newest checkpoint, brought to a witness by add-checkpoint.
 *
 * Spec: https://c2sp.org/tlog-witness#add-checkpoint. In scope: fetching, the proof from what the witness knows, following its
 * 409. Out of scope: when to look (feeder.ts), deciding (the witness does, and trusts nothing that is said here).
 * State: what the witness was last known to have of this log.
 */

import type { BoundedAnswer, BoundedFetch } from '../client/bounded-fetch.js';
import { RequestFailed } from '../client/bounded-fetch.js';
import { type LogCheckpoint, openLogCheckpoint } from '../client/followed-log.js';
import { rekorV1Log } from '../client/rekor-v1-log.js';
import { addressBelow, type RemoteLog } from '../client/remote-log.js';
import { tilesLog } from '../client/tiles-log.js';
import { toBase64 } from '../encoding/base64.js';
import { fromUtf8 } from '../encoding/bytes.js';
import { LogError } from '../errors.js';
import type { NoteVerifier } from '../note/signed-note.js';
import type { FedLog } from './feed-config.js';

/** How logs and the witness are reached. */
export interface FeedReach {
  /** Submission prefix of the witness. */
  readonly witnessUrl: string;
  readonly fetch: BoundedFetch;
  /** For each request. */
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
}

/** What a look came to. */
export type FeedOutcome =
  | { readonly outcome: 'cosigned'; readonly size: number }
  /** The witness has cosigned this very checkpoint lately. */
  | { readonly outcome: 'unchanged'; readonly size: number }
  /** The log showed an older tree than the witness knows: a lagging copy, or a log that has lost entries. */
  | { readonly outcome: 'behind'; readonly size: number; readonly known: number };

/** A witness that says no: trying again at once is of no use, and somebody should look. */
export class WitnessRefused extends Error {
  override readonly name = 'WitnessRefused';
  readonly status: number;
  /** The checkpoint that it refused, a signed note: evidence where the status is 422. */
  readonly note: string;

  constructor(status: number, reason: string, note: string) {
    super(`the witness answers ${status}: ${reason}`);
    this.status = status;
    this.note = note;
  }
}

/** Requests for one checkpoint: the first may learn the size, the second be overtaken by somebody else's. */
const ATTEMPTS = 3;
const MAX_ANSWER_BYTES = 64 * 1024;
const SIZE_TYPE = 'text/x.tlog.size';

/** One log on its way to one witness. */
export class FedLogState {
  readonly #log: FedLog;
  readonly #verifier: NoteVerifier;
  readonly #reach: FeedReach;
  /** Size that the witness was last known to have: 0 until it has said so. */
  #known = 0;
  #cosigned: { readonly text: string; readonly atMs: number } | undefined;

  constructor(log: FedLog, verifier: NoteVerifier, reach: FeedReach) {
    this.#log = log;
    this.#verifier = verifier;
    this.#reach = reach;
  }

  /**
   * Looks once, at the time `nowMs`; a checkpoint that was cosigned more than `refreshMs` ago is cosigned anew. Throws
   * RequestFailed, WitnessRefused, and LogError for what the log should not have said.
   */
  async look(nowMs: number, refreshMs: number): Promise<FeedOutcome> {
    // Anew each time: tiles that were kept and do not fit would not fit for ever.
    const remote = this.#remote();
    const { origin } = this.#log;
    const checkpoint = openLogCheckpoint(await remote.checkpoint(), origin, [this.#verifier]);
    const { text, size } = checkpoint;
    const last = this.#cosigned;
    if (last?.text === text && nowMs - last.atMs < refreshMs) return { outcome: 'unchanged', size };
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      if (this.#known > size) return { outcome: 'behind', size, known: this.#known };
      if (await this.#post(checkpoint, remote)) {
        this.#cosigned = { text, atMs: nowMs };
        return { outcome: 'cosigned', size };
      }
    }
    throw new RequestFailed(`the witness answered 409 ${ATTEMPTS} times`);
  }

  /** Returns false when the witness has another size than was thought, which is known now. */
  async #post({ size, note }: LogCheckpoint, remote: RemoteLog): Promise<boolean> {
    const { witnessUrl, fetch, timeoutMs, signal } = this.#reach;
    const old = this.#known;
    const proof = old === 0 || old === size ? [] : await remote.consistency(old, size);
    const lines = [`old ${old}`, ...proof.map(toBase64)];
    const answer = await fetch({
      url: addressBelow(witnessUrl, 'add-checkpoint'),
      body: `${lines.join('\n')}\n\n${note}`,
      headers: { 'content-type': 'text/plain' },
      maxBytes: MAX_ANSWER_BYTES,
      timeoutMs,
      signal,
    });
    if (answer.status === 200) {
      this.#known = size;
      return true;
    }
    if (answer.status === 409) {
      this.#known = sizeIn(answer);
      return false;
    }
    if (answer.status === 429 || answer.status >= 500) {
      throw new RequestFailed(`the witness answers ${answer.status}`, { answer });
    }
    throw new WitnessRefused(answer.status, reasonIn(answer), note);
  }

  #remote(): RemoteLog {
    const { url, origin, kind } = this.#log;
    const { fetch, timeoutMs, signal } = this.#reach;
    const options = { url, fetch, timeoutMs, signal };
    return kind === 'tiles' ? tilesLog(options) : rekorV1Log(origin, options);
  }
}

function sizeIn({ mediaType, body }: BoundedAnswer): number {
  const [, digits] = /^(0|[1-9]\d{0,18})\n?$/.exec(Buffer.from(body).toString('latin1')) ?? [];
  const size = Number(digits);
  if (mediaType === SIZE_TYPE && Number.isSafeInteger(size)) return size;
  throw new LogError('ENCODING_MALFORMED', 'the witness answers 409 without the size that it has');
}

/** The start of what it says, for the log lines of an operator. */
function reasonIn({ body }: BoundedAnswer): string {
  try {
    return JSON.stringify(fromUtf8(body).trim().slice(0, 200));
  } catch {
    return 'no text';
  }
}
