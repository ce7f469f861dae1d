/**
 * All of an entry but its proof, read once: leaf, timestamp and attestation never change.
 *
 * In scope: remembering within a bound, reading what is not remembered. Out of scope: proofs and heads (answers.ts).
 * State: the contents and leaf hashes that were asked for lately. Only what is committed is remembered, so nothing
 * here is ever wrong.
 */

import { BoundedCache } from '../caching/bounded-cache.js';
import { hashName } from '../merkle/hash.js';
import type { Timestamps } from '../publishing/timestamps.js';
import { findIndexes, readEntries } from '../reading/entries.js';
import type { LogStore, StoredEntry } from '../storage/log-store.js';
import { entryIDOf } from './entry-id.js';
import type { PublishedEntry } from './log.js';

/** What of an entry never changes. */
export type EntryContent = Omit<PublishedEntry, 'proof'>;

/** Where contents are read. */
export interface EntryContentsOptions {
  readonly log: Pick<LogStore, 'entry' | 'indexesOf'>;
  /** Undefined: its entries go without SETs. */
  readonly timestamps?: Timestamps | undefined;
  readonly treeHex: string;
  /** Memory for contents, in bytes. */
  readonly entryCacheBytes: number;
}

/** Bound of a log that is not told otherwise: some ten thousand entries with certificates. */
export const DEFAULT_ENTRY_CACHE_BYTES = 32 * 1024 * 1024;

/** What a content takes beside its bytes. */
const CONTENT_OVERHEAD = 768;

/** Leaf hashes whose index is remembered; some 150 bytes each. */
const LEAF_HASHES_REMEMBERED = 32_768;

/** The contents of the entries of one log, as one desk shows them. */
export class EntryContents {
  readonly #options: EntryContentsOptions;
  readonly #known: BoundedCache<number, EntryContent>;
  /** By leaf hash, one character a byte. */
  readonly #indexes = new BoundedCache<string, number>(LEAF_HASHES_REMEMBERED, () => 1);

  constructor(options: EntryContentsOptions) {
    this.#options = options;
    this.#known = new BoundedCache(options.entryCacheBytes, costOf);
  }

  /**
   * Returns the contents of these entries, each below `size`, a committed size; at once when all are in memory, and only
   * those are read that are not. Throws STORE_CORRUPT, SIGNER_UNAVAILABLE.
   */
  of(
    indexes: readonly number[],
    size: number,
  ): readonly EntryContent[] | Promise<readonly EntryContent[]> {
    const known = indexes.map((index) => this.#known.get(index));
    const missing = indexes.filter((_, i) => known[i] === undefined);
    if (missing.length === 0) return known as EntryContent[];
    return this.#read(missing, size).then((read) => {
      let next = 0;
      return known.map((content) => content ?? (read[next++] as EntryContent));
    });
  }

  /** Returns the log indexes of these leaf hashes, undefined where there is none below `size`. Throws STORE_CORRUPT. */
  async indexesOf(
    leafHashes: readonly Uint8Array[],
    size: number,
  ): Promise<readonly (number | undefined)[]> {
    const names = leafHashes.map(hashName);
    const known = names.map((name) => this.#indexes.get(name));
    const missing = leafHashes.filter((_, i) => known[i] === undefined);
    const found = missing.length === 0 ? [] : await findIndexes(this.#options.log, missing, size);
    let next = 0;
    return known.map((index, i) => {
      if (index !== undefined) return index < size ? index : undefined;
      const read = found[next++];
      if (read !== undefined) this.#indexes.set(names[i] as string, read);
      return read;
    });
  }

  async #read(indexes: readonly number[], size: number): Promise<readonly EntryContent[]> {
    const { log, timestamps } = this.#options;
    const reading = readEntries(log, indexes, size);
    const [entries, signatures] = await Promise.all([
      reading,
      Promise.all(
        // All at once; only a SET that was lost waits for its leaf.
        indexes.map((index, i) =>
          timestamps?.of(index, async () => (await reading)[i] as StoredEntry),
        ),
      ),
    ]);
    return entries.map((entry, i) => this.#keep(entry as StoredEntry, signatures[i]));
  }

  #keep(entry: StoredEntry, signedEntryTimestamp: Uint8Array | undefined): EntryContent {
    const content = {
      entryID: entryIDOf(this.#options.treeHex, entry.hash),
      leaf: entry.bytes,
      logIndex: entry.index,
      integratedTimeSeconds: entry.integratedTimeSeconds,
      signedEntryTimestamp,
      ...(entry.attachment !== undefined && { attestation: entry.attachment }),
    };
    this.#known.set(entry.index, content);
    return content;
  }
}

function costOf({ leaf, attestation, signedEntryTimestamp }: EntryContent): number {
  const signature = signedEntryTimestamp?.length ?? 0;
  // The leaf may be a part of what was read.
  return CONTENT_OVERHEAD + leaf.buffer.byteLength + signature + (attestation?.length ?? 0);
}
