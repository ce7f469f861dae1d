/**
 * Reading leaf rows, alone and in ranges. Spec: ../log-store.ts.
 *
 * In scope: rows to leaves, every row held against its checksum. Out of scope: which leaves are committed
 * (level-log.ts). No state.
 */

import { equalBytes } from '../../encoding/bytes.js';
import { LogError } from '../../errors.js';
import { leafHash } from '../../merkle/hash.js';
import type { StoredEntry, StoredLeaf } from '../log-store.js';
import type { LogKeys } from './keyspace.js';
import type { LevelDatabase } from './level-database.js';
import { type LeafRow, readLeaf, readLeafBytes } from './row-formats.js';
import { openPresentRow } from './rows.js';

const ROWS_A_READ = 256;

/** Reads the leaves of one log. */
export class LeafReader {
  readonly #database: LevelDatabase;
  readonly #keys: LogKeys;

  constructor(database: LevelDatabase, keys: LogKeys) {
    this.#database = database;
    this.#keys = keys;
  }

  /** See LogStore.entry. */
  async entry(index: number): Promise<StoredEntry> {
    const key = this.#keys.leaf(index);
    const row = readCheckedLeaf(index, key, await this.#database.get(key));
    const attachment = row.hasAttachment ? await this.#attachment(index) : undefined;
    return { ...storedLeaf(index, row), attachment };
  }

  /** See LogStore.leaves. */
  leaves(from: number, to: number): Promise<StoredLeaf[]> {
    return this.#read(from, to, (key, value, index) =>
      storedLeaf(index, readCheckedLeaf(index, key, value)),
    );
  }

  /** See LogStore.leafBytes. */
  leafBytes(from: number, to: number): Promise<Uint8Array[]> {
    return this.#read(from, to, (key, value) => readLeafBytes(key, openPresentRow(key, value)));
  }

  /** Returns what `read` makes of the leaf rows of [from, to), as many read at once as is good for others. */
  async #read<T>(
    from: number,
    to: number,
    read: (key: Buffer, value: Buffer | undefined, index: number) => T,
  ): Promise<T[]> {
    const found: T[] = [];
    for (let at = from; at < to; at += ROWS_A_READ) {
      const keys: Buffer[] = [];
      const end = Math.min(at + ROWS_A_READ, to);
      for (let index = at; index < end; index++) keys.push(this.#keys.leaf(index));
      const values = await this.#database.getMany(keys);
      keys.forEach((key, i) => {
        found.push(read(key, values[i], at + i));
      });
    }
    return found;
  }

  async #attachment(index: number): Promise<Uint8Array> {
    const key = this.#keys.attachment(index);
    return new Uint8Array(openPresentRow(key, await this.#database.get(key)));
  }
}

function storedLeaf(index: number, { hash, bytes, integratedTimeSeconds }: LeafRow): StoredLeaf {
  return { index, hash, bytes, integratedTimeSeconds };
}

function readCheckedLeaf(index: number, key: Buffer, value: Buffer | undefined): LeafRow {
  const row = readLeaf(key, openPresentRow(key, value));
  if (equalBytes(leafHash(row.bytes), row.hash)) return row;
  throw new LogError('STORE_CORRUPT', `leaf ${index} does not have the hash stored with it`);
}
