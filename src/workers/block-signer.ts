/**
 * Signatures made beside the event loop, a block of messages at a time.
 *
 * In scope: one thread with the key, what becomes of a block when the thread is lost. Out of scope: what is signed and
 * when it is worth a thread (publishing/timestamps.ts). The instance owns the thread, which starts when it is first
 * needed and keeps the process alive only while it works.
 */

import type { KeyObject } from 'node:crypto';
import { Worker } from 'node:worker_threads';
import { LogError } from '../errors.js';
import type { SignTogether } from '../signing/signer.js';
import { packParts, unpackParts } from './packed-parts.js';

/** Compiled code alone: a loader of sources does not reach into threads. */
const THREAD_MODULE = new URL('./signing-thread.js', import.meta.url);

/** What it works with. */
export interface BlockSignerOptions {
  readonly key: KeyObject;
  /** Told that the thread is lost; every block is refused from then on. */
  lost(error: unknown): void;
  /** The thread's code. */
  readonly module?: URL;
}

interface Block {
  readonly resolve: (signatures: readonly Uint8Array[]) => void;
  readonly reject: (error: Error) => void;
}

/** Signs blocks. */
export class BlockSigner {
  readonly #options: BlockSignerOptions;
  #worker: Worker | undefined;
  /** Blocks in the thread, in the order in which it answers. */
  #sent: Block[] = [];
  #isLost = false;

  constructor(options: BlockSignerOptions) {
    this.#options = options;
  }

  /** See SignTogether. Throws SIGNER_UNAVAILABLE when the thread is lost: the caller signs by itself. */
  readonly sign: SignTogether = (messages) =>
    new Promise((resolve, reject) => {
      if (this.#isLost) throw unavailable();
      this.#worker ??= this.#newWorker();
      const packed = packParts(messages);
      this.#worker.postMessage(packed, [packed]);
      this.#worker.ref();
      this.#sent.push({ resolve, reject });
    });

  /** Ends the thread; blocks in it are refused. */
  async close(): Promise<void> {
    const worker = this.#worker;
    this.#giveUp();
    await worker?.terminate();
  }

  #newWorker(): Worker {
    const { module = THREAD_MODULE, key } = this.#options;
    const worker = new Worker(module, { env: {}, workerData: key });
    worker.on('message', (packed: ArrayBuffer) => this.#answered(unpackParts(packed)));
    worker.on('error', (error) => this.#threadLost(error));
    worker.on('exit', (code) => this.#threadLost(new Error(`the thread ended with ${code}`)));
    return worker;
  }

  #answered(signatures: readonly Uint8Array[]): void {
    const block = this.#sent.shift();
    if (this.#sent.length === 0) this.#worker?.unref();
    block?.resolve(signatures);
  }

  #threadLost(error: unknown): void {
    if (this.#isLost) return;
    this.#options.lost(error);
    this.#giveUp();
  }

  #giveUp(): void {
    this.#isLost = true;
    this.#worker = undefined;
    const left = this.#sent;
    this.#sent = [];
    for (const { reject } of left) reject(unavailable());
  }
}

function unavailable(): LogError {
  return new LogError('SIGNER_UNAVAILABLE', 'the thread that signs is lost');
}
