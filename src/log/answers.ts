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
  /** Returns the current checkpoint; of a head that is committed and guarded. */
  checkpoint(): Checkpoint;
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
   * hand. Throws SIGNER_UNAVAILABLE: the entries are in the log then, and can be read when the signer is back.
   */
  async forAdded(added: readonly AddedLeaf[]): Promise<readonly PublishedEntry[]> {
    const checkpoint = this.#options.checkpoint();
    const entries: PublishedEntry[] = [];
    for (const each of added) entries.push(await this.#published(each, checkpoint));
    return entries;
  }

  /** Returns the entries at these indexes, in order. Throws STORE_CORRUPT, SIGNER_UNAVAILABLE. */
  async byIndex(indexes: readonly number[]): Promise<(PublishedEntry | undefined)[]> {
    return this.#publish(indexes, this.#options.checkpoint());
  }

  /** Returns the entries with these leaf hashes, in order. Throws STORE_CORRUPT, SIGNER_UNAVAILABLE. */
  async byLeafHash(leafHashes: readonly Uint8Array[]): Promise<(PublishedEntry | undefined)[]> {
    const checkpoint = this.#options.checkpoint();
    const indexes = await this.#contents.indexesOf(leafHashes, checkpoint.size);
    return this.#publish(indexes, checkpoint);
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

function isBelow(index: number | undefined, size: number): index is number {
  return index !== undefined && Number.isSafeInteger(index) && index >= 0 && index < size;
}
