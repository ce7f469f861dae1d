/**
 * Opens a log: wires writer, publisher and reader behind the front desk of log.ts.
 *
 * Spec: ARCHITECTURE.md, "Rooms" and "The commit". The three stages do not know one another: the sequencer
 * releases a batch, and what happens in `released` hands it to the tile cache and to the signatures. In scope:
 * the wiring, and the order in which a log opens and closes. Out of scope: submissions (submissions.ts), HTTP, keys
 * and files (server/).
 */

import { toHex } from '../encoding/hex.js';
import type { ProposedEntry } from '../entries/entry-kind.js';
import { LogError } from '../errors.js';
import type { TileCoordinates } from '../merkle/tile.js';
import { LateRowWriter } from '../publishing/late-rows.js';
import {
  type Notes,
  openNotes,
  rekorNoteSigner,
  tileLogID,
  tileNoteSigner,
} from '../publishing/notes.js';
import { openPublisher, type Publisher } from '../publishing/publisher.js';
import type { StoreVerdict } from '../publishing/second-guard.js';
import { Timestamps } from '../publishing/timestamps.js';
import { consistencyProof, rootAtSize } from '../reading/proofs.js';
import type { IndexPage, MatchCount, SearchOperator } from '../reading/search.js';
import {
  DEFAULT_SERVED_BUNDLE_BYTES,
  DEFAULT_SERVED_TILE_BYTES,
  ServedTiles,
} from '../reading/served-tiles.js';
import { DEFAULT_TILE_CACHE_BYTES, TileCache } from '../reading/tile-cache.js';
import { hasTile } from '../reading/tiles.js';

import { DEFAULT_POOL_LIMITS } from '../sequencing/pool.js';
import { openSequencer, type Sequencer } from '../sequencing/sequencer.js';
import { isLogOfV1, type LogStore, tileOriginOf } from '../storage/log-store.js';
import { Answers } from './answers.js';
import { DEFAULT_ENTRY_CACHE_BYTES } from './entry-contents.js';
import { treeHexOf } from './entry-id.js';
import { EntrySearch } from './entry-search.js';
import type {
  BatchItem,
  BatchMode,
  Checkpoint,
  Desks,
  EntryLeaf,
  Log,
  LogIdentity,
  PublishedEntry,
  Readiness,
  Statistics,
  Submission,
  TermGroups,
  TermSearch,
} from './log.js';
import type { LogLimits, LogOptions } from './log-options.js';
import { RememberedSearches } from './remembered-searches.js';
import { Submissions } from './submissions.js';

/** The bounds of a log that is not told otherwise. */
const DEFAULT_LOG_LIMITS: LogLimits = {
  ...DEFAULT_POOL_LIMITS,
  tileCacheBytes: DEFAULT_TILE_CACHE_BYTES,
  entryCacheBytes: DEFAULT_ENTRY_CACHE_BYTES,
  servedTileBytes: DEFAULT_SERVED_TILE_BYTES,
  servedBundleBytes: DEFAULT_SERVED_BUNDLE_BYTES,
  patienceMs: 5_000,
};

/**
 * Returns the desks of a log that answers. Throws STORE_IDENTITY when a key is not the one of the record, STORE_CORRUPT when
 * the stored tree contradicts its head or a note that the log signed, and whatever the guard throws.
 */
export async function openLog(options: LogOptions): Promise<Desks> {
  const { store, record, signer, tileSigner, guard, clock, pause, observer } = options;
  assertKey('log', record.logID, signer.keyID);
  assertKey('tile', record.tileKeyID, tileSigner.keyID);
  const limits = { ...DEFAULT_LOG_LIMITS, ...options.limits };
  const log = store.log(record.treeID);
  let sequencer: Sequencer | undefined;
  let remembered: RememberedSearches | undefined;
  const cache = new TileCache(log, limits.tileCacheBytes);
  const late = new LateRowWriter(log, (error) => {
    observer?.lateRowsLost?.(error);
    // Its write may have failed the store, and perhaps no submission follows.
    sequencer?.recover();
  });
  // Before the writer, which moves the guard: a store that contradicts a signed note moves nothing.
  const verdict = options.verdict ?? { contradiction: undefined };
  const { publisher, ...sides } = await openSides({ ...options, verdict }, log, late, cache);
  const timestamps = isLogOfV1(record) ? openTimestamps(options, log, late) : undefined;
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
      remembered?.grown(batch.head.size, batch.leaves);
      publisher?.grown(batch.head);
      timestamps?.begin(
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
  remembered = new RememberedSearches(sequencer.head.size);
  const tiles = new ServedTiles({ log, cache, ...limits });
  const { patienceMs, entryCacheBytes } = limits;
  const parts = {
    ...{ log, cache, tiles, remembered, late, sequencer, publisher, verdict },
    ...{ patienceMs, entryCacheBytes },
  };
  await publisher?.start();
  return {
    rekorSide: new WiredDesk(options, { ...parts, ...sides.rekor, timestamps }),
    tileSide: new WiredDesk(options, { ...parts, ...sides.tiles }),
  };
}

/** What the desks of one log differ in, besides SETs. */
interface Side {
  /** First line of its checkpoints. */
  readonly origin: string;
  readonly logID: string;
  readonly notes: Notes;
  /** Whether it shows heads when they are published, not when they are committed. */
  readonly awaitsPublisher: boolean;
}

interface Sides {
  readonly rekor: Side;
  readonly tiles: Side;
  readonly publisher: Publisher | undefined;
}

async function openSides(
  options: LogOptions & { readonly verdict: StoreVerdict },
  log: LogStore,
  late: LateRowWriter,
  cache: TileCache,
): Promise<Sides> {
  const { record, signer, tileSigner, witnessing, observer, verdict } = options;
  const { hostname, origin, logID } = record;
  const tileOrigin = tileOriginOf(record);
  const head = await log.head();
  const shared = { log, late, head, rootAtSize: (size: number) => rootAtSize(cache, size) };
  const signers = [rekorNoteSigner(hostname, signer)];
  const tileSigners = [signer, tileSigner].map((each) => tileNoteSigner(hostname, each));
  const notes = await openNotes({ ...shared, kind: 'v1', origin, signers });
  const ofTiles = { ...shared, kind: 'tiles', origin: tileOrigin, signers: tileSigners } as const;
  const tileNotes = await openNotes(ofTiles);
  const publisher =
    witnessing &&
    (await openPublisher({
      ...witnessing,
      ...ofTiles,
      verdict,
      ownNote: (current) => tileNotes.at(current),
      proof: (first, last) => consistencyProof(cache, first, last),
      told: (event) => observer?.witness?.(event),
      published: (note) => observer?.published?.(note),
    }));
  return {
    rekor: { origin, logID, notes, awaitsPublisher: false },
    tiles: {
      origin: tileOrigin,
      logID: toHex(tileLogID(hostname, signer)),
      notes: tileNotes,
      awaitsPublisher: publisher !== undefined,
    },
    publisher,
  };
}

function openTimestamps(options: LogOptions, log: LogStore, late: LateRowWriter): Timestamps {
  const { signer, signTogether, record, observer } = options;
  return new Timestamps({
    log,
    late,
    signer,
    signTogether,
    logID: record.logID,
    firstVirtualIndex: options.firstVirtualIndex ?? 0,
    failed: (error) => observer?.signingFailed?.(error),
    damaged: (error) => observer?.lateRowsLost?.(error),
  });
}

interface Parts extends Side {
  readonly log: LogStore;
  readonly cache: TileCache;
  readonly tiles: ServedTiles;
  readonly remembered: RememberedSearches;
  readonly late: LateRowWriter;
  readonly sequencer: Sequencer;
  readonly patienceMs: number;
  readonly entryCacheBytes: number;
  /** Undefined: the log is not witnessed. */
  readonly publisher: Publisher | undefined;
  readonly verdict: StoreVerdict;
  /** Undefined: it hands out no SETs. */
  readonly timestamps?: Timestamps | undefined;
}

class WiredDesk implements Log {
  readonly identity: LogIdentity;
  readonly #options: LogOptions;
  readonly #parts: Parts;
  readonly #answers: Answers;
  readonly #search: EntrySearch;
  readonly #submissions: Submissions;

  constructor(options: LogOptions, parts: Parts) {
    const { record, signer } = options;
    const { treeID, hostname } = record;
    const { origin, logID } = parts;
    const treeHex = treeHexOf(treeID);
    const publicKeyPem = signer.publicKeyPem;
    this.identity = { treeID, treeHex, hostname, origin, logID, publicKeyPem };
    this.#options = options;
    this.#parts = parts;
    const treeSize = (): number => parts.sequencer.head.size;
    const checkpoint = (size: number) => this.#published?.covering(size) ?? this.#checkpoint();
    this.#answers = new Answers({ ...parts, treeHex, treeSize, checkpoint });
    this.#search = new EntrySearch({ ...parts, treeHex, treeSize });
    this.#submissions = new Submissions({
      ...parts,
      treeHex,
      answers: this.#answers,
      pause: options.pause,
      accept: (proposed) => options.accept(proposed),
      unanswered: (error) => options.observer?.unanswered?.(error),
    });
  }

  async submit(proposed: ProposedEntry): Promise<Submission> {
    const hearing = this.#parts.publisher?.hearing;
    if (hearing !== undefined) await hearing;
    this.#assertUncontradicted();
    return this.#submissions.submit(proposed);
  }

  async submitBatch(
    proposed: readonly (ProposedEntry | Error)[],
    mode: BatchMode,
  ): Promise<readonly BatchItem[]> {
    const hearing = this.#parts.publisher?.hearing;
    if (hearing !== undefined) await hearing;
    this.#assertUncontradicted();
    return this.#submissions.submitBatch(proposed, mode);
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

  checkpoint(): Promise<Checkpoint> {
    const { notes, sequencer } = this.#parts;
    const published = this.#published;
    if (published === undefined) return notes.kept(sequencer.head);
    return Promise.resolve().then(() => published.covering(0));
  }

  hasTile(tile: TileCoordinates): boolean {
    return hasTile(tile, this.#parts.sequencer.head.size);
  }

  async tile(tile: TileCoordinates): Promise<Uint8Array | undefined> {
    return this.#parts.tiles.read(tile, this.#parts.sequencer.head.size);
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

  search(
    keys: readonly string[],
    operator: SearchOperator,
    most: number,
  ): Promise<readonly string[]> {
    return this.#search.entryIDs(keys, operator, most);
  }

  searchByTerms(search: TermSearch): Promise<IndexPage> {
    return this.#search.byTerms(search);
  }

  countByTerms(groups: TermGroups, size: number, most: number): Promise<MatchCount> {
    return this.#search.count(groups, size, most);
  }

  leavesByIndex(indexes: readonly number[]): Promise<readonly (EntryLeaf | undefined)[]> {
    return this.#search.leaves(indexes);
  }

  async readiness(): Promise<Readiness> {
    return {
      append:
        this.#parts.verdict.contradiction ??
        this.#parts.sequencer.trouble() ??
        (await troubleOf(() => this.#options.store.checkWritable())),
      sign: await troubleOf(() => this.#checkpoint()),
      read: await troubleOf(() => this.#parts.log.head()),
    };
  }

  statistics(): Statistics {
    const { head, held } = this.#parts.sequencer;
    const publication = this.#parts.publisher?.publication();
    return {
      ...{ treeSize: head.size, heldEntries: held.entries, heldBytes: held.bytes },
      ...(publication !== undefined && { publication }),
    };
  }

  async close(): Promise<void> {
    const { sequencer, timestamps, late, publisher } = this.#parts;
    this.#submissions.hurry();
    publisher?.hurry();
    await sequencer.close();
    await this.#submissions.idle();
    await publisher?.close();
    await timestamps?.idle();
    await late.idle();
  }

  /** The publisher that this desk waits for. */
  get #published(): Publisher | undefined {
    return this.#parts.awaitsPublisher ? this.#parts.publisher : undefined;
  }

  #assertUncontradicted(): void {
    const { contradiction } = this.#parts.verdict;
    if (contradiction !== undefined) throw new LogError('GUARD_AHEAD', contradiction);
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
