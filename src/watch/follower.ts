/**
 * Somebody who follows a log: where it is, what it looks for, whom it tells.
 *
 * In scope: shapes, and the state that watched-log.ts moves. Out of scope: how events leave (api/, webhook-feed.ts).
 */

import type { WatchList } from '../matching/watch-list.js';
import type { WatchEvent } from './found-entry.js';

/** Whom a follower tells. None of it may throw. */
export interface FollowerSink {
  /** Takes what was found in one entry, never nothing; false: no more for now, it will be read again later. */
  take(index: number, events: readonly WatchEvent[]): boolean;
  /** Resolves to true when it takes more, to false when it is to be given up. */
  ready(): Promise<boolean>;
  /** All that was found below `next` is taken; called where history ends or pauses, not for every entry. */
  reached(next: number): void;
  /** Nothing will come any more. */
  ended(): void;
}

/** A follower, as its sink sees it. */
export interface Subscription {
  /** Index of the first entry that it has not been told about, if there was anything to tell. */
  readonly next: number;
  /** Ends it; `ended` is called. */
  close(): void;
}

/** A follower of one log. */
export interface Follower {
  readonly list: WatchList;
  readonly sink: FollowerSink;
  /** Entries below it are of no concern; while it is live, further entries may be done with too. */
  next: number;
  /** True when it has read all that there was when it began to read last. */
  hasReadAll: boolean;
  isClosed: boolean;
  /** Called when it is live no longer; undefined while it is not. */
  leave: (() => void) | undefined;
}
