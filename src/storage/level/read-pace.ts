/**
 * Whether a few rows are read on the event loop or in a thread.
 *
 * A row whose block is in memory is there sooner than a thread would have begun to look for it, and the loop may be busy
 * with other things before it hears of that. A row that is on the disk keeps the loop waiting, for 0.2 to 2 ms, while in
 * threads several are waited for at once. Which it will be shows only by reading; so what the last reads took decides,
 * and while threads read, the loop tries again now and then. The instance owns the average and the time of the last try.
 */

/** Reads slower than this on average came from the disk. In milliseconds, for a row. */
const SLOW_MS = 0.08;
/** How much one more read moves the average. */
const WEIGHT = 1 / 16;
/** A read that stopped for something else, as a collection of garbage, counts for no more than this. */
const SLOWEST_COUNTED_MS = 0.5;
/** Time between two tries on the loop while threads read. */
const RETRY_MS = 20;

/** Judges by the time that reads took. */
export class ReadPace {
  readonly #nowMs: () => number;
  #averageMs = 0;
  #triedMs = Number.NEGATIVE_INFINITY;

  /** `nowMs`: a clock that never goes back. */
  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  /** Returns what `read` returns, which reads `rows` rows on the event loop, and takes its time. */
  timed<Result>(rows: number, read: () => Result): Result {
    const started = this.#nowMs();
    const result = read();
    this.#triedMs = this.#nowMs();
    const tookMs = Math.min((this.#triedMs - started) / rows, SLOWEST_COUNTED_MS);
    this.#averageMs += (tookMs - this.#averageMs) * WEIGHT;
    return result;
  }

  /** Whether the next rows are better read in a thread. */
  prefersThread(): boolean {
    return this.#averageMs > SLOW_MS && this.#nowMs() - this.#triedMs < RETRY_MS;
  }
}
