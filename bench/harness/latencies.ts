/** Measured times, and their percentiles. */

/** Returns the smallest value that `fraction` (0 to 1) of the values do not exceed; 0 of nothing. */
export function percentile(sorted: ArrayLike<number>, fraction: number): number {
  const rank = Math.min(sorted.length - 1, Math.max(0, Math.ceil(fraction * sorted.length) - 1));
  return sorted[rank] ?? 0;
}

/** Returns the middle of `values`. */
export function median(values: readonly number[]): number {
  return percentile(
    [...values].sort((a, b) => a - b),
    0.5,
  );
}

/** What is said of many times, in milliseconds. */
export interface Spread {
  readonly count: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly p999Ms: number;
}

const FIRST_CAPACITY = 4096;

/** Times, kept at eight bytes each: hundreds of thousands are recorded while something is measured. */
export class Times {
  #values = new Float64Array(FIRST_CAPACITY);
  #count = 0;

  /** Keeps one more time. */
  add(milliseconds: number): void {
    if (this.#count === this.#values.length) {
      const larger = new Float64Array(2 * this.#count);
      larger.set(this.#values);
      this.#values = larger;
    }
    this.#values[this.#count++] = milliseconds;
  }

  /** Keeps all times of `other` too. */
  addAll(other: Times): void {
    for (const value of other.#values.subarray(0, other.#count)) this.add(value);
  }

  /** Returns how many there are, and their percentiles. */
  spread(): Spread {
    const sorted = this.#values.slice(0, this.#count).sort();
    return {
      count: this.#count,
      p50Ms: percentile(sorted, 0.5),
      p99Ms: percentile(sorted, 0.99),
      p999Ms: percentile(sorted, 0.999),
    };
  }
}
