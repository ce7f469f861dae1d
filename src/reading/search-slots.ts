/** Turns for searches: a few run, some wait, further ones are refused. State: who runs and who waits. */

import { LogError } from '../errors.js';

/** How many searches run and wait when nothing else is said; docs/differences.md names them. */
const SEARCHES_AT_ONCE = 4;
const SEARCHES_WAITING = 64;

/**
 * A search may read a hundred thousand rows and keeps its answer in memory. Without turns, as many as there are
 * connections would do so at once and leave nothing of the store's threads to submissions.
 */
export class SearchSlots {
  readonly #mostWaiting: number;
  #free: number;
  readonly #waiting: (() => void)[] = [];

  constructor(atOnce: number = SEARCHES_AT_ONCE, mostWaiting: number = SEARCHES_WAITING) {
    this.#free = atOnce;
    this.#mostWaiting = mostWaiting;
  }

  /** Returns what `search` returns, run in its turn. Throws OVERLOADED when too many wait already. */
  async run<Found>(search: () => Promise<Found>): Promise<Found> {
    await this.#turn();
    try {
      return await search();
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.#free += 1;
      else next();
    }
  }

  async #turn(): Promise<void> {
    if (this.#free > 0) {
      this.#free -= 1;
      return;
    }
    if (this.#waiting.length >= this.#mostWaiting) {
      throw new LogError('OVERLOADED', `${this.#waiting.length} searches wait already`);
    }
    // Whoever ends hands its place over, so nobody who comes later gets in between.
    await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }
}
