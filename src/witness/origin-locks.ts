/** A lock for each log: steps of one log run one after the other, those of different logs side by side. */

/** Locks by name; a name takes no memory while nobody holds it. */
export class OriginLocks {
  #tails = new Map<string, Promise<void>>();

  /** Runs `step` when all steps of `name` before it have ended. Returns, or throws, what it does. */
  async exclusively<T>(name: string, step: () => Promise<T>): Promise<T> {
    const before = this.#tails.get(name);
    let release = (): void => {};
    const tail = new Promise<void>((resolve) => {
      release = resolve;
    });
    this.#tails.set(name, tail);
    try {
      await before;
      return await step();
    } finally {
      release();
      if (this.#tails.get(name) === tail) this.#tails.delete(name);
    }
  }
}
