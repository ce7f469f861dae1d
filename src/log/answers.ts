/**
 * Answers: entries with SET, proof and checkpoint, all parts from one head.
 *
 * Spec: openapi.yaml, LogEntry; ARCHITECTURE.md, "One head per answer". In scope: taking the head first, then making
 * everything at its size. Out of scope: JSON. State: the contents that are remembered (entry-contents.ts).
 */

import { inclusionProofAtHand, inclusionProofs } from '../reading/proofs.js';
import type { TileCache } from '../reading/tile-cache.js';
import type { NewLeaf } from '../storage/log-store.js';
import { EntryContents, type EntryContentsOptions } from './entry-contents.js';
import { entryIDOf } from './entry-id.js';
import type { Checkpoint, PublishedEntry } from './log.js';

/** What answers are made from. */
export interface AnswersOptions extends EntryContentsOptions {
  readonly cache: TileCache;
  /** Returns the size of the head that is committed and guarded. */
  treeSize(): number;
  /** Returns the checkpoint to answer with, of at least `size` leaves, which are committed and guarded. */
  checkpoint(size: number): Checkpoint | Promise<Checkpoint>;
}

/** A leaf that was added, and where. */
export interface AddedLeaf {
  readonly leaf: NewLeaf;
  readonly index: number;
  readonly integratedTimeSeconds: number;
}

/** Makes the answers of one log. */
export class Answers {
  readonly #options: AnswersOptions;
  readonly #contents: EntryContents;

  constructor(options: AnswersOptions) {
    this.#options = options;
    this.#contents = new EntryContents(options);
  }

  /**
   * Returns the answers for entries that were just added, without reading anything back: proof and SET are at
   * hand. Throws SIGNER_UNAVAILABLE, QUORUM_MISSING: the entries are in the log then, and can be read when that is over.
   */
  async forAdded(added: readonly AddedLeaf[]): Promise<readonly PublishedEntry[]> {
    const asked = this.#options.checkpoint(sizeWith(added.map(({ index }) => index)));
    // What is at hand goes out in this turn.
    const checkpoint = asked instanceof Promise ? await asked : asked;
    const entries: PublishedEntry[] = [];
    for (const each of added) entries.push(await this.#published(each, checkpoint));
    return entries;
  }

  /** Returns the entries at these indexes, in order. Throws STORE_CORRUPT, SIGNER_UNAVAILABLE, QUORUM_MISSING. */
  async byIndex(indexes: readonly (number | undefined)[]): Promise<(PublishedEntry | undefined)[]> {
    const { checkpoint, treeSize } = this.#options;
    const size = treeSize();
    return this.#publish(
      indexes,
      await checkpoint(sizeWith(indexes.filter((index) => isBelow(index, size)))),
    );
  }

  /** Returns the entries with these leaf hashes, in order. Throws as `byIndex` does. */
  async byLeafHash(leafHashes: readonly Uint8Array[]): Promise<(PublishedEntry | undefined)[]> {
    return this.byIndex(await this.#contents.indexesOf(leafHashes, this.#options.treeSize()));
  }

  async #published(
    { leaf, index, integratedTimeSeconds }: AddedLeaf,
    checkpoint: Checkpoint,
  ): Promise<PublishedEntry> {
    const { cache, timestamps, treeHex } = this.#options;
    const hashes =
      inclusionProofAtHand(cache, index, checkpoint.size) ??
      (await inclusionProofs(cache, [index], checkpoint.size))[0] ??
      [];
    const signedEntryTimestamp =
      timestamps?.atHand(index) ??
      (await timestamps?.of(index, async () => ({
        index,
        bytes: leaf.bytes,
        integratedTimeSeconds,
      })));
    return {
      entryID: entryIDOf(treeHex, leaf.hash),
      leaf: leaf.bytes,
      logIndex: index,
      integratedTimeSeconds,
      signedEntryTimestamp,
      proof: { hashes, checkpoint },
    };
  }

  async #publish(
    indexes: readonly (number | undefined)[],
    checkpoint: Checkpoint,
  ): Promise<(PublishedEntry | undefined)[]> {
    const { cache } = this.#options;
    const { size } = checkpoint;
    const wanted = indexes.map((index) => (isBelow(index, size) ? index : undefined));
    const existing = [...new Set(wanted)].filter((index) => index !== undefined);
    const [contents, proofs] = await Promise.all([
      this.#contents.of(existing, size),
      inclusionProofs(cache, existing, size),
    ]);
    const published = new Map<number, PublishedEntry>();
    contents.forEach((content, i) => {
      const hashes = proofs[i] as Uint8Array[];
      published.set(content.logIndex, { ...content, proof: { hashes, checkpoint } });
    });
    return wanted.map((index) => (index === undefined ? undefined : published.get(index)));
  }
}

/** Returns the size of the smallest tree with leaves at all these indexes. */
function sizeWith(indexes: readonly number[]): number {
  return Math.max(-1, ...indexes) + 1;
}

function isBelow(index: number | undefined, size: number): index is number {
  return index !== undefined && Number.isSafeInteger(index) && index >= 0 && index < size;
}
