/**
 * A log somewhere else, whichever protocol it speaks: what who follows it asks it for. Nothing that it answers is verified.
 *
 * In scope: shapes. Out of scope: the protocols (tiles-log.ts, rekor-v1-log.ts), verifying.
 */

import type { BoundedFetch } from './bounded-fetch.js';

/** A log that is followed. Every call throws RequestFailed, and LogError for an answer that is none. */
export interface RemoteLog {
  /** Returns its newest checkpoint, a signed note as it came. */
  checkpoint(): Promise<Uint8Array>;
  /**
   * Returns what should be the consistency proof between the trees of `first` and `last` leaves, 0 < first < last,
   * where a tree of `last` has been published.
   */
  consistency(first: number, last: number): Promise<readonly Uint8Array[]>;
  /** Leaves of a request: those between two multiples of it. */
  readonly leavesAtOnce: number;
  /**
   * Returns what should be the leaves [from, to) between two multiples of `leavesAtOnce`, where `to` is one too, or the size of
   * a tree that has been published.
   */
  leaves(from: number, to: number): Promise<readonly Uint8Array[]>;
  /** Returns what should be a tile of a tree of `size` leaves; undefined: the log has no tiles. */
  readonly hashTile: HashTileFetcher | undefined;
}

/** Returns the bytes of a hash tile, up to its width in the tree of `size` leaves. */
export type HashTileFetcher = (level: number, index: number, size: number) => Promise<Uint8Array>;

/** How a log is reached. */
export interface RemoteLogOptions {
  /** Its prefix; ends with or without a slash. */
  readonly url: string;
  readonly fetch: BoundedFetch;
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
}

/** Returns a resource's address below a prefix. */
export function addressBelow(prefix: string, path: string): string {
  return `${prefix.replace(/\/+$/, '')}/${path}`;
}
