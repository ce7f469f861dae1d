/**
 * The checkpoints of one log that uploads may be held against: the pending one, and some before it.
 *
 * Spec: https://c2sp.org/tlog-mirror. Each was proven to begin with the one before, so leaves that go with any of them go with
 * all. In scope: keeping them, on disk before anybody is told; tickets, by which a client brings one back that was forgotten. Out of
 * scope: proving (upload-intake.ts). State: the checkpoints, newest last.
 */

import { createHmac, timingSafeEqual } from 'node:crypto';
import type { LogCheckpoint } from '../client/followed-log.js';
import { concatBytes, utf8 } from '../encoding/bytes.js';
import { isLogError, LogError } from '../errors.js';
import type { OpenCheckpoint } from './belief.js';

/** Where the notes of one log lie. */
export interface PendingNotes {
  /** Returns the notes that were written last; none at first. */
  read(): Promise<readonly string[]>;
  /** Replaces them, all or nothing; they are on disk when it returns. */
  write(notes: readonly string[]): Promise<void>;
}

/** Checkpoints that are remembered: uploads of a growing log take a while. */
const REMEMBERED = 16;
const MAC_BYTES = 32;

/** The checkpoints of one log. */
export class PendingCheckpoints {
  readonly #notes: PendingNotes;
  readonly #open: OpenCheckpoint;
  readonly #secret: Uint8Array;
  #known: readonly LogCheckpoint[];

  private constructor(known: readonly LogCheckpoint[], options: PendingOptions) {
    this.#known = known;
    this.#notes = options.notes;
    this.#open = options.open;
    this.#secret = options.ticketSecret;
  }

  /** Returns those that were kept. Throws STORE_CORRUPT when one is not the log's. */
  static async load(options: PendingOptions): Promise<PendingCheckpoints> {
    const notes = await options.notes.read();
    try {
      return new PendingCheckpoints(
        notes.map((note) => options.open(note)),
        options,
      );
    } catch (cause) {
      if (!isLogError(cause)) throw cause;
      const reason = `a pending checkpoint is not the log's: ${cause.message}`;
      throw new LogError('STORE_CORRUPT', reason, { cause });
    }
  }

  /** The pending checkpoint, undefined before the first. */
  get newest(): LogCheckpoint | undefined {
    return this.#known.at(-1);
  }

  /** Returns a checkpoint of this size that was pending once: one that is remembered, or that of the ticket. */
  ofSize(size: number, ticket: Uint8Array): LogCheckpoint | undefined {
    return this.#known.findLast((each) => each.size === size) ?? this.#ofTicket(size, ticket);
  }

  /** Keeps a checkpoint, proven to begin with the newest one. It is on disk when it returns. */
  async add(checkpoint: LogCheckpoint): Promise<void> {
    const others = this.#known.filter(({ size }) => size !== checkpoint.size);
    const known = [...others, checkpoint].slice(-REMEMBERED);
    await this.#notes.write(known.map(({ note }) => note));
    this.#known = known;
  }

  /** Returns the ticket that brings a checkpoint back in the life of this process. */
  ticketOf({ note }: LogCheckpoint): Uint8Array {
    const bytes = utf8(note);
    return concatBytes(this.#mac(bytes), bytes);
  }

  #ofTicket(size: number, ticket: Uint8Array): LogCheckpoint | undefined {
    if (ticket.length <= MAC_BYTES) return undefined;
    const note = ticket.subarray(MAC_BYTES);
    if (!timingSafeEqual(this.#mac(note), ticket.subarray(0, MAC_BYTES))) return undefined;
    const checkpoint = this.#open(note);
    return checkpoint.size === size ? checkpoint : undefined;
  }

  #mac(note: Uint8Array): Uint8Array {
    return createHmac('sha256', this.#secret).update(note).digest();
  }
}

/** What the checkpoints are kept with. */
export interface PendingOptions {
  readonly notes: PendingNotes;
  readonly open: OpenCheckpoint;
  /** Random, of this process alone and of this log alone. */
  readonly ticketSecret: Uint8Array;
}
