/**
 * One poll of one log: all its trees, and whether one of them is gone.
 *
 * In scope: what a poll's outcome is, by cause. A checkpoint that contradicts the known one is asked for once more before
 * the log is accused: a cache between may have been late. Out of scope: following a tree (follow-tree.ts), exit codes.
 */

import { isLogError } from '../errors.js';
import type { WatchList } from '../matching/watch-list.js';
import type { LogTrust } from './check-head.js';
import { keepEvidence } from './evidence-folder.js';
import type { FindingSink } from './finding-sink.js';
import { followTree } from './follow-tree.js';
import { UnreachableLogError } from './http-reader.js';
import type { LogSource } from './log-source.js';
import type { MonitorEvent } from './monitor-event.js';
import type { ScanObserver } from './scan-tree.js';
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
}

/** What a poll needs beside the log. */
export interface PollContext {
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

/** Resolves to the outcome; a log that is away, or caught, is an outcome. Rejects when findings cannot be told or saved. */
export async function pollLog(log: WatchedLog, context: PollContext): Promise<PollOutcome> {
  const poll = new Poll(log, context);
  await poll.run();
  return poll.outcome;
}

class Poll {
  readonly #log: WatchedLog;
  readonly #context: PollContext;
  readonly outcome = { tampering: false, failed: false, matched: false };

  constructor(log: WatchedLog, context: PollContext) {
    this.#log = log;
    this.#context = context;
  }

  async run(): Promise<void> {
    const first = await this.#followAll();
    // What the entries say was read to the end: reading it again would tell everything twice.
    const isFinal = first.every(({ kind }) => kind === 'entries');
    const caught = isFinal ? first : await this.#followAll();
    for (const error of caught) await this.#accuse(error);
  }

  /** Resolves to what the log is accused of. */
  async #followAll(): Promise<readonly TamperingError[]> {
    const { source, state } = this.#log;
    const caught: TamperingError[] = [];
    const met = new Set<string>();
    const trees = await this.#attempt(() => source.trees(), caught);
    if (trees === undefined) return caught;
    for (const tree of trees) {
      const head = await this.#attempt(() => followTree({ ...this.#following(), tree }), caught);
      if (head === undefined) continue;
      met.add(head.origin);
      this.#context.observer.checked(head.origin, head.size);
    }
    // Only when every tree that is there could be named: one that failed may be any of those known.
    if (met.size < trees.length) return caught;
    for (const origin of state.origins.filter((each) => !met.has(each))) {
      const evidence = { before: state.tree(origin)?.note, after: trees[0]?.note };
      caught.push(new TamperingError('vanished', origin, 'the tree is there no more', evidence));
    }
    return caught;
  }

  #following() {
    const { url, trust, start, state } = this.#log;
    const { watch, sink, observer, now, isStopping } = this.#context;
    return {
      log: url,
      trust,
      watch,
      start,
      observer,
      isStopping,
      known: (origin: string | undefined) => state.tree(origin),
      save: (tree: Parameters<StateFile['save']>[0]) => state.save(tree),
      tell: async (events: readonly MonitorEvent[]) => {
        await sink.take(events, now());
        this.outcome.matched = true;
        for (const event of events) observer.found(event);
      },
    };
  }

  async #attempt<T>(act: () => Promise<T>, caught: TamperingError[]): Promise<T | undefined> {
    try {
      return await act();
    } catch (error) {
      if (error instanceof TamperingError) {
        caught.push(error);
      } else if (isLogError(error) || error instanceof UnreachableLogError) {
        this.outcome.failed = true;
        this.#context.observer.failed(`${this.#log.url}: ${error.message}`);
      } else {
        throw error;
      }
      return undefined;
    }
  }

  async #accuse(error: TamperingError): Promise<void> {
    const { evidenceFolder, sink, observer, now } = this.#context;
    const event = await keepEvidence(evidenceFolder, this.#log.url, error, now());
    await sink.take([event], now());
    observer.found(event);
    this.outcome.tampering = true;
  }
}
