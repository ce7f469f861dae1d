/**
 * Look-ups of leaf hashes, gathered: while one read is under way the next one collects, so that a busy log asks
 * its store once for many submissions and a quiet one asks at once. State: the look-ups that wait.
 */

import type { LogStore } from '../storage/log-store.js';

interface Waiting {
  readonly leafHash: Uint8Array;
  readonly resolve: (index: number | undefined) => void;
  readonly reject: (error: unknown) => void;
}

/** Gathers look-ups of one log; a failed read fails the look-ups that it was made for, and no others. */
export class IndexLookups {
  readonly #log: Pick<LogStore, 'indexesOf'>;
  #waiting: Waiting[] = [];
  #reading = false;

  constructor(log: Pick<LogStore, 'indexesOf'>) {
    this.#log = log;
  }

  /** Returns the log index of a leaf hash, undefined where the store does not have it. */
  indexOf(leafHash: Uint8Array): Promise<number | undefined> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ leafHash, resolve, reject });
      if (this.#reading) return;
      this.#reading = true;
      void this.#read();
    });
  }

  async #read(): Promise<void> {
    // One microtask, so that look-ups of the same turn go together.
    await undefined;
    while (this.#waiting.length > 0) {
      const waiting = this.#waiting;
      this.#waiting = [];
      await this.#answer(waiting);
    }
    this.#reading = false;
  }
  async #answer(waiting: readonly Waiting[]): Promise<void> {
    try {
      const indexes = await this.#log.indexesOf(waiting.map((lookup) => lookup.leafHash));
      waiting.forEach((lookup, i) => {
        lookup.resolve(indexes[i]);
      });
    } catch (error) {
      // One damaged row must not decide about the others that share the read.
      if (waiting.length > 1) for (const lookup of waiting) await this.#answer([lookup]);
      else waiting[0]?.reject(error);
    }
  }
}
