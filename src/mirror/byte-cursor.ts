/** Numbers and strings of bytes out of a buffer, one behind the other; big-endian, as tlog-mirror has them. Pure. */

/** Reads on from a place; undefined where the buffer ends before, and from then on. */
export class ByteCursor {
  /** Where it is. */
  at = 0;
  readonly #buffer: Uint8Array;

  constructor(buffer: Uint8Array) {
    this.#buffer = buffer;
  }

  /** Returns so many bytes; they share the buffer's memory. */
  bytes(length: number): Uint8Array | undefined {
    const from = this.at;
    if (from + length > this.#buffer.length) {
      this.at = Number.POSITIVE_INFINITY;
      return undefined;
    }
    this.at += length;
    return this.#buffer.subarray(from, this.at);
  }

  /** Returns a number of 8 bits. */
  u8(): number | undefined {
    return this.bytes(1)?.[0];
  }

  /** Returns a number of 64 bits. */
  u64(): bigint | undefined {
    const bytes = this.bytes(8);
    return bytes && new DataView(bytes.buffer, bytes.byteOffset, 8).getBigUint64(0);
  }

  /** Returns the bytes behind their length, a number of 16 bits. */
  prefixed(): Uint8Array | undefined {
    const length = this.bytes(2);
    return length && this.bytes((length[0] as number) * 256 + (length[1] as number));
  }
}
