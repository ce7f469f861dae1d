/**
 * Memory for what can be read or made again: bounded by what its values cost, the least recently used goes first.
 *
 * In scope: keeping and forgetting. Out of scope: what is kept, and who makes it again. The cache owns its map, the
 * values are shared with whoever gets them.
 */

/** What a value costs, in the unit of the bound: bytes, or 1 where values are counted. */
export type CostOf<Value> = (value: Value) => number;

/** Keeps values by key within a bound. */
export class BoundedCache<Key, Value> {
  readonly #bound: number;
  readonly #costOf: CostOf<Value>;
  /** Least recently used first: a Map keeps the order of insertion. */
  readonly #values = new Map<Key, Value>();
  #cost = 0;
  #newest: Key | undefined;

  /** A value must cost the same each time. */
  constructor(bound: number, costOf: CostOf<Value>) {
    this.#bound = bound;
    this.#costOf = costOf;
  }

  /** What is kept costs this; never more than the bound. */
  get cost(): number {
    return this.#cost;
  }

  /** Returns the value kept under `key`, undefined when there is none (any more). */
  get(key: Key): Value | undefined {
    const value = this.#values.get(key);
    if (value === undefined || key === this.#newest) return value;
    this.#values.delete(key);
    this.#values.set(key, value);
    this.#newest = key;
    return value;
  }

  /** Keeps `value`; one that costs more than the bound is not kept, nor what was under its key. */
  set(key: Key, value: Value): void {
    this.delete(key);
    const cost = this.#costOf(value);
    if (cost > this.#bound) return;
    this.#values.set(key, value);
    this.#newest = key;
    this.#cost += cost;
    for (const oldest of this.#values.keys()) {
      if (this.#cost <= this.#bound) return;
      this.delete(oldest);
    }
  }

  /** Forgets what is kept under `key`. */
  delete(key: Key): void {
    const value = this.#values.get(key);
    if (value === undefined) return;
    this.#values.delete(key);
    this.#cost -= this.#costOf(value);
  }
}
