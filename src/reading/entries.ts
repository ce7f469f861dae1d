/**
 * Leaves by index or by leaf hash, as many reads at once as the answer has entries.
 *
 * Spec: ARCHITECTURE.md, "One head per answer". In scope: finding and reading what is committed below a named size.
 * Out of scope: proofs (proofs.ts), SETs (publishing/). No state.
 */

import { HASH_SIZE } from '../merkle/hash.js';
import { TILE_WIDTH } from '../merkle/tile.js';
import type { LogStore, StoredEntry, StoredLeaf } from '../storage/log-store.js';

/**
 * Returns the entries at these log indexes, in order, undefined where there is none below `size`, a committed
 * size. Throws STORE_CORRUPT.
 */
export async function readEntries(
  log: Pick<LogStore, 'entry'>,
  indexes: readonly number[],
  size: number,
): Promise<(StoredEntry | undefined)[]> {
  const reads = new Map<number, Promise<StoredEntry>>();
  return Promise.all(
    indexes.map((index) => {
      if (!Number.isSafeInteger(index) || index < 0 || index >= size) return undefined;
      const read = reads.get(index) ?? log.entry(index);
      reads.set(index, read);
      return read;
    }),
  );
}

/**
 * Returns the leaves at these log indexes, in order, undefined where there is none below `size`, a committed size;
 * neighbours are read at once, in whichever order they stand. Throws STORE_CORRUPT.
 */
export async function readLeaves(
  log: Pick<LogStore, 'leaves'>,
  indexes: readonly number[],
  size: number,
): Promise<(StoredLeaf | undefined)[]> {
  const wanted = new Set(
    indexes.filter((index) => Number.isSafeInteger(index) && index >= 0 && index < size),
  );
  const runs: [from: number, to: number][] = [];
  for (const index of [...wanted].sort((a, b) => a - b)) {
    const last = runs.at(-1);
    if (last?.[1] === index) last[1] = index + 1;
    else runs.push([index, index + 1]);
  }
  const read = await Promise.all(runs.map(([from, to]) => log.leaves(from, to)));
  const leaves = new Map(read.flat().map((leaf) => [leaf.index, leaf]));
  return indexes.map((index) => leaves.get(index));
}

/** Returns the log indexes of these leaf hashes, in order, undefined where there is none below `size`. */
export async function findIndexes(
  log: Pick<LogStore, 'indexesOf'>,
  leafHashes: readonly Uint8Array[],
  size: number,
): Promise<(number | undefined)[]> {
  const indexes = await log.indexesOf(leafHashes);
  return indexes.map((index) => (index !== undefined && index < size ? index : undefined));
}

/** Tiles of leaf hashes that are read at once: 256 KiB. */
const TILES_AT_ONCE = 32;

/**
 * Yields the leaf hashes of these log indexes, ascending and committed, in order. Each tile is read once, however
 * many of its leaves are asked for, and few at a time. Throws STORE_CORRUPT.
 */
export async function* leafHashes(
  log: Pick<LogStore, 'hashes'>,
  indexes: readonly number[],
): AsyncGenerator<readonly Uint8Array[]> {
  const tiles = byTile(indexes);
  for (let at = 0; at < tiles.length; at += TILES_AT_ONCE) {
    const parts = await Promise.all(
      tiles.slice(at, at + TILES_AT_ONCE).map((wanted) => hashesInTile(log, wanted)),
    );
    yield parts.flat();
  }
}

/** Returns the ascending indexes in groups that lie in one tile each. */
function byTile(indexes: readonly number[]): (readonly number[])[] {
  const groups: number[][] = [];
  let current = -1;
  for (const index of indexes) {
    const tile = Math.floor(index / TILE_WIDTH);
    if (tile === current) groups.at(-1)?.push(index);
    else groups.push([index]);
    current = tile;
  }
  return groups;
}

async function hashesInTile(
  log: Pick<LogStore, 'hashes'>,
  wanted: readonly number[],
): Promise<readonly Uint8Array[]> {
  const from = wanted[0] as number;
  const hashes = await log.hashes(0, from, (wanted.at(-1) as number) + 1);
  return wanted.map((index) => {
    const at = (index - from) * HASH_SIZE;
    return hashes.subarray(at, at + HASH_SIZE);
  });
}
