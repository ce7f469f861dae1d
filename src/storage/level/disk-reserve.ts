/**
 * The disk reserve: below it no write is tried.
 *
 * A store whose disk is full cannot be reopened, and only a reopened store can be trusted after a failed write. So
 * room for reopening, two write buffers and 64 MB, is never used up by entries.
 *
 * In scope: deciding from free bytes. Out of scope: what to do about it. The instance owns the last figure read.
 */

import { statfs } from 'node:fs/promises';
import { LogError } from '../../errors.js';

/** Room beside the two write buffers. */
export const RESERVE_MARGIN: number = 64 * 1024 * 1024;

/** How old a figure may be: asking costs a system call for each commit otherwise. */
const MAX_AGE_MS = 50;

/** Returns the bytes that an unprivileged process may still write to the file system of `path`. */
export async function freeBytesAt(path: string): Promise<number> {
  const stats = await statfs(path);
  return stats.bavail * stats.bsize;
}

/** How much must stay free, and how that is found out. */
export interface DiskReserveOptions {
  readonly reserveBytes: number;
  readonly freeBytes: () => Promise<number>;
  /** A clock that never goes back. */
  readonly nowMs: () => number;
}

/** Judges writes by the free space, which it asks for seldom. */
export class DiskReserve {
  readonly #options: DiskReserveOptions;
  #free = 0;
  #readAtMs = Number.NEGATIVE_INFINITY;
  #writtenSince = 0;

  constructor(options: DiskReserveOptions) {
    this.#options = options;
  }

  /** Counts `bytes` about to be written. Throws DISK_FULL when they would use up the reserve. */
  async claim(bytes: number): Promise<void> {
    const { reserveBytes, nowMs } = this.#options;
    const left = (): number => this.#free - this.#writtenSince - bytes;
    if (nowMs() - this.#readAtMs >= MAX_AGE_MS || left() < reserveBytes) await this.#read();
    if (left() < reserveBytes) {
      throw new LogError(
        'DISK_FULL',
        `${this.#free} bytes are free on the disk of the store; ${reserveBytes} must stay free`,
      );
    }
    this.#writtenSince += bytes;
  }

  /** Throws DISK_FULL when there is not enough room to close and reopen the store. */
  async checkReopen(): Promise<void> {
    await this.#read();
    await this.claim(0);
  }

  /** Returns whether there is enough room to close and reopen the store. */
  async hasRoomToReopen(): Promise<boolean> {
    await this.#read();
    return this.#free >= this.#options.reserveBytes;
  }

  async #read(): Promise<void> {
    try {
      this.#free = await this.#options.freeBytes();
    } catch (cause) {
      throw new LogError('STORE_UNAVAILABLE', 'the free space of the store cannot be read', {
        cause,
      });
    }
    this.#readAtMs = this.#options.nowMs();
    this.#writtenSince = 0;
  }
}
