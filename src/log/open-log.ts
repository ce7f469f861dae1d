/**
 * Opens a log: wires writer, publisher and reader behind the front desk of log.ts.
 *
 * Spec: ARCHITECTURE.md, "Rooms" and "The commit". The three stages do not know one another: the sequencer
 * releases a batch, and what happens in `released` hands it to the tile cache and to the signatures. In scope:
 * the wiring, and the order in which a log opens and closes. Out of scope: HTTP, keys and files (server/).
 * State: the submissions under way.
 */

import type { AcceptedEntry, ProposedEntry } from '../entries/entry-kind.js';
import { LogError } from '../errors.js';
import { MAX_BUNDLE_ENTRY_SIZE } from '../merkle/entry-bundle.js';
import { LateRowWriter } from '../publishing/late-rows.js';
import { type Notes, openNotes, rekorNoteSigner, tileNoteSigner } from '../publishing/notes.js';
import { Timestamps } from '../publishing/timestamps.js';
import { leafHashes } from '../reading/entries.js';
import { consistencyProof, rootAtSize } from '../reading/proofs.js';
import { findIndexesAtMost, type SearchOperator } from '../reading/search.js';
import { SearchSlots } from '../reading/search-slots.js';
import { DEFAULT_TILE_CACHE_BYTES, TileCache } from '../reading/tile-cache.js';
import { DEFAULT_POOL_LIMITS } from '../sequencing/pool.js';
import { openSequencer, type Sequencer } from '../sequencing/sequencer.js';
import type { LogStore, NewLeaf } from '../storage/log-store.js';
import { Answers } from './answers.js';
import { entryIDOf, treeHexOf } from './entry-id.js';
import { IndexLookups } from './index-lookups.js';
import type {
  Checkpoint,
  Log,
  LogIdentity,
  PublishedEntry,
  Readiness,
  Statistics,
  Submission,
} from './log.js';
import type { LogLimits, LogOptions } from './log-options.js';

/** The bounds of a log that is not told otherwise. */
const DEFAULT_LOG_LIMITS: LogLimits = {
  ...DEFAULT_POOL_LIMITS,
  tileCacheBytes: DEFAULT_TILE_CACHE_BYTES,
  patienceMs: 5_000,
};

/**
 * Returns a log that answers. Throws STORE_IDENTITY when a key is not the one of the record, STORE_CORRUPT when
 * the stored tree contradicts its head or a note that the log signed, and whatever the guard throws.
 */
export async function openLog(options: LogOptions): Promise<Log> {
  const { store, record, signer, tileSigner, guard, clock, pause, observer } = options;
  assertKey('log', record.logID, signer.keyID);
  assertKey('tile', record.tileKeyID, tileSigner.keyID);
  const limits = { ...DEFAULT_LOG_LIMITS, ...options.limits };
  const log = store.log(record.treeID);
  let sequencer: Sequencer | undefined;
  const cache = new TileCache(log, limits.tileCacheBytes);
  const late = new LateRowWriter(log, (error) => {
    observer?.lateRowsLost?.(error);
    // Its write may have failed the store, and perhaps no submission follows.
    sequencer?.recover();
  });
  const rekorLine = rekorNoteSigner(record.hostname, signer);
  const tileLine = tileNoteSigner(record.hostname, tileSigner);
  const head = await log.head();
  const forNotes = {
    log,
    late,
    origin: record.origin,
    head,
    rootAtSize: (size: number) => rootAtSize(cache, size),
  };
  // Before the writer, which moves the guard: a store that contradicts a signed note moves nothing.
  const notes = await openNotes({ ...forNotes, kind: 'v1', signers: [rekorLine] });
  const tileNotes = await openNotes({ ...forNotes, kind: 'tiles', signers: [rekorLine, tileLine] });
  const timestamps = new Timestamps({
    log,
    late,
    signer,
    logID: record.logID,
    firstVirtualIndex: options.firstVirtualIndex ?? 0,
    failed: (error) => observer?.signingFailed?.(error),
    damaged: (error) => observer?.lateRowsLost?.(error),
  });
  sequencer = await openSequencer({
    store,
    treeID: record.treeID,
    guard,
    clock,
    pause,
    limits,
    patienceMs: limits.patienceMs,
    released(batch) {
      const { integratedTimeSeconds } = batch.head;
      cache.grow(batch.edge, batch.fullTiles);
      timestamps.begin(
        batch.leaves.map(({ bytes }, i) => ({
          index: batch.from + i,
          bytes,
          integratedTimeSeconds,
        })),
      );
      observer?.released?.(batch);
    },
    trouble: (event) => observer?.trouble?.(event),
  });
  cache.grow(sequencer.edge, []);
  return new WiredLog(options, {
    log,
    cache,
    late,
    notes,
    tileNotes,
    timestamps,
    sequencer,
  });
}

interface Parts {
  readonly log: LogStore;
  readonly cache: TileCache;
  readonly late: LateRowWriter;
  readonly notes: Notes;
  readonly tileNotes: Notes;
  readonly timestamps: Timestamps;
  readonly sequencer: Sequencer;
}

class WiredLog implements Log {
  readonly identity: LogIdentity;
  readonly tilePublicKeyPem: string;
  readonly #options: LogOptions;
  readonly #parts: Parts;
  readonly #lookups: IndexLookups;
  readonly #answers: Answers;
  readonly #searches = new SearchSlots();
  readonly #underWay = new Set<Promise<unknown>>();

  constructor(options: LogOptions, parts: Parts) {
    const { record, signer, tileSigner } = options;
    const { treeID, hostname, origin, logID } = record;
    const treeHex = treeHexOf(treeID);
    const publicKeyPem = signer.publicKeyPem;
    this.identity = { treeID, treeHex, hostname, origin, logID, publicKeyPem };
    this.tilePublicKeyPem = tileSigner.publicKeyPem;
    this.#options = options;
    this.#parts = parts;
    this.#lookups = new IndexLookups(parts.log);
    this.#answers = new Answers({ ...parts, treeHex, checkpoint: () => this.#checkpoint() });
  }

  async submit(proposed: ProposedEntry): Promise<Submission> {
    const submitting = this.#submit(proposed);
    this.#underWay.add(submitting);
    try {
      return await submitting;
    } finally {
      this.#underWay.delete(submitting);
    }
  }

  async leafHashOf(proposed: ProposedEntry): Promise<Uint8Array> {
    return (await this.#options.identify(proposed)).leafHash;
  }

  async entriesByIndex(
    indexes: readonly number[],
  ): Promise<readonly (PublishedEntry | undefined)[]> {
    return this.#answers.byIndex(indexes);
  }

  async entriesByLeafHash(
    hashes: readonly Uint8Array[],
  ): Promise<readonly (PublishedEntry | undefined)[]> {
    return this.#answers.byLeafHash(hashes);
  }

  async checkpoint(): Promise<Checkpoint> {
    return this.#checkpoint();
  }

  async tileCheckpoint(): Promise<Checkpoint> {
    return this.#parts.tileNotes.at(this.#parts.sequencer.head);
  }

  async consistency(
    firstSize: number | bigint,
    lastSize: number | bigint,
  ): Promise<{ hashes: readonly Uint8Array[]; rootHash: Uint8Array }> {
    const { size, root } = this.#parts.sequencer.head;
    if (firstSize > lastSize) {
      throw new LogError(
        'PROOF_RANGE',
        `firstSize(${firstSize}) must be less than lastSize(${lastSize})`,
      );
    }
    if (lastSize > size) {
      throw new LogError(
        'PROOF_RANGE',
        `the tree size requested(${lastSize}) was greater than what is currently observable(${size})`,
      );
    }
    const hashes = await consistencyProof(this.#parts.cache, Number(firstSize), Number(lastSize));
    return { hashes, rootHash: root };
  }

  async search(
    keys: readonly string[],
    operator: SearchOperator,
    most: number,
  ): Promise<readonly string[]> {
    const { log, sequencer } = this.#parts;
    const { treeHex } = this.identity;
    const lowered = keys.map((key) => key.toLowerCase());
    return this.#searches.run(async () => {
      const { size } = sequencer.head;
      const indexes = await findIndexesAtMost(log, lowered, operator, size, most);
      const found: string[] = [];
      for await (const hashes of leafHashes(log, indexes)) {
        for (const hash of hashes) found.push(entryIDOf(treeHex, hash));
      }
      return found;
    });
  }

  async readiness(): Promise<Readiness> {
    return {
      append:
        this.#parts.sequencer.trouble() ??
        (await troubleOf(() => this.#options.store.checkWritable())),
      sign: await troubleOf(() => this.#checkpoint()),
      read: await troubleOf(() => this.#parts.log.head()),
    };
  }

  statistics(): Statistics {
    const { head, held } = this.#parts.sequencer;
    return { treeSize: head.size, heldEntries: held.entries, heldBytes: held.bytes };
  }

  async close(): Promise<void> {
    const { sequencer, timestamps, late } = this.#parts;
    await sequencer.close();
    await Promise.allSettled(this.#underWay);
    await timestamps.idle();
    await late.idle();
  }

  async #submit(proposed: ProposedEntry): Promise<Submission> {
    const { sequencer } = this.#parts;
    sequencer.assertAdmits();
    const leaf = this.#newLeaf(await this.#options.accept(proposed));
    // A leaf that is committed but not guarded yet is not shown: it is in flight, and the writer joins it.
    const known = await this.#lookUp(leaf.hash);
    if (known !== undefined && known < sequencer.head.size) return this.#duplicate(leaf, known);
    const sequenced = await sequencer.add(leaf);
    if (sequenced.outcome === 'duplicate') return this.#duplicate(leaf, sequenced.index);
    const { index, integratedTimeSeconds } = sequenced;
    return {
      outcome: 'added',
      entry: await this.#answers.forAdded(leaf, index, integratedTimeSeconds),
    };
  }

  #newLeaf({ leaf, leafHash, indexKeys, attachment }: AcceptedEntry): NewLeaf {
    if (leaf.length > MAX_BUNDLE_ENTRY_SIZE) {
      const reason = `canonical entry of ${leaf.length} bytes exceeds ${MAX_BUNDLE_ENTRY_SIZE}`;
      throw new LogError('ENTRY_TOO_LARGE', reason);
    }
    return {
      hash: leafHash,
      bytes: leaf,
      indexKeys,
      ...(attachment !== undefined && { attachment }),
    };
  }

  async #lookUp(leafHash: Uint8Array): Promise<number | undefined> {
    try {
      return await this.#lookups.indexOf(leafHash);
    } catch (cause) {
      if (cause instanceof LogError) throw cause;
      throw new LogError('STORE_UNAVAILABLE', 'the store cannot be read', { cause });
    }
  }

  #duplicate(leaf: NewLeaf, logIndex: number): Submission {
    return {
      outcome: 'duplicate',
      entryID: entryIDOf(this.identity.treeHex, leaf.hash),
      logIndex,
    };
  }

  #checkpoint(): Checkpoint {
    return this.#parts.notes.at(this.#parts.sequencer.head);
  }
}

function assertKey(which: string, recorded: string, given: string): void {
  if (recorded === given) return;
  throw new LogError(
    'STORE_IDENTITY',
    `the store was made with the ${which} key ${recorded}, not ${given}`,
  );
}

/** Returns what keeps `attempt` from succeeding, or undefined. */
async function troubleOf(attempt: () => unknown): Promise<string | undefined> {
  try {
    await attempt();
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
