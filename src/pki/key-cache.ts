/**
 * A small cache that forgets what was used least recently.
 */

/** Keeps at most `capacity` values by name. */
export class KeyCache<Value> {
  readonly #capacity: number;
  readonly #values = new Map<string, Value>();

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  /** Returns the value kept under `name`, undefined when there is none (any more). */
  get(name: string): Value | undefined {
    const value = this.#values.get(name);
    if (value === undefined) return undefined;
    // A Map iterates in the order of insertion: put it last again.
    this.#values.delete(name);
    this.#values.set(name, value);
    return value;
  }

  /** Keeps `value` under `name`, dropping the least recently used one when the cache is full. */
  set(name: string, value: Value): void {
    this.#values.delete(name);
    this.#values.set(name, value);
    if (this.#values.size <= this.#capacity) return;
    for (const oldest of this.#values.keys()) {
      this.#values.delete(oldest);
      return;
    }
  }
}
