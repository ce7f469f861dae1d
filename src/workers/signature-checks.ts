/**
 * Signature checks beside the event loop: those that one turn brings go to a free thread in one block, and while the
 * threads work the next block collects. A check that is alone is made here, as sending it costs as much, unless there were
 * others a moment ago: then the event loop has better to do.
 *
 * In scope: what goes where, and what becomes of checks whose thread is lost. Out of scope: the checks themselves
 * (entries/verify-signatures.ts). The instance owns the threads.
 */

import type { SignatureCheck, SignatureVerdict, SignatureVerifier } from '../entries/entry-kind.js';
import { verdictsOn } from '../entries/verify-signatures.js';
import { PackedThread } from '../threads/packed-thread.js';
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

interface SignatureThread {
  readonly thread: PackedThread<readonly SignatureVerdict[]>;
  hasAnswered: boolean;
}

/** What it works with. */
export interface SignatureChecksOptions {
  /** The most threads there may be; 0: all is checked on the event loop, as where there is one processor. */
  readonly threads: number;
  /**
   * Told that a thread is lost. Another takes its place; one that was lost before it had answered anything would be lost
   * again, and checks are made on the event loop from then on.
   */
  lost(error: unknown): void;
  /** The thread's code. */
  readonly module?: URL;
}

/** Makes signature checks. */
export class SignatureChecks {
  readonly #options: SignatureChecksOptions;
  #threads: readonly SignatureThread[];
  #waiting: Asked[] = [];
  #isScheduled = false;
  /** How many that come alone now are sent. */
  #sentAlone = 0;

  constructor(options: SignatureChecksOptions) {
    this.#options = options;
    this.#threads = Array.from({ length: options.threads }, () => this.#newThread());
  }

  /** See SignatureVerifier. What a check throws fails whoever asked for it, and nobody else. */
  readonly verify: SignatureVerifier = (checks) =>
    new Promise((resolve, reject) => {
      this.#waiting.push({ checks, resolve, reject });
      this.#schedule();
    });

  /** Ends the threads; what they work at is checked here. */
  async close(): Promise<void> {
    const threads = this.#threads;
    this.#threads = [];
    await Promise.all(threads.map(({ thread }) => thread.close()));
  }

  #newThread(): SignatureThread {
    const { module = THREAD_MODULE } = this.#options;
    const lost = (error: unknown): void => this.#lost(started, error);
    const started = {
      thread: new PackedThread<readonly SignatureVerdict[]>({ module, lost }),
      hasAnswered: false,
    };
    return started;
  }

  #lost(lost: SignatureThread, error: unknown): void {
    this.#options.lost(error);
    if (!lost.hasAnswered) {
      void this.close();
      return;
    }
    this.#threads = this.#threads.map((each) => (each === lost ? this.#newThread() : each));
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
    while (this.#waiting.length > 0) {
      const free = this.#threads.filter(({ thread }) => thread.isFree);
      if (free[0] === undefined) break;
      const share = Math.ceil(this.#waiting.length / free.length);
      void this.#check(this.#takeBlock(Math.max(share, WORTH_A_THREAD)), free[0]);
    }
    if (this.#threads.length === 0) checkHere(this.#waiting.splice(0));
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

  async #check(block: readonly Asked[], free: SignatureThread): Promise<void> {
    const checks = checksOf(block);
    try {
      if (checks.length > 1) this.#sentAlone = ALONE_AFTER_BLOCK;
      else if (this.#sentAlone > 0) this.#sentAlone -= 1;
      else if (!checks.some(isLong)) return checkHere(block);
      const verdicts = await free.thread.ask(packChecks(checks));
      free.hasAnswered = true;
      answer(block, verdicts);
    } catch {
      // The thread is lost, or one of the checks cannot be sent.
      checkHere(block);
    }
    this.#send();
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
