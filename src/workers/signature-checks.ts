/**
 * Signature checks beside the event loop: those that one turn brings go to a thread in one block, and while it works
 * the next block collects. A check that is alone is made here: sending it costs as much.
 *
 * In scope: what goes where, and what becomes of checks whose thread is lost. Out of scope: the checks themselves
 * (entries/verify-signatures.ts). The instance owns the thread, which starts when it is first needed and keeps the
 * process alive only while it works.
 */

import { Worker } from 'node:worker_threads';
import type { SignatureCheck, SignatureVerdict, SignatureVerifier } from '../entries/entry-kind.js';
import { verifySignatures } from '../entries/verify-signatures.js';
import { type DigestCheck, packChecks } from './packed-checks.js';

/** Compiled code alone: a loader of sources does not reach into threads. */
const THREAD_MODULE = new URL('./signature-thread.js', import.meta.url);

/** Checks in one block: an answer is never far away, however many wait. */
const MOST_IN_BLOCK = 64;

interface Asked {
  readonly checks: readonly DigestCheck[];
  readonly resolve: (verdicts: readonly SignatureVerdict[] | ReturnType<SignatureVerifier>) => void;
}

/** What it works with. */
export interface SignatureChecksOptions {
  /** False: all is checked on the event loop, as where there is one processor. */
  readonly inThread: boolean;
  /** Told that the thread is lost; checks are made on the event loop from then on. */
  lost(error: unknown): void;
  /** The thread's code. */
  readonly module?: URL;
}

/** Makes signature checks. */
export class SignatureChecks {
  readonly #module: URL;
  readonly #lost: (error: unknown) => void;
  #usesThread: boolean;
  #worker: Worker | undefined;
  #waiting: Asked[] = [];
  /** What the thread works at. */
  #sent: readonly Asked[] = [];
  #isScheduled = false;

  constructor({ inThread, lost, module = THREAD_MODULE }: SignatureChecksOptions) {
    this.#module = module;
    this.#usesThread = inThread;
    this.#lost = lost;
  }

  /** See SignatureVerifier. */
  readonly verify: SignatureVerifier = (checks) => {
    // Messages go to Node's own threads, which is for the library to do.
    if (!this.#usesThread || !checks.every(isOverDigest)) return verifySignatures(checks);
    return new Promise((resolve) => {
      this.#waiting.push({ checks, resolve });
      this.#schedule();
    });
  };

  /** Ends the thread; what it works at is checked here. */
  async close(): Promise<void> {
    this.#usesThread = false;
    const worker = this.#worker;
    this.#giveUpThread();
    await worker?.terminate();
  }

  /** At the end of the turn, when all that it brings is known. */
  #schedule(): void {
    if (this.#isScheduled || this.#sent.length > 0) return;
    this.#isScheduled = true;
    setImmediate(() => {
      this.#isScheduled = false;
      this.#send();
    });
  }

  #send(): void {
    const block: Asked[] = [];
    let count = 0;
    while (this.#waiting.length > 0 && count < MOST_IN_BLOCK) {
      const next = this.#waiting.shift() as Asked;
      block.push(next);
      count += next.checks.length;
    }
    if (!this.#usesThread || count <= 1) {
      checkHere(block);
      return;
    }
    const packed = packChecks(block.flatMap(({ checks }) => checks));
    this.#sent = block;
    try {
      this.#worker ??= this.#newWorker();
      this.#worker.postMessage(packed, [packed]);
      this.#worker.ref();
    } catch (error) {
      this.#threadLost(error);
    }
  }

  #newWorker(): Worker {
    const worker = new Worker(this.#module, { env: {} });
    worker.on('message', (verdicts: readonly SignatureVerdict[]) => this.#answered(verdicts));
    worker.on('error', (error) => this.#threadLost(error));
    worker.on('exit', (code) => this.#threadLost(new Error(`the thread ended with ${code}`)));
    return worker;
  }

  #answered(verdicts: readonly SignatureVerdict[]): void {
    let from = 0;
    const block = this.#sent;
    this.#sent = [];
    this.#worker?.unref();
    for (const { checks, resolve } of block) {
      resolve(verdicts.slice(from, from + checks.length));
      from += checks.length;
    }
    if (this.#waiting.length > 0) this.#send();
  }

  #threadLost(error: unknown): void {
    if (!this.#usesThread) return;
    this.#usesThread = false;
    this.#lost(error);
    this.#giveUpThread();
  }

  #giveUpThread(): void {
    this.#worker = undefined;
    const left = [...this.#sent, ...this.#waiting];
    this.#sent = [];
    this.#waiting = [];
    checkHere(left);
  }
}

function checkHere(block: readonly Asked[]): void {
  for (const { checks, resolve } of block) resolve(verifySignatures(checks));
}

function isOverDigest(check: SignatureCheck): check is DigestCheck {
  return check.over === 'digest';
}
