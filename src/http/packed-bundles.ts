/**
 * Entry bundles packed with gzip, each once: packing costs many times what reading does.
 *
 * State: what was packed lately, and whether something is being packed.
 */

import { promisify } from 'node:util';
import { constants, gzip, type ZlibOptions } from 'node:zlib';
import { BoundedCache } from '../caching/bounded-cache.js';

// The fastest level: most of a bundle is base64 of random bytes, and a better level gains little.
const PACKING: ZlibOptions = { level: constants.Z_BEST_SPEED };

/** Memory for packed bundles, in bytes: some hundred of entries with certificates. */
const MAX_PACKED_BYTES = 32 * 1024 * 1024;

/** What a packed bundle takes beside its bytes. */
const OVERHEAD = 256;

/** Packs bundles in a thread, one at a time, and remembers them by name. */
export class PackedBundles {
  readonly #packed = new BoundedCache<string, Uint8Array>(MAX_PACKED_BYTES, costOf);
  #isPacking = false;

  /** Returns the packed bundle of this name, if it is in memory. */
  get(name: string): Uint8Array | undefined {
    return this.#packed.get(name);
  }

  /**
   * Returns the packed bundle; undefined while another one is being packed. Who reads a whole log over many connections
   * would be held up by the processor instead of the network.
   */
  async pack(name: string, bundle: Uint8Array): Promise<Uint8Array | undefined> {
    if (this.#isPacking) return undefined;
    this.#isPacking = true;
    try {
      const packed = await gzipped(bundle, PACKING);
      this.#packed.set(name, packed);
      return packed;
    } finally {
      this.#isPacking = false;
    }
  }
}

/** A short one is a part of a larger buffer. */
function costOf(packed: Uint8Array): number {
  return OVERHEAD + packed.buffer.byteLength;
}

const gzipped = promisify<Uint8Array, ZlibOptions, Uint8Array>(gzip);
