/**
 * How much a thread allocated, from the sizes of its heap around each garbage collection.
 *
 * Counted: everything that V8 put on the JavaScript heap of the thread between two collections, and what the buffers
 * grew that it keeps outside (array buffers, sockets' read buffers). Not counted: native memory that V8 does not know of
 * (OpenSSL, LevelDB), other threads, and external memory that is freed between two collections.
 */

/** Sizes of a heap at one moment, in bytes. */
export interface HeapSizes {
  readonly usedHeapSize: number;
  readonly externalMemory: number;
}

/** The heap around one garbage collection. */
export interface Collection {
  readonly before: HeapSizes;
  readonly after: HeapSizes;
}

/** Returns the bytes allocated from `first` to `last`, with these collections, in order, between them. */
export function allocatedBytes(
  first: HeapSizes,
  collections: readonly Collection[],
  last: HeapSizes,
): number {
  let total = 0;
  let earlier = first;
  for (const { before, after } of collections) {
    total += growth(earlier, before);
    earlier = after;
  }
  return total + growth(earlier, last);
}

function growth(from: HeapSizes, to: HeapSizes): number {
  // Sweeping goes on after a collection has been reported, and then a heap shrinks while nothing is collected.
  const heap = Math.max(0, to.usedHeapSize - from.usedHeapSize);
  return heap + Math.max(0, to.externalMemory - from.externalMemory);
}
