/**
 * A whole log read through its tiles, and everything in it held against its checkpoint.
 *
 * Spec: https://c2sp.org/tlog-tiles. In scope: which resources a tree of a size has, that every hash tile is made of the
 * leaves, and that the leaves have the checkpoint's root. Out of scope: fetching, and whether the checkpoint is signed by
 * whom one trusts (verify-entry.ts). Memory: the bundles under way and one tile of each level.
 */

import { equalBytes } from '../encoding/bytes.js';
import { LogError } from '../errors.js';
import { parseEntryBundle } from '../merkle/entry-bundle.js';
import {
  appendToFrontier,
  EMPTY_FRONTIER,
  frontierRoot,
  perfectSubtreeRoot,
} from '../merkle/frontier.js';
import { HASH_SIZE, leafHash } from '../merkle/hash.js';
import { TILE_WIDTH, type TileCoordinates, tilePath } from '../merkle/tile.js';

/** Fetches the bytes of a resource by its path below the log's prefix; throws when it is not there. */
export type TileFetcher = (path: string) => Promise<Uint8Array>;

/** What is read, and how much of it at once. */
export interface WholeLogOptions {
  readonly fetchTile: TileFetcher;
  /** What the checkpoint says. */
  readonly size: number;
  readonly root: Uint8Array;
  /** Bundles under way at a time. */
  readonly atOnce: number;
}

/**
 * Yields the leaves of the log, a bundle at a time, in order. The last bundle comes only after every tile and the root
 * were checked. Throws PROOF_INVALID for a tile or root that the leaves do not have, TILE_MALFORMED.
 */
export async function* readWholeLog(options: WholeLogOptions): AsyncGenerator<Uint8Array[]> {
  const { fetchTile, size, root, atOnce } = options;
  const tiles = new TileChecks(fetchTile);
  const bundles = fetchInOrder(fetchTile, size, atOnce);
  let frontier = EMPTY_FRONTIER;
  for await (const leaves of bundles) {
    const hashes = leaves.map(leafHash);
    frontier = appendToFrontier(frontier, hashes);
    for (const hash of hashes) await tiles.add(0, hash);
    if (frontier.size === size) {
      await tiles.finish();
      if (!equalBytes(frontierRoot(frontier), root)) {
        throw new LogError('PROOF_INVALID', `the leaves below ${size} do not have the root`);
      }
    }
    yield leaves;
  }
}

/** Fetches bundles ahead of who reads them. */
async function* fetchInOrder(
  fetchTile: TileFetcher,
  size: number,
  atOnce: number,
): AsyncGenerator<Uint8Array[]> {
  const underWay: Promise<Uint8Array[]>[] = [];
  const count = Math.ceil(size / TILE_WIDTH);
  for (let next = 0, given = 0; given < count; given++) {
    for (; next < count && underWay.length < atOnce; next++) {
      const bundle = fetchBundle(fetchTile, next, Math.min(TILE_WIDTH, size - next * TILE_WIDTH));
      // Its failure is met when its turn comes.
      bundle.catch(() => undefined);
      underWay.push(bundle);
    }
    yield (await underWay.shift()) as Uint8Array[];
  }
}

async function fetchBundle(
  fetchTile: TileFetcher,
  index: number,
  width: number,
): Promise<Uint8Array[]> {
  const path = tilePath({ level: 'entries', index, width });
  const leaves = parseEntryBundle(await fetchTile(path));
  if (leaves.length === width) return leaves;
  throw new LogError('TILE_MALFORMED', `${path} has ${leaves.length} leaves`);
}

/** Gathers the hashes of each level and compares them with the tiles, as soon as each is full. */
class TileChecks {
  readonly #fetchTile: TileFetcher;
  readonly #levels: { index: number; hashes: Uint8Array; width: number }[] = [];

  constructor(fetchTile: TileFetcher) {
    this.#fetchTile = fetchTile;
  }

  async add(level: number, hash: Uint8Array): Promise<void> {
    this.#levels[level] ??= { index: 0, hashes: new Uint8Array(TILE_WIDTH * HASH_SIZE), width: 0 };
    const tile = this.#levels[level];
    tile.hashes.set(hash, tile.width * HASH_SIZE);
    tile.width += 1;
    if (tile.width < TILE_WIDTH) return;
    await this.#compare({ level, index: tile.index, width: TILE_WIDTH }, tile.hashes);
    const root = perfectSubtreeRoot(tile.hashes);
    tile.index += 1;
    tile.width = 0;
    await this.add(level + 1, root);
  }

  /** Compares the tiles of the right edge, which are not full. */
  async finish(): Promise<void> {
    for (const [level, { index, width, hashes }] of this.#levels.entries()) {
      if (width === 0) continue;
      await this.#compare({ level, index, width }, hashes.subarray(0, width * HASH_SIZE));
    }
  }

  async #compare(tile: TileCoordinates, hashes: Uint8Array): Promise<void> {
    const path = tilePath(tile);
    if (equalBytes(await this.#fetchTile(path), hashes)) return;
    throw new LogError('PROOF_INVALID', `${path} is not made of the leaves`);
  }
}
