/**
 * The head that a witnessed log shows, and its note: on disk before it is served, never an older one after a newer.
 *
 * Spec: ARCHITECTURE.md, "The commit", the published head. In scope: the order of notes, one write at a time. Out of scope:
 * which heads are offered, and when (publisher.ts). State: the note that is served, and the one to be written next.
 */

import { utf8 } from '../encoding/bytes.js';
import type { Policy } from '../note/policy.js';
import type { LateRowWriter } from './late-rows.js';
import { type PublishedNote, publishedNote, unitedCosignatures } from './published-note.js';

/** What it works with. */
export interface PublishedHeadOptions {
  readonly late: LateRowWriter;
  readonly policy: Policy;
  /** The stored note, as far as it may still be served. */
  readonly stored: PublishedNote | undefined;
  /** Called when a note is on disk, and served from now on; `before` was served until then. Must not throw. */
  served(note: PublishedNote, before: PublishedNote | undefined): void;
}

/** The published head of one log. */
export class PublishedHead {
  readonly #options: PublishedHeadOptions;
  #current: PublishedNote | undefined;
  /** The best of what was offered: those between it and what is served are never written. */
  #best: PublishedNote | undefined;
  #writing: Promise<boolean> = Promise.resolve(true);

  constructor(options: PublishedHeadOptions) {
    this.#options = options;
    this.#current = options.stored;
    this.#best = options.stored;
  }

  /** What is served now; undefined: nothing yet. */
  get current(): PublishedNote | undefined {
    return this.#current;
  }

  /** Returns, when that is certain, whether `note` or a better one is on disk and served. Never rejects. */
  offer(note: PublishedNote): Promise<boolean> {
    this.#best = this.#better(this.#best, note);
    this.#writing = this.#writing.then(() => this.#write());
    return this.#writing;
  }

  /** Returns when nothing is being written. */
  async idle(): Promise<void> {
    await this.#writing;
  }

  async #write(): Promise<boolean> {
    const { late, served } = this.#options;
    const [before, best] = [this.#current, this.#best];
    if (best === undefined || best === before) return true;
    const { size, note } = best;
    const row = { kind: 'published', size, bytes: utf8(note) } as const;
    if (!(await late.write({ notes: [row], sync: true }))) return false;
    this.#current = best;
    served(best, before);
    return true;
  }

  /** A larger tree, or further cosignatures of the same: a line that is served is never taken away or changed. */
  #better(known: PublishedNote | undefined, offered: PublishedNote): PublishedNote {
    if (known === undefined || offered.size > known.size) return offered;
    if (offered.size < known.size) return known;
    const united = unitedCosignatures(known.cosignatures, offered.cosignatures);
    if (united.length === known.cosignatures.length) return known;
    return publishedNote(known.own, united, this.#options.policy);
  }
}
