/**
 * Finding entries of one log: by Rekor's search keys, and by the typed terms of the richer search.
 *
 * Spec: openapi.yaml, searchIndex and searchEntries. In scope: turns, the spelling of keys, indexes to what an answer
 * shows. Out of scope: joining keys (reading/), parameters and cursors (api/). State: the turns, and the searches that are
 * remembered.
 */

import { termKey } from '../entries/search-key.js';
import { leafHashes, readLeaves } from '../reading/entries.js';
import {
  countMatches,
  findIndexesAtMost,
  findPage,
  type GroupSearch,
  type IndexPage,
  type MatchCount,
  type SearchOperator,
} from '../reading/search.js';
import { SearchSlots } from '../reading/search-slots.js';
import type { LogStore } from '../storage/log-store.js';
import { entryIDOf } from './entry-id.js';
import type { EntryLeaf, TermGroups, TermSearch } from './log.js';
import type { RememberedSearches } from './remembered-searches.js';

/** What is searched. */
export interface EntrySearchOptions {
  readonly log: LogStore;
  readonly treeHex: string;
  /** Returns the tree size that is committed, guarded and released. */
  treeSize(): number;
  readonly remembered: RememberedSearches;
}

/** The searches of one log. */
export class EntrySearch {
  readonly #options: EntrySearchOptions;
  readonly #slots = new SearchSlots();

  constructor(options: EntrySearchOptions) {
    this.#options = options;
  }

  /** See Log.search. */
  async entryIDs(
    keys: readonly string[],
    operator: SearchOperator,
    most: number,
  ): Promise<readonly string[]> {
    const { remembered, treeSize } = this.#options;
    const lowered = keys.map((key) => key.toLowerCase());
    const [key, ...others] = lowered;
    if (key === undefined || others.length > 0) return this.#find(lowered, operator, most);
    const known = remembered.get(key);
    if (known !== undefined && known.length <= most) return known;
    const size = treeSize();
    const found = await this.#find(lowered, operator, most);
    remembered.keep(key, size, found);
    return found;
  }

  /** See Log.searchByTerms. */
  byTerms({ groups, ...search }: TermSearch): Promise<IndexPage> {
    return this.#slots.run(() =>
      findPage(this.#options.log, { ...search, groups: keysOf(groups) }),
    );
  }

  /** See Log.countByTerms. */
  count(groups: TermGroups, size: number, most: number): Promise<MatchCount> {
    const search = { groups: keysOf(groups), size };
    return this.#slots.run(() => countMatches(this.#options.log, search, most));
  }

  /** See Log.leavesByIndex. */
  async leaves(indexes: readonly number[]): Promise<readonly (EntryLeaf | undefined)[]> {
    const { log, treeHex, treeSize } = this.#options;
    const leaves = await readLeaves(log, indexes, treeSize());
    return leaves.map((leaf) =>
      leaf === undefined
        ? undefined
        : {
            entryID: entryIDOf(treeHex, leaf.hash),
            leaf: leaf.bytes,
            logIndex: leaf.index,
            integratedTimeSeconds: leaf.integratedTimeSeconds,
          },
    );
  }

  #find(
    keys: readonly string[],
    operator: SearchOperator,
    most: number,
  ): Promise<readonly string[]> {
    const { log, treeHex, treeSize } = this.#options;
    return this.#slots.run(async () => {
      const indexes = await findIndexesAtMost(log, keys, operator, treeSize(), most);
      const found: string[] = [];
      for await (const hashes of leafHashes(log, indexes)) {
        for (const hash of hashes) found.push(entryIDOf(treeHex, hash));
      }
      return found;
    });
  }
}

function keysOf(groups: TermGroups): GroupSearch['groups'] {
  return groups.map((terms) => terms.map(termKey));
}
