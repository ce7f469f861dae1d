/**
 * What was found under single search keys, for as long as no new entry carries them.
 *
 * In scope: remembering within a bound, forgetting what a batch makes incomplete. Out of scope: searching
 * (entry-search.ts). State: the answers, and the size at which all of them are complete.
 */

import { BoundedCache } from '../caching/bounded-cache.js';
import { MAX_INDEX_KEY_LENGTH } from '../entries/accept.js';

/** Memory for the answers of one log, in bytes: some thousands of keys. */
const MAX_BYTES = 4 * 1024 * 1024;

/** Longer answers are not remembered: their keys are those that the next entries carry as well. */
const MOST_ENTRY_IDS = 64;

/** What an answer takes beside its entry IDs, its key among it, and what each of those takes. */
const ANSWER_OVERHEAD = 256 + MAX_INDEX_KEY_LENGTH;
const ENTRY_ID_COST = 128;

/** The answers of one log. */
export class RememberedSearches {
  readonly #found = new BoundedCache<string, readonly string[]>(MAX_BYTES, costOf);
  #size: number;

  /** `size` is the tree size that searches see now. */
  constructor(size: number) {
    this.#size = size;
  }

  /** Returns the entry IDs of all entries that carry `key`, if they are remembered. */
  get(key: string): readonly string[] | undefined {
    return this.#found.get(key);
  }

  /** Remembers what was found under `key` in the tree of `size` leaves, unless that has grown meanwhile. */
  keep(key: string, size: number, entryIDs: readonly string[]): void {
    // No entry is filed under a longer key, so that whoever asks for one may send what they like.
    if (key.length > MAX_INDEX_KEY_LENGTH) return;
    if (size === this.#size && entryIDs.length <= MOST_ENTRY_IDS) this.#found.set(key, entryIDs);
  }

  /** Forgets the keys of leaves that were added; to be called in the turn in which searches begin to see them. */
  grown(size: number, leaves: readonly { readonly indexKeys: readonly string[] }[]): void {
    this.#size = size;
    if (this.#found.cost === 0) return;
    for (const { indexKeys } of leaves) {
      for (const key of indexKeys) this.#found.delete(key);
    }
  }
}

function costOf(entryIDs: readonly string[]): number {
  return ANSWER_OVERHEAD + entryIDs.length * ENTRY_ID_COST;
}
