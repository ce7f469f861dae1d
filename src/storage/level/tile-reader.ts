/**
 * Reading hashes of the tree: rows of full tiles, and what lies behind them. Spec: ../log-store.ts.
 *
 * In scope: rows to hashes. Out of scope: which hashes are committed (level-log.ts). No state.
 */

import { HASH_SIZE } from '../../merkle/hash.js';
import { TILE_WIDTH } from '../../merkle/tile.js';
import { checkRange } from '../commit-shape.js';
import { hashCount } from '../full-tiles.js';
import type { StoredTile } from '../log-store.js';
import type { LogKeys } from './keyspace.js';
import type { LevelDatabase } from './level-database.js';
import { readTile } from './row-formats.js';
import { malformedRow, openPresentRow } from './rows.js';

/** The end of a log as it is at one time. */
export interface TreeEnd {
  readonly size: number;
  /** Leaf hashes from the last full tile of level 0 to the head, concatenated. */
  readonly tail: Uint8Array;
}

/** Reads the hashes of one log. */
export class TileReader {
  readonly #database: LevelDatabase;
  readonly #keys: LogKeys;

  constructor(database: LevelDatabase, keys: LogKeys) {
    this.#database = database;
    this.#keys = keys;
  }

  /** See LogStore.hashes. */
  async hashes(
    { size, tail }: TreeEnd,
    level: number,
    from: number,
    to: number,
  ): Promise<Uint8Array> {
    const count = hashCount(level, size);
    checkRange(from, to, count);
    const fullEnd = count - (count % TILE_WIDTH);
    const parts: Uint8Array[] = [];
    for (let at = from; at < Math.min(to, fullEnd); ) {
      const end = Math.min(to, at - (at % TILE_WIDTH) + TILE_WIDTH);
      parts.push(await this.#hashesOfFullTile(level, at, end));
      at = end;
    }
    const start = Math.max(from, fullEnd);
    if (start < to && level > 0) parts.push(await this.#rootsOfTiles(level - 1, start, to));
    if (start < to && level === 0) {
      parts.push(tail.subarray((start - fullEnd) * HASH_SIZE, (to - fullEnd) * HASH_SIZE));
    }
    // Nearly every read lies within one tile, and is not copied.
    return parts.length === 1 ? (parts[0] as Uint8Array) : new Uint8Array(Buffer.concat(parts));
  }

  /** See LogStore.fullTile. */
  async fullTile(level: number, index: number): Promise<StoredTile> {
    const key = this.#keys.tile(level, index);
    return readTile(key, openPresentRow(key, await this.#database.get(key)));
  }

  async #hashesOfFullTile(level: number, from: number, to: number): Promise<Uint8Array> {
    const index = Math.floor(from / TILE_WIDTH);
    const { hashes } = await this.fullTile(level, index);
    const start = index * TILE_WIDTH;
    return hashes.subarray((from - start) * HASH_SIZE, (to - start) * HASH_SIZE);
  }

  async #rootsOfTiles(level: number, from: number, to: number): Promise<Uint8Array> {
    const keys: Buffer[] = [];
    for (let index = from; index < to; index++) keys.push(this.#keys.tileRoot(level, index));
    const values = await this.#database.getMany(keys);
    const roots = keys.map((key, i) => {
      const root = openPresentRow(key, values[i]);
      if (root.length !== HASH_SIZE) throw malformedRow(key, 'it is not a hash');
      return root;
    });
    return new Uint8Array(Buffer.concat(roots));
  }
}
