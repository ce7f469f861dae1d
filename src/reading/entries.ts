/**
 * Leaves by index or by leaf hash, as many reads at once as the answer has entries.
 *
 * Spec: rekor-v1 section 2. In scope: finding and reading what is committed below a named size. Out of scope:
 * proofs (proofs.ts), SETs (publishing/). No state.
 */

import { HASH_SIZE } from '../merkle/hash.js';
import type { LogStore, StoredLeaf } from '../storage/log-store.js';

/** A leaf with the bytes kept beside it. */
export interface ReadEntry extends StoredLeaf {
  readonly attachment: Uint8Array | undefined;
}

/**
 * Returns the entries at these log indexes, in order, undefined where there is none below `size`, a committed
 * size. Throws STORE_CORRUPT.
 */
export async function readEntries(
  log: LogStore,
  indexes: readonly number[],
  size: number,
): Promise<(ReadEntry | undefined)[]> {
  const reads = new Map<number, Promise<ReadEntry | undefined>>();
  return Promise.all(
    indexes.map((index) => {
      if (!Number.isSafeInteger(index) || index < 0 || index >= size) return undefined;
      const read = reads.get(index) ?? readEntry(log, index);
      reads.set(index, read);
      return read;
    }),
  );
}

/** Returns the log indexes of these leaf hashes, in order, undefined where there is none below `size`. */
export async function findIndexes(
  log: LogStore,
  leafHashes: readonly Uint8Array[],
  size: number,
): Promise<(number | undefined)[]> {
  const indexes = await log.indexesOf(leafHashes);
  return indexes.map((index) => (index !== undefined && index < size ? index : undefined));
}

/**
 * Returns the leaf hashes of these log indexes, ascending and committed, in order; neighbours are read together.
 * Throws STORE_CORRUPT.
 */
export async function leafHashes(
  log: Pick<LogStore, 'hashes'>,
  indexes: readonly number[],
): Promise<Uint8Array[]> {
  const runs = runsOf(indexes);
  const parts = await Promise.all(runs.map(({ from, to }) => log.hashes(0, from, to)));
  return parts.flatMap((part) =>
    Array.from({ length: part.length / HASH_SIZE }, (_, i) =>
      part.subarray(i * HASH_SIZE, (i + 1) * HASH_SIZE),
    ),
  );
}

function runsOf(indexes: readonly number[]): { from: number; to: number }[] {
  const runs: { from: number; to: number }[] = [];
  for (const index of indexes) {
    const last = runs.at(-1);
    if (last?.to === index) last.to = index + 1;
    else runs.push({ from: index, to: index + 1 });
  }
  return runs;
}

async function readEntry(log: LogStore, index: number): Promise<ReadEntry | undefined> {
  const [leaves, attachment] = await Promise.all([
    log.leaves(index, index + 1),
    log.attachment(index),
  ]);
  const leaf = leaves[0];
  return leaf === undefined ? undefined : { ...leaf, attachment };
}
