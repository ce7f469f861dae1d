/**
 * Signatures made beside the event loop, a block of messages at a time.
 *
 * In scope: one thread with the key. Out of scope: what is signed and when it is worth a thread
 * (publishing/timestamps.ts). The instance owns the thread.
 */

import type { KeyObject } from 'node:crypto';
import { LogError } from '../errors.js';
import type { SignTogether } from '../signing/signer.js';
import { packParts, unpackParts } from '../threads/packed-parts.js';
import { PackedThread } from '../threads/packed-thread.js';

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

/** Signs blocks. */
export class BlockSigner {
  readonly #thread: PackedThread<ArrayBuffer>;

  constructor({ key, lost, module = THREAD_MODULE }: BlockSignerOptions) {
    this.#thread = new PackedThread({ module, workerData: key, lost });
  }

  /** See SignTogether. Throws SIGNER_UNAVAILABLE when the thread is lost: the caller signs by itself. */
  readonly sign: SignTogether = async (messages) => {
    try {
      return unpackParts(await this.#thread.ask(packParts(messages)));
    } catch (cause) {
      throw new LogError('SIGNER_UNAVAILABLE', 'the thread that signs is lost', { cause });
    }
  };

  /** Ends the thread; blocks in it are refused. */
  close(): Promise<void> {
    return this.#thread.close();
  }
}
