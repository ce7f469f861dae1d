/** Those who wait for a head of some size to be published. State: them. */

import type { Timing } from './timing.js';

/** How long they wait. */
export interface WaitersOptions {
  readonly timing: Timing;
  readonly waitMs: number;
  /** Called when somebody has waited so long; who is not served when it returns is refused. */
  overdue(): Promise<void>;
}

interface Waiter<Head> {
  readonly size: number;
  readonly resolve: (head: Head) => void;
  readonly reject: (error: Error) => void;
  readonly cancel: () => void;
}

/** More would take the server's requests under way from those who wait for nobody. */
const MOST_WAITERS = 2_048;

/** Waiters for heads. */
export class Waiters<Head extends { readonly size: number }> {
  readonly #options: WaitersOptions;
  readonly #waiting = new Set<Waiter<Head>>();

  constructor(options: WaitersOptions) {
    this.#options = options;
  }

  /** How many wait. */
  get size(): number {
    return this.#waiting.size;
  }

  /**
   * Returns the first head of at least `size` leaves that is served; throws what `refusal` makes when it took too long, and
   * when too many wait.
   */
  async add(size: number, refusal: () => Error): Promise<Head> {
    const { timing, waitMs, overdue } = this.#options;
    if (this.#waiting.size >= MOST_WAITERS) throw refusal();
    return new Promise<Head>((resolve, reject) => {
      const cancel = timing.after(waitMs, () => {
        void overdue().then(() => {
          if (this.#waiting.delete(waiter)) reject(refusal());
        });
      });
      const waiter = { size, resolve, reject, cancel };
      this.#waiting.add(waiter);
    });
  }

  /** Gives a head to everybody who waits for it or for a smaller one. */
  serve(head: Head): void {
    for (const waiter of this.#waiting) {
      if (waiter.size <= head.size) this.#end(waiter).resolve(head);
    }
  }

  /** Sends everybody away. */
  refuseAll(refusal: () => Error): void {
    for (const waiter of this.#waiting) this.#end(waiter).reject(refusal());
  }

  #end(waiter: Waiter<Head>): Waiter<Head> {
    waiter.cancel();
    this.#waiting.delete(waiter);
    return waiter;
  }
}
