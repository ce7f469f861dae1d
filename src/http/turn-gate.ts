/**
 * A share of each turn of the event loop for costly requests.
 *
 * Clients that send at the same moment are read in one turn, and what they ask for would be done in that turn, one
 * after the other, before anybody else is heard. State: who waits, and when this turn's first one began.
 */

/** How long costly requests may be begun in one turn, in milliseconds. */
const SHARE_MS = 2;

/** Lets requests through in the order of arrival, in each turn until their share of it is used up. */
export class TurnGate {
  readonly #waiting: (() => void)[] = [];
  readonly #nowMs: () => number;
  #beganMs: number | undefined;

  /** `nowMs` never goes back. */
  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  /** Returns when the caller may begin; undefined when that is now. */
  pass(): Promise<void> | undefined {
    if (this.#waiting.length === 0 && this.#hasTime()) return undefined;
    return new Promise((resolve) => {
      this.#waiting.push(resolve);
      setImmediate(() => this.#letThrough());
    });
  }

  // One callback for each that waits: what one of them begins is done before the next callback is called.
  #letThrough(): void {
    if (this.#hasTime()) this.#waiting.shift()?.();
    else setImmediate(() => this.#letThrough());
  }

  #hasTime(): boolean {
    if (this.#beganMs !== undefined) return this.#nowMs() - this.#beganMs < SHARE_MS;
    this.#beganMs = this.#nowMs();
    setImmediate(() => {
      this.#beganMs = undefined;
    });
    return true;
  }
}
