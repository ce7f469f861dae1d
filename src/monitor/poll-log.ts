/**
 * One poll of one log: all its trees, and whether one of them is gone.
 *
 * In scope: what a poll's outcome is, by cause. A checkpoint that contradicts the known one is asked for once more before
 * the log is accused: a cache between may have been late. Whatever else goes wrong, on this machine too, is a failure of
 * this log's poll and of no other's. Out of scope: following a tree (follow-tree.ts), exit codes.
 */

import type { WatchList } from '../matching/watch-list.js';
import { checkGrowth, type LogTrust, openHead } from './check-head.js';
import { keepEvidence } from './evidence-folder.js';
import type { FindingSink } from './finding-sink.js';
import { followTree } from './follow-tree.js';
import type { LogSource, SourceTree } from './log-source.js';
import type { MonitorEvent } from './monitor-event.js';
import type { LeafReader, ScanObserver } from './scan-tree.js';
import type { StateFile } from './state-file.js';
import { TamperingError } from './tampering-error.js';

/** Who counts, and hears of what went wrong. */
export interface PollObserver extends ScanObserver {
  /** A tree was checked up to this size. */
  checked(origin: string, size: number): void;
  found(event: MonitorEvent): void;
  failed(reason: string): void;
}

/** A log that is watched. */
export interface WatchedLog {
  readonly url: string;
  readonly source: LogSource;
  readonly trust: LogTrust;
  readonly start: 'newest' | number;
  readonly state: StateFile;
  /** The shard before it: once that is known, this one is read from its first entry. */
  readonly predecessor: StateFile | undefined;
}

/** What a poll needs beside the log. */
export interface PollContext {
  readonly describe: LeafReader;
  readonly watch: WatchList;
  readonly sink: FindingSink;
  readonly evidenceFolder: string;
  readonly observer: PollObserver;
  readonly now: () => Date;
  readonly isStopping: () => boolean;
}

/** What a poll found, each true or false. */
export interface PollOutcome {
  readonly tampering: boolean;
  readonly failed: boolean;
  /** A match, or an entry that could not be read. */
  readonly matched: boolean;
}

/** Resolves to the outcome: a log that is away or caught, findings that cannot be told, a place that cannot be saved. */
export async function pollLog(log: WatchedLog, context: PollContext): Promise<PollOutcome> {
  const poll = new Poll(log, context);
  await poll.run();
  return poll.outcome;
}

class Poll {
  readonly #log: WatchedLog;
  readonly #context: PollContext;
  readonly #start: 'newest' | number;
  /** The trees of the newest look, by origin. */
  readonly #met = new Map<string, SourceTree>();
  readonly outcome = { tampering: false, failed: false, matched: false };

  constructor(log: WatchedLog, context: PollContext) {
    this.#log = log;
    this.#context = context;
    // What comes behind a tree that is known is new: not an entry of it may stay unread.
    const isKnown = log.state.isBegun || log.predecessor?.isBegun === true;
    this.#start = isKnown ? 0 : log.start;
  }

  async run(): Promise<void> {
    const first = await this.#followAll();
    // What the entries say was read to the end: reading it again would tell everything twice.
    const isFinal = first.every(({ kind }) => kind === 'entries');
    const caught = isFinal ? first : await this.#followAll();
    const again = new Set(caught.map(({ origin }) => origin));
    const gone = isFinal ? [] : first.filter(({ origin }) => !again.has(origin));
    for (const error of caught) await this.#accuse(error);
    for (const error of gone) await this.#doubt(error);
  }

  /** Resolves to what the log is accused of. */
  async #followAll(): Promise<readonly TamperingError[]> {
    const { source, state } = this.#log;
    const caught: TamperingError[] = [];
    this.#met.clear();
    const trees = await this.#attempt(() => source.trees(), caught);
    if (trees === undefined) return caught;
    for (const tree of trees) {
      const head = await this.#attempt(() => followTree({ ...this.#following(), tree }), caught);
      if (head === undefined) continue;
      this.#met.set(head.origin, tree);
      this.#context.observer.checked(head.origin, head.size);
    }
    // Only when every tree that is there could be named: one that failed may be any of those known.
    if (this.#met.size < trees.length) return caught;
    for (const origin of state.origins.filter((each) => !this.#met.has(each))) {
      const evidence = { before: state.tree(origin)?.note, after: trees[0]?.note };
      caught.push(new TamperingError('vanished', origin, 'the tree is there no more', evidence));
    }
    if (caught.length === 0) await this.#attempt(() => state.begin(), caught);
    return caught;
  }

  /**
   * A checkpoint that contradicted the known one, and was gone when asked for again: it was an old one out of a cache when
   * the tree of today begins with it. If the log signed it and it does not, then that was the other view of a split one.
   */
  async #doubt({ kind, origin, evidence: { after } }: TamperingError): Promise<void> {
    const { trust, state } = this.#log;
    const tree = this.#met.get(origin);
    const today = state.tree(origin);
    if (kind === 'signature' || after === undefined || !tree || !today) return;
    const caught: TamperingError[] = [];
    await this.#attempt(
      () => checkGrowth(tree, openHead(after, trust), openHead(today.note, trust), undefined),
      caught,
    );
    for (const error of caught) await this.#accuse(error);
  }

  #following() {
    const { url, trust, state } = this.#log;
    const { watch, describe, sink, observer, now, isStopping } = this.#context;
    return {
      log: url,
      trust,
      watch,
      describe,
      start: this.#start,
      observer,
      isStopping,
      known: (origin: string | undefined) => state.tree(origin),
      save: (tree: Parameters<StateFile['save']>[0]) => state.save(tree),
      tell: async (events: readonly MonitorEvent[]) => {
        await sink.take(events, now());
        if (events.some(({ type }) => type !== 'look-alike')) this.outcome.matched = true;
        for (const event of events) observer.found(event);
      },
    };
  }

  async #attempt<T>(act: () => Promise<T>, caught: TamperingError[]): Promise<T | undefined> {
    try {
      return await act();
    } catch (error) {
      if (error instanceof TamperingError) caught.push(error);
      else this.#fail(error);
      return undefined;
    }
  }

  /** A disk that is full must hide no tampering: it is told wherever it can be, and counts in any case. */
  async #accuse(error: TamperingError): Promise<void> {
    const { evidenceFolder, sink, observer, now } = this.#context;
    this.outcome.tampering = true;
    try {
      const event = await keepEvidence(evidenceFolder, this.#log.url, error, now());
      observer.found(event);
      await sink.take([event], now());
    } catch (cause) {
      this.#fail(new Error(`${error.kind}, ${error.message}: ${messageOf(cause)}`, { cause }));
    }
  }

  #fail(error: unknown): void {
    this.outcome.failed = true;
    this.#context.observer.failed(`${this.#log.url}: ${messageOf(error)}`);
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
