/**
 * Submissions of one log: from what a client proposes to what it is told, alone or in a batch.
 *
 * Spec: ARCHITECTURE.md, "The commit"; docs/operating.md, "Retries and batches". In scope: which entries are new,
 * what is told of those that are not, what happens when an entry is in the log and its answer cannot be made. Out of
 * scope: what an entry must be (entries/), how it is written (sequencing/). State: the submissions under way.
 */

import { setImmediate as nextTurn } from 'node:timers/promises';
import type { AcceptedEntry, ProposedEntry } from '../entries/entry-kind.js';
import { termKey } from '../entries/search-key.js';
import { isLogError, LogError } from '../errors.js';
import { MAX_BUNDLE_ENTRY_SIZE } from '../merkle/entry-bundle.js';
import type { Sequenced } from '../sequencing/pool.js';
import { FIRST_PAUSE_MS, nextPauseMs, type Pause } from '../sequencing/recovery.js';
import type { Sequencer } from '../sequencing/sequencer.js';
import type { LogStore, NewLeaf } from '../storage/log-store.js';
import type { AddedLeaf, Answers } from './answers.js';
import { entryIDOf } from './entry-id.js';
import { IndexLookups } from './index-lookups.js';
import type { BatchItem, BatchMode, Submission } from './log.js';

/** What submissions are made with. */
export interface SubmissionsOptions {
  readonly log: LogStore;
  readonly sequencer: Sequencer;
  readonly answers: Answers;
  readonly treeHex: string;
  readonly pause: Pause;
  /** How long an answer that cannot be made is tried again, in milliseconds. */
  readonly patienceMs: number;
  accept(proposed: ProposedEntry): Promise<AcceptedEntry>;
  /** Told why entries that are in the log got no answer of their own. */
  unanswered(error: unknown): void;
}

/** Entries of a batch that are verified at the same time. */
const VERIFIED_AT_ONCE = 8;

/** The submissions of one log. */
export class Submissions {
  readonly #options: SubmissionsOptions;
  readonly #lookups: IndexLookups;
  readonly #underWay = new Set<Promise<unknown>>();
  readonly #closing = new AbortController();
  #turn: Promise<void> = Promise.resolve();

  constructor(options: SubmissionsOptions) {
    this.#options = options;
    this.#lookups = new IndexLookups(options.log);
  }

  /** See Log.submit. */
  submit(proposed: ProposedEntry): Promise<Submission> {
    return this.#tracked(this.#submit(proposed));
  }

  /** See Log.submitBatch. */
  submitBatch(
    proposed: readonly (ProposedEntry | Error)[],
    mode: BatchMode,
  ): Promise<readonly BatchItem[]> {
    return this.#tracked(this.#submitBatch(proposed, mode));
  }

  /** Waits no longer for answers that cannot be made. */
  hurry(): void {
    this.#closing.abort();
  }

  /** Returns when nothing is under way any more. */
  async idle(): Promise<void> {
    await Promise.allSettled(this.#underWay);
  }

  async #tracked<Result>(submitting: Promise<Result>): Promise<Result> {
    this.#underWay.add(submitting);
    try {
      return await submitting;
    } finally {
      this.#underWay.delete(submitting);
    }
  }

  async #submit(proposed: ProposedEntry): Promise<Submission> {
    const { sequencer, accept } = this.#options;
    sequencer.assertAdmits();
    const leaf = newLeaf(await accept(proposed));
    const known = await this.#indexOf(leaf);
    if (known !== undefined) return this.#duplicate(leaf, known);
    const sequenced = await sequencer.add(leaf);
    const [submission] = await this.#told([{ leaf, sequenced }]);
    return submission as Submission;
  }

  async #submitBatch(
    proposed: readonly (ProposedEntry | Error)[],
    mode: BatchMode,
  ): Promise<readonly BatchItem[]> {
    this.#options.sequencer.assertAdmits(proposed.length);
    const judged = await someAtOnce(proposed, (each) => this.#judge(each));
    const isWithheld = mode === 'all-or-nothing' && judged.some((item) => 'outcome' in item);
    const fresh: NewLeaf[] = [];
    const items = judged.map((item): BatchItem | undefined => {
      if ('outcome' in item) return item;
      if (item.known !== undefined) return this.#duplicate(item.leaf, item.known);
      if (isWithheld) return { outcome: 'withheld' };
      fresh.push(item.leaf);
      return undefined;
    });
    const written = await this.#write(fresh, mode);
    let next = 0;
    return items.map((item) => item ?? (written[next++] as BatchItem));
  }

  async #judge(proposed: ProposedEntry | Error): Promise<Judged> {
    if (proposed instanceof Error) return { outcome: 'refused', error: proposed };
    await this.#nextTurn();
    try {
      const leaf = newLeaf(await this.#options.accept(proposed));
      return { leaf, known: await this.#indexOf(leaf) };
    } catch (error) {
      if (!isLogError(error)) throw error;
      return { outcome: 'refused', error };
    }
  }

  /** Begins one entry of all batches in each turn of the event loop: there may be many, and others want theirs. */
  #nextTurn(): Promise<void> {
    this.#turn = this.#turn.then(() => nextTurn());
    return this.#turn;
  }

  /** One commit for all, or each for itself; those usually share a commit too, but no fate. */
  async #write(leaves: readonly NewLeaf[], mode: BatchMode): Promise<readonly BatchItem[]> {
    const { sequencer } = this.#options;
    const settled =
      mode === 'all-or-nothing'
        ? (await sequencer.addAll(leaves)).map((value) => ({ status: 'fulfilled' as const, value }))
        : await Promise.allSettled(leaves.map((leaf) => sequencer.add(leaf)));
    const written: WrittenLeaf[] = [];
    const refusals = settled.map((result, i): BatchItem | undefined => {
      if (result.status === 'rejected') return { outcome: 'refused', error: result.reason };
      written.push({ leaf: leaves[i] as NewLeaf, sequenced: result.value });
      return undefined;
    });
    const told = await this.#told(written);
    let next = 0;
    return refusals.map((refusal) => refusal ?? (told[next++] as Submission));
  }

  /** Returns the index of a leaf that is in the log and may be shown. */
  async #indexOf({ hash }: NewLeaf): Promise<number | undefined> {
    try {
      const known = await this.#lookups.indexOf(hash);
      // A leaf that is committed but not guarded yet is not shown: it is in flight, and the writer joins it.
      return known !== undefined && known < this.#options.sequencer.head.size ? known : undefined;
    } catch (cause) {
      if (cause instanceof LogError) throw cause;
      throw new LogError('STORE_UNAVAILABLE', 'the store cannot be read', { cause });
    }
  }

  /** Returns what is told of leaves that are in the log now. Throws nothing: they are. */
  async #told(written: readonly WrittenLeaf[]): Promise<readonly Submission[]> {
    const added = written.flatMap(({ leaf, sequenced }) =>
      sequenced.outcome === 'added' ? [{ ...sequenced, leaf }] : [],
    );
    const answers = added.length === 0 ? [] : await this.#answersTo(added);
    let next = 0;
    return written.map(({ leaf, sequenced }) =>
      sequenced.outcome === 'added'
        ? (answers[next++] as Submission)
        : this.#duplicate(leaf, sequenced.index),
    );
  }

  /** A signer or a read that fails for a moment is waited for: whoever is told of an error sends it all again. */
  async #answersTo(added: readonly AddedLeaf[]): Promise<readonly Submission[]> {
    const { answers, pause, patienceMs } = this.#options;
    const { signal } = this.#closing;
    let waitedMs = 0;
    for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = nextPauseMs(pauseMs)) {
      const isLast = signal.aborted || waitedMs >= patienceMs;
      try {
        const entries = await answers.forAdded(added);
        return entries.map((entry) => ({ outcome: 'added', entry }));
      } catch (error) {
        // It was waited for already, and is no trouble of the log.
        if (isLogError(error, 'QUORUM_MISSING')) {
          return added.map(({ leaf, index }) => this.#placed('unpublished', leaf, index));
        }
        if (isLast) {
          this.#options.unanswered(error);
          return added.map(({ leaf, index }) => this.#placed('unanswered', leaf, index));
        }
      }
      await pause(pauseMs, signal);
      waitedMs += pauseMs;
    }
  }

  #duplicate(leaf: NewLeaf, logIndex: number): Submission {
    return this.#placed('duplicate', leaf, logIndex);
  }

  #placed(
    outcome: 'duplicate' | 'unanswered' | 'unpublished',
    leaf: NewLeaf,
    logIndex: number,
  ): Submission {
    return { outcome, entryID: entryIDOf(this.#options.treeHex, leaf.hash), logIndex };
  }
}

type Judged =
  | Extract<BatchItem, { outcome: 'refused' }>
  | { readonly leaf: NewLeaf; readonly known: number | undefined };

interface WrittenLeaf {
  readonly leaf: NewLeaf;
  readonly sequenced: Sequenced;
}

function newLeaf(accepted: AcceptedEntry): NewLeaf {
  const { leaf, leafHash, indexKeys, searchTerms, attachment } = accepted;
  if (leaf.length > MAX_BUNDLE_ENTRY_SIZE) {
    const reason = `canonical entry of ${leaf.length} bytes exceeds ${MAX_BUNDLE_ENTRY_SIZE}`;
    throw new LogError('ENTRY_TOO_LARGE', reason);
  }
  return {
    hash: leafHash,
    bytes: leaf,
    indexKeys: [...indexKeys, ...searchTerms.map(termKey)],
    ...(attachment !== undefined && { attachment }),
  };
}

/** Returns what `work` makes of the items, in their order, a few at a time; after an error it begins no more. */
async function someAtOnce<Item, Result>(
  items: readonly Item[],
  work: (item: Item) => Promise<Result>,
): Promise<readonly Result[]> {
  const results: Result[] = [];
  const left = items.entries();
  let failed = false;
  const walk = async (): Promise<void> => {
    for (const [i, item] of left) {
      if (failed) return;
      try {
        results[i] = await work(item);
      } catch (error) {
        failed = true;
        throw error;
      }
    }
  };
  await Promise.all(Array.from({ length: VERIFIED_AT_ONCE }, walk));
  return results;
}
