/**
 * What is known of a log's leaf hashes without asking its database.
 *
 * At first nothing: every hash may be there. The hashes of all leaves are read after the start, beside commits, from the
 * tiles, where 256 of them lie in a row. In scope: from when on the filter may be believed. Out of scope: the filter
 * (leaf-hash-filter.ts), the look into the database. The instance owns the filters.
 */

import { setImmediate as nextTurn } from 'node:timers/promises';
import { TILE_WIDTH } from '../../merkle/tile.js';
import { LeafHashFilter } from './leaf-hash-filter.js';

/** Leaf hashes that are learnt in one turn of the event loop: four tiles, some 0.2 ms. */
const HASHES_A_TURN = 4 * TILE_WIDTH;

/** The leaf hashes of one log. */
export class KnownLeafHashes {
  /** Once it has the hashes of all leaves, those of a commit that is under way included. */
  #complete: LeafHashFilter | undefined;
  /** What `#complete` will be. */
  #growing: LeafHashFilter | undefined;

  /** Returns false for a hash that no leaf of the log has. */
  mayHave(hash: Uint8Array): boolean {
    return this.#complete === undefined || this.#complete.mayHave(hash);
  }

  /** Takes in a hash before its commit is written: one too many does no harm, whatever becomes of the commit. */
  add(hash: Uint8Array): void {
    this.#growing?.add(hash);
  }

  /** Begins anew: from here on every commit is told by `add`, and the log has `size` leaves without them. */
  begin(size: number): void {
    this.#complete = undefined;
    this.#growing = new LeafHashFilter(size);
  }

  /** True once `mayHave` tells new hashes from those that are there. */
  get isComplete(): boolean {
    return this.#complete !== undefined;
  }

  /** Learns the hashes of the first `size` leaves; with an aborted signal, or an error of `read`, nothing is known. */
  async learn(
    size: number,
    read: (from: number, to: number) => Promise<Uint8Array>,
    signal: AbortSignal | undefined,
  ): Promise<void> {
    const filter = this.#growing;
    let learnt = 0;
    try {
      while (learnt < size && signal?.aborted !== true) {
        const to = Math.min(learnt + HASHES_A_TURN, size);
        filter?.add(await read(learnt, to));
        learnt = to;
        await nextTurn();
      }
    } finally {
      // Begun anew meanwhile: newer commits were told to another filter.
      if (filter === this.#growing) {
        if (learnt === size) this.#complete = filter;
        else this.#growing = undefined;
      }
    }
  }
}
