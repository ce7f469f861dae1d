/**
 * The entries of a tree, read in order, each hashed into the root and each held against the rules.
 *
 * In scope: from a frontier to the root of a head; what is found is told before the place is saved, so that a crash
 * tells twice rather than never. Memory: the pieces under way and one frontier. Out of scope: which head (check-head.ts),
 * who is told (finding-sink.ts).
 */

import { equalBytes } from '../encoding/bytes.js';
import type { DescribedLeaf } from '../entries/described-leaf.js';
import { isLogError } from '../errors.js';
import { entryPlace, matchEvent, unparsableEvent } from '../matching/match-event.js';
import type { WatchList } from '../matching/watch-list.js';
import { appendToFrontier, type Frontier, frontierRoot } from '../merkle/frontier.js';
import { leafHash } from '../merkle/hash.js';
import type { Head } from './check-head.js';
import { UnreachableLogError } from './http-reader.js';
import type { SourceTree } from './log-source.js';
import type { EntryEvent } from './monitor-event.js';

/** Reads a leaf; of the extensions of certificates it need keep only those with these OIDs. */
export type LeafReader = (
  leaf: Uint8Array,
  extensions: readonly string[],
) => DescribedLeaf | Promise<DescribedLeaf>;

/** One scan. */
export interface Scan {
  /** The log's URL. */
  readonly log: string;
  readonly tree: SourceTree;
  readonly from: Frontier;
  readonly head: Head;
  readonly watch: WatchList;
  readonly describe: LeafReader;
  readonly observer: ScanObserver;
  /** Resolves when the findings are where they will be read. */
  tell(events: readonly EntryEvent[]): Promise<void>;
  /** Resolves when the place is on disk. */
  save(scanned: Frontier): Promise<void>;
  /** True when the monitor is to stop: the place is saved, and the scan given up. */
  isStopping(): boolean;
}

/** Who counts. */
export interface ScanObserver {
  scanned(entries: number): void;
  /** A rule matched, and an allow rule says that it is ours. */
  allowed(): void;
}

/** Entries after which the place is saved: a sync of the disk each. */
const SAVED_EVERY = 8_192;

/**
 * Resolves to the frontier at the head's size, or undefined when the entries have another root. Rejects with
 * UnreachableLogError when it was stopped, and as the source does.
 */
export async function scanTree(scan: Scan): Promise<Frontier | undefined> {
  const { tree, head, tell, save, observer, isStopping } = scan;
  let frontier = scan.from;
  let saved = frontier.size;
  if (frontier.size < head.size) {
    for await (const leaves of tree.leaves(frontier.size, head.size)) {
      const hashes = leaves.map(leafHash);
      const events = await judgeLeaves(scan, leaves, hashes, frontier.size);
      frontier = appendToFrontier(frontier, hashes);
      if (events.length > 0) await tell(events);
      observer.scanned(leaves.length);
      if (frontier.size === head.size) continue;
      const isStopped = isStopping();
      if (!isStopped && frontier.size - saved < SAVED_EVERY) continue;
      await save(frontier);
      saved = frontier.size;
      if (isStopped) throw new UnreachableLogError(`stopped at entry ${saved} of ${head.size}`);
    }
  }
  const isWhole = frontier.size === head.size && equalBytes(frontierRoot(frontier), head.root);
  return isWhole ? frontier : undefined;
}

async function judgeLeaves(
  { log, tree, head, watch, describe, observer }: Scan,
  leaves: readonly Uint8Array[],
  hashes: readonly Uint8Array[],
  first: number,
): Promise<readonly EntryEvent[]> {
  const events: EntryEvent[] = [];
  const { treeID, offset } = tree;
  const named = { log, origin: head.origin, offset, ...(treeID !== undefined && { treeID }) };
  for (const [at, leaf] of leaves.entries()) {
    const place = () => entryPlace(named, first + at, hashes[at] as Uint8Array);
    try {
      const described = describe(leaf, watch.extensions);
      // Nearly all are described at once: awaiting each would cost more than reading it.
      const facts: DescribedLeaf = described instanceof Promise ? await described : described;
      for (const match of watch.judge(facts)) {
        if (match.allowedBy !== undefined) observer.allowed();
        else if (match.isVouchedFor) events.push(matchEvent(place(), facts, match));
        else events.push({ ...matchEvent(place(), facts, match), type: 'look-alike' });
      }
    } catch (error) {
      // Whatever breaks a reader: an entry that is passed over would be the place to hide.
      const reason = isLogError(error) ? `${error.code}: ${error.message}` : String(error);
      events.push(unparsableEvent(place(), reason));
    }
  }
  return events;
}
