/**
 * Rows read in threads, those that one turn of the event loop asks for together: to send one read and to hear of it costs
 * as much as to read several rows.
 *
 * In scope: which keys are read in one go, and on how many threads. Out of scope: whether to read in threads at all
 * (read-pace.ts), what the rows mean. State: the reads that wait and the number of those under way.
 */

type Value = Buffer | undefined;

/** Reads keys in one thread. */
export type ReadKeys = (keys: readonly Buffer[]) => Promise<readonly Value[]>;

/** Of the four threads of Node's pool one is left for commits. */
const MOST_THREADS = 3;

/** Reads that are not divided among threads. */
const WORTH_A_THREAD = 4;

/** Reads in one go: the first of them waits for the last. */
const MOST_TOGETHER = 32;

interface Asked {
  readonly keys: readonly Buffer[];
  resolve(values: Value[]): void;
  reject(error: unknown): void;
}

/** Puts reads together. */
export class GroupedReads {
  readonly #readKeys: ReadKeys;
  #waiting: Asked[] = [];
  #underWay = 0;
  #isScheduled = false;

  constructor(readKeys: ReadKeys) {
    this.#readKeys = readKeys;
  }

  /** Returns the value of each of a few keys, undefined where there is none. Throws what reading just these throws. */
  getMany(keys: readonly Buffer[]): Promise<Value[]> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ keys, resolve, reject });
      if (this.#isScheduled) return;
      this.#isScheduled = true;
      setImmediate(() => {
        this.#isScheduled = false;
        this.#send();
      });
    });
  }

  /** Shares what waits among the threads that are free. */
  #send(): void {
    for (; this.#underWay < MOST_THREADS && this.#waiting.length > 0; ) {
      const share = Math.ceil(this.#waiting.length / (MOST_THREADS - this.#underWay));
      const count = Math.min(Math.max(share, WORTH_A_THREAD), MOST_TOGETHER);
      void this.#read(this.#waiting.splice(0, count));
    }
  }

  async #read(group: readonly Asked[]): Promise<void> {
    this.#underWay += 1;
    try {
      const values = await this.#readKeys(group.flatMap(({ keys }) => keys));
      let from = 0;
      for (const { keys, resolve } of group) {
        resolve(values.slice(from, from + keys.length));
        from += keys.length;
      }
    } catch (error) {
      await this.#readAlone(group, error);
    }
    this.#underWay -= 1;
    this.#send();
  }

  /** One damaged row fails the whole group: its neighbours must not hear of it. */
  async #readAlone(group: readonly Asked[], error: unknown): Promise<void> {
    if (group.length === 1) {
      group[0]?.reject(error);
      return;
    }
    for (const { keys, resolve, reject } of group) {
      await this.#readKeys(keys).then((values) => resolve([...values]), reject);
    }
  }
}
