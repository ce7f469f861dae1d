/**
 * The checkpoints of one log that uploads may be held against: the pending one, and some before it.
 *
 * Spec: https://c2sp.org/tlog-mirror. Each was proven to begin with the one before, so leaves that go with any of them go with
 * all. In scope: keeping them, on disk before anybody is told; tickets, by which a client brings one back that was forgotten. Out of
 * scope: proving (upload-intake.ts). State: the checkpoints, newest last.
 */

import { createHmac, timingSafeEqual } from 'node:crypto';
import { concatBytes, utf8 } from '../encoding/bytes.js';
import { isLogError, LogError } from '../errors.js';
import { parseCheckpoint } from '../note/checkpoint.js';
import {
  firstOfEachKey,
  type NoteVerifier,
  openSignedNote,
  parseSignedNote,
  printSignedNote,
  type SignatureLine,
} from '../note/signed-note.js';
import type { KeptNotes } from './kept-notes.js';

/** A checkpoint that its log has signed. */
export interface PendingCheckpoint {
  /** Below 2^63: what is announced may be larger than what can be held. */
  readonly size: bigint;
  readonly root: Uint8Array;
  /** The signed text. */
  readonly text: string;
  /** The note with one line of each key of the log's, and no other. */
  readonly note: string;
}

/** What the checkpoints are kept with. */
export interface PendingOptions {
  readonly origin: string;
  readonly notes: KeptNotes;
  /** The note that the mirror has stated last: all that is pending begins with it, whatever became of `notes`. */
  readonly stated: string | undefined;
  /** Keys of the log. */
  readonly verifiers: readonly NoteVerifier[];
  /** Random, of this process alone and of this log alone. */
  readonly ticketSecret: Uint8Array;
}

/** Checkpoints that are remembered: uploads of a growing log take a while. */
const REMEMBERED = 16;
const MAC_BYTES = 32;
/** Its length is told in 16 bits. */
const MAX_TICKET_BYTES = 65_535;

/** The checkpoints of one log. */
export class PendingCheckpoints {
  readonly #options: PendingOptions;
  #known: readonly PendingCheckpoint[];

  private constructor(known: readonly PendingCheckpoint[], options: PendingOptions) {
    this.#known = known;
    this.#options = options;
  }

  /** Returns those that were kept. Throws STORE_CORRUPT when one is not the log's, and what the file throws. */
  static async load(options: PendingOptions): Promise<PendingCheckpoints> {
    const { notes, stated } = options;
    const kept = await notes.read();
    try {
      const known = kept.map((note) => openPending(note, options));
      const last = stated === undefined ? undefined : openPending(stated, options);
      // What was pending was put back to an older state than what was stated.
      const isLost = last !== undefined && last.size > (known.at(-1)?.size ?? -1n);
      return new PendingCheckpoints(isLost ? [...known, last] : known, options);
    } catch (cause) {
      if (!isLogError(cause)) throw cause;
      const reason = `a pending checkpoint is not the log's: ${cause.message}`;
      throw new LogError('STORE_CORRUPT', reason, { cause });
    }
  }

  /** The pending checkpoint, undefined before the first. */
  get newest(): PendingCheckpoint | undefined {
    return this.#known.at(-1);
  }

  /** Returns a checkpoint of this size that was pending once: one that is remembered, or that of the ticket. */
  ofSize(size: bigint, ticket: Uint8Array): PendingCheckpoint | undefined {
    return this.#known.findLast((each) => each.size === size) ?? this.#ofTicket(size, ticket);
  }

  /** Returns a checkpoint of this log out of a note. Throws NOTE_MALFORMED, NOTE_UNVERIFIED. */
  opened(note: string | Uint8Array): PendingCheckpoint {
    return openPending(note, this.#options);
  }

  /** Keeps a checkpoint, proven to begin with the newest one. It is on disk when it returns. Throws what the file throws. */
  async add(checkpoint: PendingCheckpoint): Promise<void> {
    const others = this.#known.filter(({ size }) => size !== checkpoint.size);
    const known = [...others, checkpoint].slice(-REMEMBERED);
    await this.#options.notes.write(known.map(({ note }) => note));
    this.#known = known;
  }

  /** Returns the ticket that brings a checkpoint back in the life of this process; empty for one that is too long. */
  ticketOf({ note }: PendingCheckpoint): Uint8Array {
    const bytes = utf8(note);
    if (MAC_BYTES + bytes.length > MAX_TICKET_BYTES) return new Uint8Array(0);
    return concatBytes(this.#mac(bytes), bytes);
  }

  #ofTicket(size: bigint, ticket: Uint8Array): PendingCheckpoint | undefined {
    if (ticket.length <= MAC_BYTES) return undefined;
    const note = ticket.subarray(MAC_BYTES);
    if (!timingSafeEqual(this.#mac(note), ticket.subarray(0, MAC_BYTES))) return undefined;
    const checkpoint = this.opened(note);
    return checkpoint.size === size ? checkpoint : undefined;
  }

  #mac(note: Uint8Array): Uint8Array {
    return createHmac('sha256', this.#options.ticketSecret).update(note).digest();
  }
}

/** Returns a checkpoint as it is kept: of a key that signs many times, which says nothing more, the first line. */
export function pendingOf(text: string, logLines: readonly SignatureLine[]): PendingCheckpoint {
  const { size, root } = parseCheckpoint(text);
  return {
    size,
    root,
    text,
    note: printSignedNote({ text, signatures: firstOfEachKey(logLines) }),
  };
}

function openPending(
  note: string | Uint8Array,
  { origin, verifiers }: PendingOptions,
): PendingCheckpoint {
  const signed = parseSignedNote(note);
  const pending = pendingOf(signed.text, openSignedNote(signed, verifiers));
  if (pending.text.startsWith(`${origin}\n`)) return pending;
  throw new LogError('NOTE_UNVERIFIED', `a checkpoint of another log than ${origin}`);
}
