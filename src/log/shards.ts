/**
 * Virtual indexes: one row of numbers over all shards of a log.
 *
 * As in Rekor: a virtual index is the sum of the lengths of the older, inactive shards plus the index in the shard;
 * whatever lies beyond them belongs to the active shard. Pure.
 */

/** The sizes of inactive shards, oldest first; they never change any more. */
export type InactiveSizes = readonly number[];

/** An index inside one shard; `shard` counts the inactive ones, oldest first, then the active one. */
export interface ShardIndex {
  readonly shard: number;
  readonly index: number;
}

/** Returns the virtual index of the first leaf of a shard; for the active one pass `inactiveSizes.length`. */
export function firstVirtualIndex(inactiveSizes: InactiveSizes, shard: number): number {
  if (!Number.isSafeInteger(shard) || shard < 0 || shard > inactiveSizes.length) {
    throw new RangeError(`no shard ${shard} beside ${inactiveSizes.length} inactive ones`);
  }
  return inactiveSizes.slice(0, shard).reduce((sum, size) => sum + size, 0);
}

/** Returns where a virtual index lies. Beyond all inactive shards it is in the active one, there or not. */
export function locateVirtualIndex(inactiveSizes: InactiveSizes, virtualIndex: number): ShardIndex {
  let index = virtualIndex;
  for (const [shard, size] of inactiveSizes.entries()) {
    if (index < size) return { shard, index };
    index -= size;
  }
  return { shard: inactiveSizes.length, index };
}

/** Returns the virtual index of a leaf of a shard. */
export function virtualIndexOf(inactiveSizes: InactiveSizes, { shard, index }: ShardIndex): number {
  return firstVirtualIndex(inactiveSizes, shard) + index;
}
