/**
 * What is told of one entry, made once for all who are told the same.
 *
 * In scope: the events of matching/match-event.ts with what leads a reader from them to the entry. Out of scope: who is
 * told, and in which form. State: the events of the entry at hand.
 */

import type { DescribedLeaf } from '../entries/described-leaf.js';
import { isOfV2, kindOfLeaf } from '../entries/leaf-kind.js';
import { isLogError } from '../errors.js';
import { treeHexOf } from '../log/entry-id.js';
import {
  type EntryPlace,
  entryPlace,
  type MatchEvent,
  matchEvent,
  type UnparsableEvent,
  unparsableEvent,
} from '../matching/match-event.js';
import type { RuleMatch } from '../matching/watch-list.js';
import { leafHash } from '../merkle/hash.js';
import type { WatchedEntry, WatchedSource } from './watched-source.js';

/** Where a reader finds the entry. */
export interface EntryAddress {
  /** Seconds since 1970. */
  readonly integratedTime: number;
  readonly entryID: string;
  /** Below the URL of the log. */
  readonly path: string;
}

/** What was found in an entry. */
export interface WatchEvent {
  readonly data: (MatchEvent | UnparsableEvent) & EntryAddress;
  /** Returns `data` as JSON; made once. */
  json(): string;
}

/** The events of one entry. */
export class FoundEntry {
  readonly #source: WatchedSource;
  readonly #entry: WatchedEntry;
  readonly #told = new Map<string, WatchEvent>();
  #found: ReturnType<typeof addressOf> | undefined;

  constructor(source: WatchedSource, entry: WatchedEntry) {
    this.#source = source;
    this.#entry = entry;
  }

  /** Returns the event of a match; the same for equal matches. */
  match(leaf: DescribedLeaf, match: RuleMatch): WatchEvent {
    const { rule, found, signer } = match;
    const at = signer === undefined ? -1 : leaf.signers.indexOf(signer);
    const name = JSON.stringify([rule, at, ...found.flatMap(({ field, value }) => [field, value])]);
    const known = this.#told.get(name);
    if (known !== undefined) return known;
    const { place, address } = this.#address();
    const event = eventOf({ ...matchEvent(place, leaf, match), ...address });
    this.#told.set(name, event);
    return event;
  }

  /** Returns the event of an entry that cannot be read, or not be held against a rule. */
  unparsable(error: unknown): WatchEvent {
    const reason = isLogError(error) ? `${error.code}: ${error.message}` : String(error);
    const known = this.#told.get(reason);
    if (known !== undefined) return known;
    const { place, address } = this.#address();
    const event = eventOf({ ...unparsableEvent(place, reason), ...address });
    this.#told.set(reason, event);
    return event;
  }

  #address(): { readonly place: EntryPlace; readonly address: EntryAddress } {
    this.#found ??= addressOf(this.#source, this.#entry);
    return this.#found;
  }
}

function addressOf(
  { url, origin, treeID, firstIndex }: WatchedSource,
  { index, leaf, integratedTimeSeconds }: WatchedEntry,
): { readonly place: EntryPlace; readonly address: EntryAddress } {
  const tree = { log: url(), origin, treeID: String(treeID), offset: firstIndex };
  const place = entryPlace(tree, index, leafHash(leaf));
  const entryID = treeHexOf(treeID) + place.leafHash;
  const api = isOfV2(kindOfLeaf(leaf)) ? 'v2' : 'v1';
  const path = `/api/${api}/log/entries/${entryID}`;
  return { place, address: { integratedTime: integratedTimeSeconds, entryID, path } };
}

function eventOf(data: WatchEvent['data']): WatchEvent {
  let text: string | undefined;
  return {
    data,
    json() {
      text ??= JSON.stringify(data);
      return text;
    },
  };
}
