/**
 * THE LOG'S OWN WATCH: who is told what was written, as soon as it was.
 *
 * Spec: ARCHITECTURE.md, "The watch"; docs/watch.md. In scope: the logs that are watched, who is admitted, figures. Out of
 * scope: HTTP (api/v1/watch.ts), webhooks of the operator (webhook-feed.ts). State: the subscriptions.
 */

import type { DescribedLeaf } from '../entries/described-leaf.js';
import { LogError } from '../errors.js';
import type { WatchList } from '../matching/watch-list.js';
import type { ReleasedBatch } from '../sequencing/sequencer.js';
import type { FollowerSink, Subscription } from './follower.js';
import { SharedPatterns } from './shared-patterns.js';
import { type RuleDocument, SubscriptionRules } from './subscription-rules.js';
import { Places } from './turns.js';
import { WatchedLog } from './watched-log.js';
import type { WatchedSource } from './watched-source.js';

/** What the watch is made of. */
export interface WatchOptions {
  readonly sources: readonly WatchedSource[];
  /** Returns what a leaf says; of some kinds with these extensions alone (workers/leaf-describer.ts). */
  describe(leaf: Uint8Array, extensions: readonly string[]): DescribedLeaf | Promise<DescribedLeaf>;
  /** Most subscriptions of strangers. */
  readonly maxSubscribers: number;
  /** Monotonic milliseconds. */
  nowMs(): number;
  pause(ms: number): Promise<void>;
  /** Told why entries could not be read; they are tried again. */
  trouble(error: unknown): void;
}

/** Figures, as they are now. */
export interface WatchStatistics {
  readonly subscribers: number;
  /** Subscriptions that were refused because there were too many. */
  readonly refused: number;
  /** Events since the start, of all who were told. */
  readonly events: number;
  /** Entries that live subscribers have still to be told about. */
  readonly lag: readonly { readonly origin: string; readonly entries: number }[];
}

/** A place that was taken for a subscription; exactly one of the two is called, once. */
export interface SubscriptionPlace {
  /** Begins to tell of all from entry `from` on, which is at most the tree size. */
  follow(from: number, sink: FollowerSink): Subscription;
  abandon(): void;
}

/** Those who read history at one time, over all logs. */
const HISTORY_READERS = 2;

/** The watch of a server. */
export class Watch {
  readonly #options: WatchOptions;
  readonly #rules: SubscriptionRules;
  readonly #logs: ReadonlyMap<bigint, WatchedLog>;
  #subscribers = 0;
  #refused = 0;
  #events = 0;
  #isClosed = false;

  constructor(options: WatchOptions) {
    this.#options = options;
    const { nowMs, pause, trouble } = options;
    const patterns = new SharedPatterns();
    const rules = new SubscriptionRules(patterns);
    this.#rules = rules;
    const shared = {
      ...{ patterns, nowMs, pause, trouble },
      history: new Places(HISTORY_READERS),
      describe: (leaf: Uint8Array) => options.describe(leaf, rules.extensions),
      told: (events: number) => {
        this.#events += events;
      },
    };
    this.#logs = new Map(
      options.sources.map((source) => [source.treeID, new WatchedLog({ ...shared, source })]),
    );
  }

  /** Most subscriptions of strangers. */
  get maxSubscribers(): number {
    return this.#options.maxSubscribers;
  }

  /** Takes what a log has committed and guarded; returns at once. */
  released(treeID: bigint, batch: ReleasedBatch): void {
    this.#logs.get(treeID)?.released(batch);
  }

  /** Returns the number of entries that a log has to tell about. */
  treeSize(treeID: bigint): number {
    return this.#logOf(treeID).source.treeSize();
  }

  /**
   * Takes a place for a subscription to a log. Throws CONFIG_INVALID for rules that are none or too many, OVERLOADED when
   * there are too many subscriptions, SHUTTING_DOWN.
   */
  subscribe(treeID: bigint, document: RuleDocument): SubscriptionPlace {
    const log = this.#logOf(treeID);
    if (this.#isClosed) throw new LogError('SHUTTING_DOWN', 'the server is shutting down');
    if (this.#subscribers >= this.#options.maxSubscribers) {
      this.#refused++;
      throw new LogError('OVERLOADED', 'there are too many subscriptions');
    }
    const { list, release } = this.#rules.read(document);
    this.#subscribers++;
    const abandon = (): void => {
      this.#subscribers--;
      release();
    };
    return {
      abandon,
      follow: (from, sink) =>
        log.follow(list, from, {
          take: (index, events) => sink.take(index, events),
          ready: () => sink.ready(),
          reached: (next) => sink.reached(next),
          ended() {
            abandon();
            sink.ended();
          },
        }),
    };
  }

  /** Begins to tell a sink of the operator, who is not counted and has bounds of his own. */
  follow(treeID: bigint, list: WatchList, from: number, sink: FollowerSink): Subscription {
    this.#rules.ask(list);
    return this.#logOf(treeID).follow(list, from, sink);
  }

  /** Returns figures for metrics; costs nothing. */
  statistics(): WatchStatistics {
    const logs = [...this.#logs.values()];
    return {
      subscribers: this.#subscribers,
      refused: this.#refused,
      events: this.#events,
      lag: logs.map(({ source, lag }) => ({ origin: source.origin, entries: lag })),
    };
  }

  /** Ends every subscription. */
  close(): void {
    this.#isClosed = true;
    for (const log of this.#logs.values()) log.close();
  }

  #logOf(treeID: bigint): WatchedLog {
    const log = this.#logs.get(treeID);
    if (log === undefined) throw new LogError('TREE_UNKNOWN', `log ${treeID} is not watched`);
    return log;
  }
}
