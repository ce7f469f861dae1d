/**
 * A thread that is sent blocks of bytes and answers each of them, in their order.
 *
 * In scope: the life of the thread, and what becomes of blocks when it is lost. Out of scope: what blocks hold. The
 * instance owns the thread, which starts when it is first needed and keeps the process alive only while it works.
 */

import { Worker } from 'node:worker_threads';

/** What it works with. */
export interface PackedThreadOptions {
  /** The thread's code: it answers each message with one. */
  readonly module: URL;
  /** Given to the thread when it starts. */
  readonly workerData?: unknown;
  /** Told once that the thread is lost, or could not be started; no block is answered from then on. */
  lost(error: unknown): void;
}

interface Block<Answer> {
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: Error) => void;
}

/** Has blocks answered. */
export class PackedThread<Answer> {
  readonly #options: PackedThreadOptions;
  #worker: Worker | undefined;
  /** Blocks in the thread, in the order in which it answers. */
  #sent: Block<Answer>[] = [];
  #hasEnded = false;

  constructor(options: PackedThreadOptions) {
    this.#options = options;
  }

  /** True while no block is in the thread. */
  get isFree(): boolean {
    return this.#sent.length === 0;
  }

  /** Returns the answer to a block, which goes to the thread and is empty here from then on. Throws once it has ended. */
  ask(block: ArrayBuffer): Promise<Answer> {
    return new Promise((resolve, reject) => {
      if (this.#hasEnded) throw ended();
      this.#sent.push({ resolve, reject });
      try {
        this.#worker ??= this.#newWorker();
        this.#worker.postMessage(block, [block]);
        this.#worker.ref();
      } catch (error) {
        this.#lost(error);
      }
    });
  }

  /** Ends the thread; blocks in it are refused. */
  async close(): Promise<void> {
    const [worker, left] = [this.#worker, this.#sent];
    this.#hasEnded = true;
    this.#worker = undefined;
    this.#sent = [];
    for (const { reject } of left) reject(ended());
    await worker?.terminate();
  }

  #newWorker(): Worker {
    const { module, workerData } = this.#options;
    const worker = new Worker(module, { env: {}, workerData });
    worker.on('message', (answer: Answer) => this.#answered(answer));
    worker.on('error', (error) => this.#lost(error));
    worker.on('exit', (code) => this.#lost(new Error(`the thread ended with ${code}`)));
    return worker;
  }

  #answered(answer: Answer): void {
    const block = this.#sent.shift();
    if (this.isFree) this.#worker?.unref();
    block?.resolve(answer);
  }

  #lost(error: unknown): void {
    if (this.#hasEnded) return;
    void this.close();
    this.#options.lost(error);
  }
}

function ended(): Error {
  return new Error('the thread has ended');
}
