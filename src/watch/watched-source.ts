/** A log as the watch sees it: what its events say of it, how far it has come, and its entries. */

import type { Log } from '../log/log.js';

/** An entry to be held against rules. */
export interface WatchedEntry {
  /** In its tree. */
  readonly index: number;
  readonly leaf: Uint8Array;
  readonly integratedTimeSeconds: number;
}

/** What is watched. */
export interface WatchedSource {
  readonly treeID: bigint;
  /** First line of the checkpoints that its readers know. */
  readonly origin: string;
  /** Index over all shards of its first entry. */
  readonly firstIndex: number;
  /** Returns the URL under which the server is known. */
  url(): string;
  /** Returns the entries that are committed and guarded; costs nothing. */
  treeSize(): number;
  /** Returns the entries of [from, to), all of which are there. Throws as the store does. */
  entries(from: number, to: number): Promise<readonly WatchedEntry[]>;
}

/** Returns a log, seen from one of its desks. */
export function watchedDesk(
  desk: Pick<Log, 'identity' | 'statistics' | 'leavesByIndex'>,
  url: () => string,
  firstIndex = 0,
): WatchedSource {
  const { treeID, origin } = desk.identity;
  return {
    treeID,
    origin,
    firstIndex,
    url,
    treeSize: () => desk.statistics().treeSize,
    async entries(from, to) {
      const indexes = Array.from({ length: to - from }, (_, at) => from + at);
      const leaves = await desk.leavesByIndex(indexes);
      return leaves.flatMap((found, at) =>
        found === undefined
          ? []
          : {
              index: from + at,
              leaf: found.leaf,
              integratedTimeSeconds: found.integratedTimeSeconds,
            },
      );
    },
  };
}
