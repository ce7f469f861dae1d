/**
 * Where a monitor reads a log: the one interface over tiles and over Rekor's v1 API.
 *
 * In scope: shapes. Nothing that a source hands out is believed: whoever follows the tree checks signature, proof and
 * every leaf (follow-tree.ts).
 */

/** What one poll found at a log. */
export interface SourceTree {
  /** The signed checkpoint. */
  readonly note: string;
  /** True for a shard that takes no entries any more. */
  readonly isFrozen: boolean;
  /** Index over all shards of the first leaf; what v1 calls logIndex begins there. */
  readonly offset: number;
  /** Decimal; undefined for a log that is known by its URL alone. */
  readonly treeID: string | undefined;
  /** Resolves to the consistency proof between two sizes, the later one not above the checkpoint's. */
  consistencyProof(first: number, last: number): Promise<readonly Uint8Array[]>;
  /** Yields the leaves [from, to) in order, in pieces of at most 256. */
  leaves(from: number, to: number): AsyncIterable<readonly Uint8Array[]>;
}

/** A log that can be polled. */
export interface LogSource {
  /** Resolves to its trees: one, or for Rekor's v1 API every shard, the oldest first. */
  trees(): Promise<readonly SourceTree[]>;
}

/** Runs the promises that `next` makes, at most `atOnce` at a time, and yields their results in order. */
export async function* inOrder<T>(
  count: number,
  atOnce: number,
  next: (index: number) => Promise<T>,
): AsyncGenerator<T> {
  const underWay: Promise<T>[] = [];
  for (let begun = 0, given = 0; given < count; given++) {
    for (; begun < count && underWay.length < atOnce; begun++) {
      const one = next(begun);
      // Its failure is met when its turn comes.
      one.catch(() => undefined);
      underWay.push(one);
    }
    yield await (underWay.shift() as Promise<T>);
  }
}
