/**
 * Stored entries described: kinds with formats of our own in line, those with OpenPGP, CMS or archives in a thread.
 *
 * In scope: the choice between the two. Out of scope: how a leaf is read (entries/describe-leaf.ts), who asks. The thread
 * is not one of those that read submissions: whoever watches a log takes nothing from whoever writes to it. State: the
 * thread, and whose turn it is.
 */

import { describeLeaf } from '../entries/describe-leaf.js';
import type { DescribedLeaf } from '../entries/described-leaf.js';
import { kindOfLeaf } from '../entries/leaf-kind.js';
import { ENTRY_KINDS } from '../entries/registry.js';
import {
  ENTRY_THREAD,
  type EntryTask,
  type EntryTaskResult,
  type SentDescription,
} from './entry-task.js';
import { ThreadPool } from './thread-pool.js';

/** Bounds of the reading of one leaf. */
export interface LeafDescriberLimits {
  readonly timeLimitMs: number;
  readonly memoryLimitMb: number;
}

/** Describes leaves. */
export class LeafDescriber {
  readonly #pool: ThreadPool<EntryTask, EntryTaskResult[EntryTask['task']]>;
  #turn: Promise<unknown> = Promise.resolve();

  constructor(limits: LeafDescriberLimits) {
    this.#pool = new ThreadPool(ENTRY_THREAD, { ...limits, threads: 1, waiting: 1 });
  }

  /**
   * Returns what a leaf says; at once but for kinds that are read in a thread, of which only `extensions` can be asked
   * for. Throws, or rejects with, what describeLeaf throws, ENTRY_TOO_COSTLY, OVERLOADED and SHUTTING_DOWN.
   */
  describe(
    leaf: Uint8Array,
    extensions: readonly string[],
  ): DescribedLeaf | Promise<DescribedLeaf> {
    const { kind } = kindOfLeaf(leaf);
    const isKnown = Object.hasOwn(ENTRY_KINDS, kind);
    // Of a leaf in another spelling, as no honest log has it, nobody knows the kind yet.
    if (kind !== '' && !(isKnown && ENTRY_KINDS[kind]?.isolated)) return describeLeaf(leaf);
    // One at a time: a leaf that waits for the thread must not be refused because another takes long.
    const task = { task: 'describe', leaf: Uint8Array.from(leaf), extensions } as const;
    const described = this.#turn.then(() => this.#pool.run(task)) as Promise<SentDescription>;
    this.#turn = described.catch(() => {});
    return described.then(received);
  }

  /** Ends the thread; what it reads is refused. */
  close(): Promise<void> {
    return this.#pool.close();
  }
}

function received({ signers, ...facts }: SentDescription): DescribedLeaf {
  return {
    ...facts,
    signers: signers.map(({ values, names, extensions, certificates }) => ({
      values: (field) => values[field] ?? [],
      names: () => names,
      extension: (oid) => extensions[oid] ?? [],
      certificates: () => certificates,
    })),
  };
}
