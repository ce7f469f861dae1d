/**
 * The copy of one log: its leaves in a store, and the newest checkpoint that they have been held against.
 *
 * Spec: storage/log-store.ts. In scope: adding leaves that somebody has verified, in order and on disk when it returns; which
 * checkpoint the copy is served with. Out of scope: verifying (follower.ts, package-check.ts), HTTP. State: the right edge of the
 * tree; the store alone decides what is committed. Of one log there is one instance, and nobody else writes to it.
 */

import { equalBytes, fromUtf8, utf8 } from '../encoding/bytes.js';
import { LogError } from '../errors.js';
import { appendToFrontier, EMPTY_FRONTIER, frontierRoot } from '../merkle/frontier.js';
import { HASH_SIZE, leafHash } from '../merkle/hash.js';
import { type Integration, integrate, type TreeEdge } from '../merkle/integrate.js';
import { parseCheckpoint } from '../note/checkpoint.js';
import { parseSignedNote } from '../note/signed-note.js';
import type { Commit, Head, LogStore, Store } from '../storage/log-store.js';
import { edgeAt, rootAt } from '../storage/root-at.js';

/** The checkpoint that a copy is served with. */
export interface MirrorCheckpoint {
  readonly size: number;
  readonly root: Uint8Array;
  /** A signed note. */
  readonly note: string;
}

/** Leaves on their way into the tree: what it will be with them. */
export interface GrownTree {
  /** Where the first of them goes. */
  readonly from: number;
  readonly leaves: readonly Uint8Array[];
  readonly integration: Integration;
}

/** The copy of a log. */
export class MirroredLog {
  readonly origin: string;
  readonly #store: Store;
  readonly #log: LogStore;
  readonly #nowSeconds: () => number;
  #head: Head;
  #edge: TreeEdge;
  #checkpoint: MirrorCheckpoint | undefined;
  /** After a write that failed. */
  #isUnsure = false;
  #turn: Promise<unknown> = Promise.resolve();

  private constructor(origin: string, loaded: LoadedLog, options: MirroredLogOptions) {
    this.origin = origin;
    this.#store = options.store;
    this.#nowSeconds = options.nowSeconds;
    this.#log = loaded.log;
    this.#head = loaded.head;
    this.#edge = loaded.edge;
    this.#checkpoint = loaded.checkpoint;
  }

  /**
   * Returns the copy of the log with this tree ID, which the store has. Throws STORE_CORRUPT when its checkpoint is not of the
   * leaves that are there, and what the store throws.
   */
  static async open(
    origin: string,
    treeID: bigint,
    options: MirroredLogOptions,
  ): Promise<MirroredLog> {
    return new MirroredLog(origin, await load(options.store.log(treeID)), options);
  }

  /** Number of leaves that are there. */
  get size(): number {
    return this.#head.size;
  }

  get root(): Uint8Array {
    return this.#head.root;
  }

  /** The newest checkpoint whose leaves are all there, undefined before the first. */
  get checkpoint(): MirrorCheckpoint | undefined {
    return this.#checkpoint;
  }

  /** For who serves tiles. */
  get tiles(): Pick<LogStore, 'hashes' | 'leafBytes'> {
    return this.#log;
  }

  /** Returns the root hash of the first `size` leaves, all of which are there. Throws STORE_CORRUPT. */
  rootAt(size: number): Promise<Uint8Array> {
    return rootAt(this.#log, size);
  }

  /**
   * Returns the hash of the leaves [from, `from` + those that are there + `leaves`.length), the last of which are given by their
   * hashes: the hash of a subtree that ends in a package. `start` - `from` is less than a tile.
   */
  async subtreeHash(
    from: number,
    start: number,
    hashes: readonly Uint8Array[],
  ): Promise<Uint8Array> {
    const stored = from === start ? new Uint8Array(0) : await this.#log.hashes(0, from, start);
    const before = Array.from({ length: start - from }, (_, i) =>
      stored.subarray(i * HASH_SIZE, (i + 1) * HASH_SIZE),
    );
    return frontierRoot(appendToFrontier(EMPTY_FRONTIER, [...before, ...hashes]));
  }

  /** Returns what the tree would be with these leaves behind its last one. Nothing is written. */
  grown(leaves: readonly Uint8Array[]): GrownTree {
    const integration = integrate(this.#edge, leaves.map(leafHash));
    return { from: this.#edge.size, leaves, integration };
  }

  /**
   * Adds leaves, which were verified to be those from `from` on; such as are there already are passed over. They are on disk when
   * it returns. Throws RangeError for leaves behind a gap; what `LogStore.commit` throws, and the next call recovers the store.
   */
  add(from: number, leaves: readonly Uint8Array[]): Promise<void> {
    return this.#alone(async () => {
      const there = this.size - from;
      if (there < 0) throw new RangeError(`leaf ${from} does not follow ${this.size} leaves`);
      const missing = leaves.slice(there);
      if (missing.length > 0) await this.#commit(this.grown(missing));
    });
  }

  /** Adds what `grown` has returned. Throws STORE_UNAVAILABLE when the tree is another by now: begin anew. Else as `add`. */
  addGrown(tree: GrownTree): Promise<void> {
    return this.#alone(async () => {
      if (tree.from !== this.size) {
        const reason = `the copy of ${this.origin} has ${this.size} leaves, not ${tree.from}`;
        throw new LogError('STORE_UNAVAILABLE', reason);
      }
      await this.#commit(tree);
    });
  }

  /** Returns when it is known what is in the copy: after a write whose outcome was not, the store is asked. */
  settle(): Promise<void> {
    return this.#alone(async () => {});
  }

  /**
   * Keeps a checkpoint of leaves that are there; one that is smaller than the one that is kept is passed over, and of one of the
   * same size the lines are added. It is on disk when it returns. Returns the checkpoint that is kept then. Throws PROOF_INVALID
   * for another root than the copy has.
   */
  keep(checkpoint: MirrorCheckpoint): Promise<MirrorCheckpoint> {
    return this.#alone(async () => {
      const { size, root, note } = checkpoint;
      const kept = this.#checkpoint;
      if (kept !== undefined && kept.size > size) return kept;
      if (!equalBytes(await this.rootAt(size), root)) {
        throw new LogError('PROOF_INVALID', `the copy has another root at size ${size}`);
      }
      await this.#log.late({ notes: [{ kind: 'tiles', size, bytes: utf8(note) }], sync: true });
      const stored = await this.#log.newestNote('tiles');
      const united = { size, root, note: stored === undefined ? note : fromUtf8(stored.bytes) };
      this.#checkpoint = united;
      return united;
    });
  }

  async #commit({ from, leaves, integration }: GrownTree): Promise<void> {
    const { edge, frontier, root, fullTiles } = integration;
    const before = this.#head;
    const head: Head = {
      size: frontier.size,
      root,
      frontier: frontier.hashes,
      integratedTimeSeconds: Math.max(before.integratedTimeSeconds, this.#nowSeconds()),
      batch: before.batch + 1,
    };
    const added = leaves.map((bytes) => ({ hash: leafHash(bytes), bytes, indexKeys: [] }));
    const commit: Commit = {
      expect: { size: from, root: before.root },
      leaves: added,
      head,
      fullTiles,
    };
    const { outcome } = await this.#log.commit(commit);
    if (outcome !== 'committed') {
      throw new LogError('STORE_CORRUPT', `somebody else writes to the copy of ${this.origin}`);
    }
    this.#head = head;
    this.#edge = edge;
  }

  /** Runs one write after the other. After a failed one the store alone knows what is in it. */
  #alone<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#turn.then(async () => {
      if (this.#store.failed) await this.#store.recover();
      // Another log of the store may have recovered it meanwhile.
      if (this.#isUnsure) await this.#reload();
      try {
        return await work();
      } catch (error) {
        this.#isUnsure = true;
        throw error;
      }
    });
    this.#turn = done.catch(() => undefined);
    return done;
  }

  async #reload(): Promise<void> {
    const { head, edge, checkpoint } = await load(this.#log);
    this.#head = head;
    this.#edge = edge;
    this.#checkpoint = checkpoint;
    this.#isUnsure = false;
  }
}

/** What a copy lies in. */
export interface MirroredLogOptions {
  readonly store: Store;
  /** Wall clock, seconds since 1970: what the store notes as the time of a leaf is when it was copied. */
  readonly nowSeconds: () => number;
}

interface LoadedLog {
  readonly log: LogStore;
  readonly head: Head;
  readonly edge: TreeEdge;
  readonly checkpoint: MirrorCheckpoint | undefined;
}

async function load(log: LogStore): Promise<LoadedLog> {
  const head = await log.head();
  const edge = await edgeAt(log, head.size);
  const stored = await log.newestNote('tiles');
  if (stored === undefined) return { log, head, edge, checkpoint: undefined };
  const note = fromUtf8(stored.bytes);
  const { size: wide, root } = parseCheckpoint(parseSignedNote(note).text);
  const size = Number(wide);
  if (size > head.size || !equalBytes(await rootAt(log, size), root)) {
    throw new LogError('STORE_CORRUPT', `the copy has lost leaves below its checkpoint of ${size}`);
  }
  return { log, head, edge, checkpoint: { size, root, note } };
}
