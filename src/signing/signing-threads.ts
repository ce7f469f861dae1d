/**
 * Threads that sign: messages in, signatures out, those that somebody waits for with a lock in hand first.
 *
 * A thread has one message at a time. When it is lost, that message is refused and no other: the next one gets a new
 * thread. In scope: order, and the lives of the threads. Out of scope: keys and algorithms (the thread's code). The
 * instance owns the threads and what waits for them.
 */

import { PackedThread } from '../threads/packed-thread.js';

/** What they work with. */
export interface SigningThreadsOptions {
  /** The threads' code: it answers each message with its signature. */
  readonly module: URL;
  /** Given to each thread. */
  readonly workerData: unknown;
  /** Most threads at once, at least 1; a thread is started when there is work for it. */
  readonly threads: number;
}

/** Whose turn it is: all that is `first` comes before all that is `later`. */
export type SigningTurn = 'first' | 'later';

/** Has messages signed. */
export class SigningThreads {
  readonly #options: SigningThreadsOptions;
  readonly #waiting: Readonly<Record<SigningTurn, Waiting[]>> = { first: [], later: [] };
  readonly #threads = new Set<PackedThread<ArrayBuffer>>();
  #isClosed = false;

  constructor(options: SigningThreadsOptions) {
    this.#options = options;
  }

  /** Returns the signature of a message. Throws when its thread is lost, and once this is closed. */
  sign(message: Uint8Array, turn: SigningTurn): Promise<Uint8Array> {
    return new Promise((resolve, reject) => {
      if (this.#isClosed) throw closed();
      this.#waiting[turn].push({ message, resolve, reject });
      this.#handOut();
    });
  }

  /** Ends the threads: what they are at is refused, and so is what waits. */
  async close(): Promise<void> {
    this.#isClosed = true;
    const { first, later } = this.#waiting;
    for (const { reject } of [...first.splice(0), ...later.splice(0)]) reject(closed());
    await Promise.all([...this.#threads].map((thread) => thread.close()));
  }

  #handOut(): void {
    const { first, later } = this.#waiting;
    for (;;) {
      const thread = first.length + later.length === 0 ? undefined : this.#freeThread();
      const next = thread && (first.shift() ?? later.shift());
      if (next === undefined) return;
      void this.#signIn(thread as PackedThread<ArrayBuffer>, next);
    }
  }

  async #signIn(thread: PackedThread<ArrayBuffer>, { message, ...asked }: Waiting): Promise<void> {
    try {
      asked.resolve(new Uint8Array(await thread.ask(Uint8Array.from(message).buffer)));
    } catch (error) {
      asked.reject(error);
    }
    if (!this.#isClosed) this.#handOut();
  }

  #freeThread(): PackedThread<ArrayBuffer> | undefined {
    for (const thread of this.#threads) if (thread.isFree) return thread;
    const { module, workerData, threads } = this.#options;
    if (this.#threads.size >= threads) return undefined;
    const lost = (): void => {
      this.#threads.delete(thread);
    };
    const thread = new PackedThread<ArrayBuffer>({ module, workerData, lost });
    this.#threads.add(thread);
    return thread;
  }
}

interface Waiting {
  readonly message: Uint8Array;
  resolve(signature: Uint8Array): void;
  reject(error: unknown): void;
}

function closed(): Error {
  return new Error('the threads that sign are closed');
}
