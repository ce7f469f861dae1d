/**
 * One log and all who follow it: history from the store for those who come from behind, and every new entry once for all
 * who are there.
 *
 * Spec: ARCHITECTURE.md, "The watch". A follower that has come to the end of the log is live: its rules are in the index,
 * which new entries walk through one after the other, a share of each turn of the event loop. One whose sink takes no more
 * leaves, and comes back through the store; so nothing waits here but batches, up to a bound, above which they are read
 * from the store too. In scope: order, turns, pages. Out of scope: admission (watch.ts), rules (matching/). State: the
 * followers, the index, how far the live ones are, the newest batches.
 */

import type { DescribedLeaf } from '../entries/described-leaf.js';
import { isLogError } from '../errors.js';
import type { RuleMatch } from '../matching/watch-list.js';
import type { ReleasedBatch } from '../sequencing/sequencer.js';
import type { Follower, FollowerSink, Subscription } from './follower.js';
import { FoundEntry, type WatchEvent } from './found-entry.js';
import { RuleIndex } from './rule-index.js';
import type { SharedPatterns } from './shared-patterns.js';
import { type Places, TurnShare } from './turns.js';
import type { WatchedEntry, WatchedSource } from './watched-source.js';

/** What a log is watched with. */
export interface WatchedLogOptions {
  readonly source: WatchedSource;
  /** Returns what a leaf says, at once where it can; rejects with OVERLOADED or SHUTTING_DOWN when it is to be asked again. */
  describe(leaf: Uint8Array): DescribedLeaf | Promise<DescribedLeaf>;
  readonly patterns: SharedPatterns;
  /** Who reads history, over all logs. */
  readonly history: Places;
  /** Monotonic milliseconds. */
  nowMs(): number;
  pause(ms: number): Promise<void>;
  /** Counts events that were found. */
  told(events: number): void;
  /** Told why entries could not be read; they are tried again. */
  trouble(error: unknown): void;
}

/** Entries of history that are read at once. */
const PAGE = 128;

/**
 * How long new entries, and those of history for one reader, are worked on in one turn of the event loop, in milliseconds.
 * The more is written, the longer the turns: of those under load it is a small part.
 */
const LIVE_SHARE_MS = 2;
const HISTORY_SHARE_MS = 1;

/** Bytes of new entries that wait in memory; beyond that they are read from the store. */
const MAX_QUEUED_BYTES = 8 * 1024 * 1024;

/** Time after which what failed is tried again, in milliseconds. */
const PAUSE_MS = 1_000;

/** Opens for followers. */
export class WatchedLog {
  readonly #options: WatchedLogOptions;
  readonly #live = new RuleIndex<Follower>();
  readonly #followers = new Set<Follower>();
  #liveCount = 0;
  /** Live followers who came while an entry was under way. */
  #joining: Follower[] = [];
  #isInEntry = false;
  /** Every entry below it was held against the rules of all who were live. */
  #cursor = 0;
  #queue: ReleasedBatch[] = [];
  #queuedBytes = 0;
  #isPumping = false;
  #isClosed = false;

  constructor(options: WatchedLogOptions) {
    this.#options = options;
  }

  /** Entries that those who are live have still to be told about. */
  get lag(): number {
    return this.#liveCount === 0 ? 0 : this.#options.source.treeSize() - this.#cursor;
  }

  get source(): WatchedSource {
    return this.#options.source;
  }

  /** Takes new entries; returns at once, and does nothing when nobody is live. */
  released(batch: ReleasedBatch): void {
    if (this.#liveCount === 0 || this.#isClosed) return;
    if (this.#queuedBytes <= MAX_QUEUED_BYTES) {
      this.#queue.push(batch);
      this.#queuedBytes += bytesOf(batch);
    }
    this.#wake();
  }

  /** Begins to tell a follower of all from entry `from` on, which is at most the tree size. */
  follow(list: Follower['list'], from: number, sink: FollowerSink): Subscription {
    const state = { next: from, hasReadAll: false, isClosed: false, leave: undefined };
    const follower: Follower = { list, sink, ...state };
    const log = this;
    this.#followers.add(follower);
    void this.#run(follower);
    return {
      get next() {
        return log.#nextOf(follower);
      },
      close: () => this.#close(follower),
    };
  }

  /** Ends all followers. */
  close(): void {
    this.#isClosed = true;
    for (const follower of this.#followers) this.#close(follower);
  }

  async #run(follower: Follower): Promise<void> {
    if (this.#isClosed) this.#close(follower);
    while (!follower.isClosed && (await follower.sink.ready())) {
      if (follower.isClosed) break;
      if (!this.#isAtEnd(follower)) {
        await this.#options.history.run(() => this.#tellPage(follower));
        continue;
      }
      await new Promise<void>((resolve) => {
        follower.leave = resolve;
        this.#join(follower);
      });
    }
    this.#close(follower);
  }

  #close(follower: Follower): void {
    if (follower.isClosed) return;
    follower.isClosed = true;
    this.#leave(follower);
    this.#followers.delete(follower);
    follower.sink.ended();
  }

  /** Whether a follower may wait for new entries: those who do may be behind, but not before it. */
  #isAtEnd({ next, hasReadAll }: Follower): boolean {
    const isIdle = this.#liveCount === 0 && !this.#isPumping;
    // What has come while it read is read when it is live: a log may grow faster than anybody arrives at its very end.
    if (isIdle) this.#cursor = hasReadAll ? next : this.source.treeSize();
    // The entry that is under way is told to those who were live when it began.
    return next >= this.#cursor + (this.#isInEntry ? 1 : 0);
  }

  #join(follower: Follower): void {
    this.#liveCount++;
    // Within an entry some rules have been asked, and others not.
    if (this.#isInEntry) this.#joining.push(follower);
    else this.#live.add(follower, follower.list.rules);
    follower.sink.reached(follower.next);
    this.#wake();
  }

  #leave(follower: Follower): void {
    const { leave } = follower;
    if (leave === undefined) return;
    follower.next = this.#nextOf(follower);
    follower.leave = undefined;
    follower.hasReadAll = false;
    this.#liveCount--;
    this.#live.remove(follower);
    this.#joining = this.#joining.filter((other) => other !== follower);
    if (this.#liveCount === 0) this.#forgetQueue();
    leave();
  }

  #nextOf({ next, leave }: Follower): number {
    return leave === undefined ? next : Math.max(next, this.#cursor);
  }

  #wake(): void {
    if (this.#isPumping || this.#cursor >= this.source.treeSize()) return;
    this.#isPumping = true;
    // Not in the turn in which the head moves: those who wait for their answers come first.
    setImmediate(() => void this.#pump());
  }

  async #pump(): Promise<void> {
    const share = new TurnShare(this.#options.nowMs, LIVE_SHARE_MS);
    while (this.#liveCount > 0 && this.#cursor < this.source.treeSize()) {
      try {
        for (const entry of this.#queuedEntries() ?? (await this.#storedEntries())) {
          await this.#tellLive(entry, share);
          this.#cursor = entry.index + 1;
          if (this.#liveCount === 0) break;
          if (share.isUsedUp) await share.next();
        }
      } catch (error) {
        this.#endEntry();
        this.#options.trouble(error);
        await this.#options.pause(PAUSE_MS);
      }
    }
    this.#isPumping = false;
  }

  #queuedEntries(): readonly WatchedEntry[] | undefined {
    let [first] = this.#queue;
    while (first !== undefined && first.from + first.leaves.length <= this.#cursor) {
      this.#queue.shift();
      this.#queuedBytes -= bytesOf(first);
      [first] = this.#queue;
    }
    if (first === undefined || first.from > this.#cursor) return undefined;
    const { from, leaves, head } = first;
    const { integratedTimeSeconds } = head;
    const entries = leaves.map(({ bytes }, at) => ({
      index: from + at,
      leaf: bytes,
      integratedTimeSeconds,
    }));
    return entries.slice(this.#cursor - from);
  }

  #storedEntries(): Promise<readonly WatchedEntry[]> {
    const end = this.#queue[0]?.from ?? this.source.treeSize();
    return this.source.entries(this.#cursor, Math.min(end, this.#cursor + PAGE));
  }

  #forgetQueue(): void {
    this.#queue = [];
    this.#queuedBytes = 0;
  }

  /** Holds an entry against the rules of all who are live. Rejects when it could not be described. */
  async #tellLive(entry: WatchedEntry, share: TurnShare): Promise<void> {
    this.#isInEntry = true;
    this.#options.patterns.nextEntry();
    const found = new FoundEntry(this.source, entry);
    const events = new Map<Follower, WatchEvent[]>();
    const leaf = await this.#described(entry, found);
    if ('told' in leaf) {
      for (const follower of this.#live.owners()) events.set(follower, [leaf.told]);
    } else {
      for (const candidate of this.#live.candidates(leaf)) {
        if (candidate !== undefined) {
          const { owner, rule, error } = candidate;
          const event =
            rule === undefined
              ? found.unparsable(error)
              : eventOf(found, leaf, () => rule.judge(leaf));
          if (event !== undefined) addEvent(events, owner, event);
        }
        if (share.isUsedUp) await share.next();
      }
    }
    for (const [follower, list] of events) {
      if (follower.leave !== undefined && entry.index >= follower.next) {
        if (!this.#hand(follower, entry.index, list)) this.#leave(follower);
      }
      if (share.isUsedUp) await share.next();
    }
    this.#endEntry();
  }

  #endEntry(): void {
    this.#isInEntry = false;
    for (const follower of this.#joining.splice(0)) {
      this.#live.add(follower, follower.list.rules);
    }
  }

  /** Tells a follower of some entries from the store. */
  async #tellPage(follower: Follower): Promise<void> {
    const { list, sink } = follower;
    const end = this.source.treeSize();
    const to = Math.min(follower.next + PAGE, end);
    if (follower.isClosed || follower.next >= to) return;
    const share = new TurnShare(this.#options.nowMs, HISTORY_SHARE_MS);
    try {
      for (const entry of await this.source.entries(follower.next, to)) {
        if (share.isUsedUp) await share.next();
        const events = await this.#eventsIn(entry, list);
        if (follower.isClosed) return;
        if (events.length > 0 && !this.#hand(follower, entry.index, events)) return;
        follower.next = entry.index + 1;
      }
      follower.hasReadAll = to === end;
      sink.reached(follower.next);
    } catch (error) {
      this.#options.trouble(error);
      await this.#options.pause(PAUSE_MS);
    }
  }

  async #eventsIn(entry: WatchedEntry, { rules }: Follower['list']): Promise<WatchEvent[]> {
    const found = new FoundEntry(this.source, entry);
    const leaf = await this.#described(entry, found);
    if ('told' in leaf) return [leaf.told];
    this.#options.patterns.nextEntry();
    const events = rules.map((rule) => eventOf(found, leaf, () => rule.judge(leaf)));
    return [...new Set(events)].filter((event) => event !== undefined);
  }

  #hand(follower: Follower, index: number, events: readonly WatchEvent[]): boolean {
    follower.next = index + 1;
    this.#options.told(events.length);
    return follower.sink.take(index, events);
  }

  async #described(
    { leaf }: WatchedEntry,
    found: FoundEntry,
  ): Promise<DescribedLeaf | { readonly told: WatchEvent }> {
    try {
      return await this.#options.describe(leaf);
    } catch (error) {
      if (isLogError(error, 'OVERLOADED') || isLogError(error, 'SHUTTING_DOWN')) throw error;
      // Whatever breaks a reader: an entry that is passed over would be the place to hide.
      return { told: found.unparsable(error) };
    }
  }
}

function eventOf(
  found: FoundEntry,
  leaf: DescribedLeaf,
  judge: () => RuleMatch | undefined,
): WatchEvent | undefined {
  try {
    const match = judge();
    return match === undefined || match.allowedBy !== undefined
      ? undefined
      : found.match(leaf, match);
  } catch (error) {
    return found.unparsable(error);
  }
}

/** Two rules may fail alike. */
function addEvent(events: Map<Follower, WatchEvent[]>, owner: Follower, event: WatchEvent): void {
  const known = events.get(owner);
  if (known === undefined) events.set(owner, [event]);
  else if (!known.includes(event)) known.push(event);
}

function bytesOf({ leaves }: ReleasedBatch): number {
  return leaves.reduce((sum, { bytes }) => sum + bytes.length, 0);
}
