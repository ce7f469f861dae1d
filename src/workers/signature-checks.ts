/**
 * Signature checks beside the event loop: those that one turn brings go to a free thread in one block, and while the
 * threads work the next block collects. A check that is alone is made here, as sending it costs as much, unless there were
 * others a moment ago: then the event loop has better to do.
 *
 * In scope: what goes where, and what becomes of checks whose thread is lost. Out of scope: the checks themselves
 * (entries/verify-signatures.ts). The instance owns the threads; each starts when it is first needed and keeps the
 * process alive only while it works.
 */

import { Worker } from 'node:worker_threads';
import type { SignatureCheck, SignatureVerdict, SignatureVerifier } from '../entries/entry-kind.js';
import { verdictsOn } from '../entries/verify-signatures.js';
import { packChecks } from './packed-checks.js';

/** Compiled code alone: a loader of sources does not reach into threads. */
const THREAD_MODULE = new URL('./signature-thread.js', import.meta.url);

/** Checks in one block: an answer is never far away, however many wait. */
const MOST_IN_BLOCK = 64;

/** Checks that are not divided among threads: what they share makes each of them cheaper. */
const WORTH_A_THREAD = 8;

/** Checks that come alone after a block and are sent all the same. */
const ALONE_AFTER_BLOCK = 16;

/** A message that is longer is hashed in a thread even when its check is alone: the event loop has others to serve. */
const LONG_MESSAGE = 64 * 1024;

interface Asked {
  readonly checks: readonly SignatureCheck[];
  readonly resolve: (verdicts: readonly SignatureVerdict[]) => void;
  readonly reject: (error: unknown) => void;
}

interface Thread {
  readonly worker: Worker;
  /** What it works at; nothing when it is free. */
  sent: readonly Asked[];
}

/** What it works with. */
export interface SignatureChecksOptions {
  /** The most threads there may be; 0: all is checked on the event loop, as where there is one processor. */
  readonly threads: number;
  /** Told that a thread is lost; checks are made on the event loop from then on. */
  lost(error: unknown): void;
  /** The thread's code. */
  readonly module?: URL;
}

/** Makes signature checks. */
export class SignatureChecks {
  readonly #module: URL;
  readonly #lost: (error: unknown) => void;
  #mostThreads: number;
  readonly #threads = new Set<Thread>();
  #waiting: Asked[] = [];
  #isScheduled = false;
  /** How many that come alone now are sent. */
  #sentAlone = 0;

  constructor({ threads, lost, module = THREAD_MODULE }: SignatureChecksOptions) {
    this.#module = module;
    this.#mostThreads = threads;
    this.#lost = lost;
  }

  /** See SignatureVerifier. What a check throws fails whoever asked for it, and nobody else. */
  readonly verify: SignatureVerifier = (checks) =>
    new Promise((resolve, reject) => {
      this.#waiting.push({ checks, resolve, reject });
      this.#schedule();
    });

  /** Ends the threads; what they work at is checked here. */
  async close(): Promise<void> {
    await Promise.all(this.#giveUpThreads().map((worker) => worker.terminate()));
  }

  /** At the end of the turn, when all that it brings is known. */
  #schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    setImmediate(() => {
      this.#isScheduled = false;
      this.#send();
    });
  }

  /** Shares what waits among the threads that are free. */
  #send(): void {
    const busy = [...this.#threads].filter(({ sent }) => sent.length > 0).length;
    for (let free = this.#mostThreads - busy; free > 0 && this.#waiting.length > 0; free -= 1) {
      const share = Math.ceil(this.#waiting.length / free);
      const block = this.#takeBlock(Math.max(share, WORTH_A_THREAD));
      const isAlone = checksOf(block).length <= 1;
      if (isAlone && this.#sentAlone === 0 && !checksOf(block).some(isLong)) checkHere(block);
      else {
        this.#sentAlone = isAlone ? Math.max(0, this.#sentAlone - 1) : ALONE_AFTER_BLOCK;
        this.#sendBlock(block);
      }
    }
    if (this.#mostThreads > 0) return;
    checkHere(this.#waiting);
    this.#waiting = [];
  }

  #takeBlock(most: number): Asked[] {
    const block: Asked[] = [];
    let count = 0;
    while (block.length < most && count < MOST_IN_BLOCK) {
      const next = this.#waiting.shift();
      if (next === undefined) break;
      block.push(next);
      count += next.checks.length;
    }
    return block;
  }

  #sendBlock(block: readonly Asked[]): void {
    try {
      const thread = this.#freeThread();
      const packed = packChecks(checksOf(block));
      thread.worker.postMessage(packed, [packed]);
      thread.worker.ref();
      thread.sent = block;
    } catch (error) {
      this.#waiting.unshift(...block);
      this.#threadLost(error);
    }
  }

  #freeThread(): Thread {
    for (const thread of this.#threads) if (thread.sent.length === 0) return thread;
    const worker = new Worker(this.#module, { env: {} });
    const thread: Thread = { worker, sent: [] };
    worker.on('message', (verdicts: readonly SignatureVerdict[]) =>
      this.#answered(thread, verdicts),
    );
    worker.on('error', (error) => this.#threadLost(error));
    worker.on('exit', (code) => this.#threadLost(new Error(`the thread ended with ${code}`)));
    this.#threads.add(thread);
    return thread;
  }

  #answered(thread: Thread, verdicts: readonly SignatureVerdict[]): void {
    const block = thread.sent;
    thread.sent = [];
    thread.worker.unref();
    answer(block, verdicts);
    this.#send();
  }

  #threadLost(error: unknown): void {
    if (this.#mostThreads === 0) return;
    this.#lost(error);
    for (const worker of this.#giveUpThreads()) void worker.terminate();
  }

  /** Returns those that are to be ended. */
  #giveUpThreads(): readonly Worker[] {
    this.#mostThreads = 0;
    const threads = [...this.#threads];
    this.#threads.clear();
    this.#waiting.unshift(...threads.flatMap(({ sent }) => sent));
    this.#send();
    return threads.map(({ worker }) => worker);
  }
}

function isLong(check: SignatureCheck): boolean {
  return check.over === 'message' && check.message.length > LONG_MESSAGE;
}

function checksOf(block: readonly Asked[]): readonly SignatureCheck[] {
  return block.flatMap(({ checks }) => checks);
}

function checkHere(block: readonly Asked[]): void {
  try {
    answer(block, verdictsOn(checksOf(block)));
  } catch {
    // One of them is to blame, and not the others.
    for (const asked of block) checkAlone(asked);
  }
}

function checkAlone({ checks, resolve, reject }: Asked): void {
  try {
    resolve(verdictsOn(checks));
  } catch (error) {
    reject(error);
  }
}

function answer(block: readonly Asked[], verdicts: readonly SignatureVerdict[]): void {
  let from = 0;
  for (const { checks, resolve } of block) {
    resolve(verdicts.slice(from, from + checks.length));
    from += checks.length;
  }
}
