/** Work in pieces: so much in one turn of the event loop, so many at a time. */

import { setImmediate as nextTurn } from 'node:timers/promises';

/** The share of a turn that one piece of work has. */
export class TurnShare {
  readonly #nowMs: () => number;
  readonly #shareMs: number;
  #beganMs: number;

  /** `nowMs` never goes back. */
  constructor(nowMs: () => number, shareMs: number) {
    this.#nowMs = nowMs;
    this.#shareMs = shareMs;
    this.#beganMs = nowMs();
  }

  /** True when the rest belongs to another turn. */
  get isUsedUp(): boolean {
    return this.#nowMs() - this.#beganMs >= this.#shareMs;
  }

  /** Resolves in the next turn, with a new share. */
  async next(): Promise<void> {
    await nextTurn();
    this.#beganMs = this.#nowMs();
  }
}

/** Lets so many work at a time, the others in the order in which they came. */
export class Places {
  readonly #waiting: (() => void)[] = [];
  #free: number;

  constructor(count: number) {
    this.#free = count;
  }

  /** Resolves to what `work` gives, when it had its place. Rejects as it does. */
  async run<Result>(work: () => Promise<Result>): Promise<Result> {
    if (this.#free > 0) this.#free--;
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
    try {
      return await work();
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.#free++;
      else next();
    }
  }
}
