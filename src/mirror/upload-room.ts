/**
 * Memory for uploads under way: how many there may be, and how many bytes they may hold together.
 *
 * Nobody can be told from anybody before a package is whole and proven, so who holds most makes room for the others: a few long
 * packages that never end keep no short one away. State: what is held by whom.
 */

/** Somebody who holds bytes. */
export interface RoomHolder {
  /** Told to give up what it holds, at once; it holds nothing from then on. */
  cut(): void;
}

/** The room of all uploads of a mirror. */
export class UploadRoom {
  readonly #maxBytes: number;
  readonly #held = new Map<RoomHolder, number>();
  #bytes = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** Bytes that are held now. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Returns whether a holder may hold so many bytes from now on. Holders of more than that make room for it. */
  take(holder: RoomHolder, bytes: number): boolean {
    const others = this.#bytes - (this.#held.get(holder) ?? 0);
    if (others + bytes > this.#maxBytes) {
      const largest = this.#largestBut(holder);
      if (largest === undefined || (this.#held.get(largest) ?? 0) <= bytes) return false;
      this.leave(largest);
      largest.cut();
      return this.take(holder, bytes);
    }
    this.#held.set(holder, bytes);
    this.#bytes = others + bytes;
    return true;
  }

  /** Forgets a holder. */
  leave(holder: RoomHolder): void {
    this.#bytes -= this.#held.get(holder) ?? 0;
    this.#held.delete(holder);
  }

  #largestBut(holder: RoomHolder): RoomHolder | undefined {
    let largest: RoomHolder | undefined;
    for (const [each, bytes] of this.#held) {
      if (each === holder) continue;
      if (largest === undefined || bytes > (this.#held.get(largest) ?? 0)) largest = each;
    }
    return largest;
  }
}
