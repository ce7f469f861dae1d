/**
 * Threads that can be killed: one task at a time each, under a limit on time and memory.
 *
 * In scope: handing tasks out in order, killing and replacing a thread that takes too long or too much, bounds on
 * how many wait and for how long. Out of scope: what a task is (entry-task.ts). The pool owns its threads; they start
 * when there is work for them, and never keep the process alive.
 */

import { Worker } from 'node:worker_threads';
import { LogError } from '../errors.js';
import { type Failure, failureError } from './failure.js';

/** Bounds of a pool. */
export interface ThreadLimits {
  readonly threads: number;
  /** Longest time for one task, in milliseconds, from when a thread takes it; it waits for one no longer than that. */
  readonly timeLimitMs: number;
  /** Largest heap of a thread, in MiB; buffers outside of it are bounded by the readers themselves. */
  readonly memoryLimitMb: number;
  /** Most tasks that wait for a thread. */
  readonly waiting: number;
}

/** What a thread answers. */
export type ThreadAnswer<Result> = { readonly result: Result } | { readonly failure: Failure };

interface Job<Task, Result> {
  readonly task: Task;
  readonly resolve: (result: Result) => void;
  readonly reject: (error: Error) => void;
  /** Ends its waiting. */
  timer: NodeJS.Timeout | undefined;
}

interface Thread<Task, Result> {
  readonly worker: Worker;
  job: Job<Task, Result> | undefined;
  timer: NodeJS.Timeout | undefined;
}

/** Runs tasks on threads of one module. */
export class ThreadPool<Task, Result> {
  readonly #module: URL;
  readonly #limits: ThreadLimits;
  readonly #threads = new Set<Thread<Task, Result>>();
  #waiting: Job<Task, Result>[] = [];
  #stopped = false;

  /** `module` answers each message, a task, with one ThreadAnswer. */
  constructor(module: URL, limits: ThreadLimits) {
    this.#module = module;
    this.#limits = limits;
  }

  /**
   * Returns what a thread made of `task`. Throws what it threw; ENTRY_TOO_COSTLY when it was killed, OVERLOADED when
   * too many tasks wait, or this one for too long, or no thread can be started, SHUTTING_DOWN after `stop`.
   */
  run(task: Task): Promise<Result> {
    return new Promise((resolve, reject) => {
      const job: Job<Task, Result> = { task, resolve, reject, timer: undefined };
      const thread = this.#stopped ? undefined : this.#freeThread();
      if (this.#stopped) reject(closing());
      else if (thread !== undefined) this.#start(thread, job);
      else if (this.#waiting.length < this.#limits.waiting) this.#wait(job);
      else reject(new LogError('OVERLOADED', `${this.#waiting.length} entries wait to be read`));
    });
  }

  /** Takes no more tasks and refuses those that wait; those that run may end. */
  stop(): void {
    this.#stopped = true;
    for (let job = this.#nextJob(); job !== undefined; job = this.#nextJob()) job.reject(closing());
  }

  /** Ends the threads; whoever waits for one is refused. */
  async close(): Promise<void> {
    this.stop();
    const threads = [...this.#threads];
    for (const thread of threads) this.#settle(thread)?.reject(closing());
    await Promise.all(threads.map(({ worker }) => worker.terminate()));
  }

  #freeThread(): Thread<Task, Result> | undefined {
    for (const thread of this.#threads) if (thread.job === undefined) return thread;
    return this.#threads.size < this.#limits.threads ? this.#newThread() : undefined;
  }

  #newThread(): Thread<Task, Result> {
    const worker = this.#newWorker();
    const thread: Thread<Task, Result> = { worker, job: undefined, timer: undefined };
    worker.on('message', (answer: ThreadAnswer<Result>) => this.#answered(thread, answer));
    worker.on('error', (error) => this.#lost(thread, error));
    worker.on('exit', () => this.#lost(thread, new Error('a thread ended by itself')));
    // After the listeners: a new one would hold the process again.
    worker.unref();
    this.#threads.add(thread);
    return thread;
  }

  #newWorker(): Worker {
    const { memoryLimitMb } = this.#limits;
    try {
      return new Worker(this.#module, {
        resourceLimits: { maxOldGenerationSizeMb: memoryLimitMb, maxYoungGenerationSizeMb: 32 },
        // Nothing of the environment is any business of a reader of foreign files.
        env: {},
      });
    } catch (cause) {
      // The system has no thread left for us; it may have one again.
      throw new LogError('OVERLOADED', 'no thread can be started to read the entry', { cause });
    }
  }

  /** Answers come within twice the limit, however many costly tasks others have sent before. */
  #wait(job: Job<Task, Result>): void {
    const { timeLimitMs } = this.#limits;
    job.timer = setTimeout(() => {
      this.#waiting = this.#waiting.filter((other) => other !== job);
      job.reject(new LogError('OVERLOADED', `no thread was free for ${timeLimitMs} ms`));
    }, timeLimitMs);
    this.#waiting.push(job);
  }

  #start(thread: Thread<Task, Result>, job: Job<Task, Result>): void {
    thread.job = job;
    const { timeLimitMs } = this.#limits;
    thread.timer = setTimeout(() => {
      this.#threads.delete(thread);
      this.#settle(thread)?.reject(tooCostly(`more than ${timeLimitMs} ms`));
      void thread.worker.terminate();
      this.#startNext();
    }, timeLimitMs);
    try {
      thread.worker.postMessage(job.task);
    } catch (error) {
      // What cannot be sent fails alone; the thread never heard of it.
      this.#settle(thread)?.reject(error as Error);
      this.#startNext();
    }
  }

  #answered(thread: Thread<Task, Result>, answer: ThreadAnswer<Result>): void {
    const job = this.#settle(thread);
    if ('failure' in answer) job?.reject(failureError(answer.failure));
    else job?.resolve(answer.result);
    this.#startNext();
  }

  #lost(thread: Thread<Task, Result>, error: Error): void {
    if (!this.#threads.delete(thread)) return;
    const isMemory = (error as NodeJS.ErrnoException).code === 'ERR_WORKER_OUT_OF_MEMORY';
    const { memoryLimitMb } = this.#limits;
    this.#settle(thread)?.reject(
      isMemory ? tooCostly(`more than ${memoryLimitMb} MiB of memory`) : error,
    );
    this.#startNext();
  }

  #startNext(): void {
    if (this.#waiting.length === 0) return;
    try {
      const thread = this.#freeThread();
      const job = thread === undefined ? undefined : this.#nextJob();
      if (thread !== undefined && job !== undefined) this.#start(thread, job);
    } catch (error) {
      // Nobody calls who could be told but the one whose turn it is; the others wait on.
      this.#nextJob()?.reject(error as Error);
    }
  }

  /** Takes the job that has waited longest. */
  #nextJob(): Job<Task, Result> | undefined {
    const job = this.#waiting.shift();
    clearTimeout(job?.timer);
    return job;
  }

  /** Takes the job off a thread; whoever takes it settles its promise. */
  #settle(thread: Thread<Task, Result>): Job<Task, Result> | undefined {
    const { job } = thread;
    clearTimeout(thread.timer);
    thread.job = undefined;
    return job;
  }
}

function tooCostly(what: string): LogError {
  return new LogError('ENTRY_TOO_COSTLY', `reading the entry took ${what}`);
}

function closing(): LogError {
  return new LogError('SHUTTING_DOWN', 'the server is shutting down');
}
