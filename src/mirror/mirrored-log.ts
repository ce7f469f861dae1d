/**
 * The copy of one log: its leaves in a store, and beside the store the checkpoint that the mirror has STATED last, which binds it.
 *
 * Spec: storage/log-store.ts. Whatever becomes of the store, restored from an old backup or begun anew, no smaller and no other
 * tree is stated after it: until the copy holds that checkpoint's leaves again, none is served. In scope: adding leaves that
 * somebody has verified, in order and on disk when it returns; which checkpoint the copy is served with. Out of scope: verifying
 * (follower.ts, upload-intake.ts), HTTP. State: the right edge of the tree; store and file alone decide what is durable. Of one log
 * there is one instance, and nobody else writes to it.
 */

import { equalBytes } from '../encoding/bytes.js';
import { LogError } from '../errors.js';
import {
  appendToFrontier,
  EMPTY_FRONTIER,
  frontierRoot,
  perfectSubtreeRoot,
} from '../merkle/frontier.js';
import { HASH_SIZE } from '../merkle/hash.js';
import { type Integration, integrate, type TreeEdge } from '../merkle/integrate.js';
import type { ProofPlan } from '../merkle/proof.js';
import { hashRangeOfNode } from '../merkle/tile.js';
import { parseCheckpoint } from '../note/checkpoint.js';
import { parseSignedNote } from '../note/signed-note.js';
import type { Commit, Head, LogStore, Store } from '../storage/log-store.js';
import { edgeAt, rootAt } from '../storage/root-at.js';
import type { KeptNotes } from './kept-notes.js';

/** A checkpoint that the mirror has stated: served, and signed where it has a key. */
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
  /** Their hashes. */
  readonly hashes: readonly Uint8Array[];
  readonly integration: Integration;
}

/** The copy of a log. */
export class MirroredLog {
  readonly origin: string;
  readonly #store: Store;
  readonly #log: LogStore;
  readonly #notes: KeptNotes;
  readonly #nowSeconds: () => number;
  #head: Head;
  #edge: TreeEdge;
  #stated: MirrorCheckpoint | undefined;
  /** Whether the copy has the leaves of what was stated. */
  #isHeld: boolean;
  /** After a write that failed. */
  #isUnsure = false;
  #turn: Promise<unknown> = Promise.resolve();

  private constructor(origin: string, loaded: LoadedLog, options: MirroredLogOptions) {
    this.origin = origin;
    this.#store = options.store;
    this.#notes = options.stated;
    this.#nowSeconds = options.nowSeconds;
    this.#log = loaded.log;
    this.#head = loaded.head;
    this.#edge = loaded.edge;
    this.#stated = loaded.stated;
    this.#isHeld = loaded.isHeld;
  }

  /**
   * Returns the copy of the log with this tree ID, which the store has. Throws STORE_CORRUPT when its leaves are not those of the
   * checkpoint that was stated, and what store and file throw.
   */
  static async open(
    origin: string,
    treeID: bigint,
    options: MirroredLogOptions,
  ): Promise<MirroredLog> {
    const loaded = await load(origin, options.store.log(treeID), options.stated);
    return new MirroredLog(origin, loaded, options);
  }

  /** Number of leaves that are there. */
  get size(): number {
    return this.#head.size;
  }

  get root(): Uint8Array {
    return this.#head.root;
  }

  /** The checkpoint that was stated last, undefined before the first: nothing else may be stated below or beside it. */
  get stated(): MirrorCheckpoint | undefined {
    return this.#stated;
  }

  /** That checkpoint when its leaves are all there, as they are unless the store was lost or put back. */
  get checkpoint(): MirrorCheckpoint | undefined {
    return this.#isHeld ? this.#stated : undefined;
  }

  /** For who serves tiles. */
  get tiles(): Pick<LogStore, 'hashes' | 'leafBytes'> {
    return this.#log;
  }

  /** Returns the root hash of the first `size` leaves, all of which are there. Throws STORE_CORRUPT. */
  rootAt(size: number): Promise<Uint8Array> {
    return rootAt(this.#log, size);
  }

  /** Returns a proof of a tree of leaves that are there. Throws STORE_CORRUPT. */
  async proof(plan: ProofPlan): Promise<Uint8Array[]> {
    const hashes: Uint8Array[] = [];
    for (const node of plan.nodes) {
      const { level, from, to } = hashRangeOfNode(node);
      hashes.push(perfectSubtreeRoot(await this.#log.hashes(level, from, to)));
    }
    return plan.assemble(hashes);
  }

  /**
   * Returns the hash of the leaves from `from` on, of which those below `start` are there and the others are given by their hashes:
   * the hash of a subtree that ends in a package. `start` - `from` is less than a tile.
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

  /**
   * Returns what the tree would be with these leaves, by their hashes too, behind its last one, or behind the tree that it would be
   * with others. Nothing is written.
   */
  grown(
    leaves: readonly Uint8Array[],
    hashes: readonly Uint8Array[],
    behind?: GrownTree,
  ): GrownTree {
    const edge = behind?.integration.edge ?? this.#edge;
    return { from: edge.size, leaves, hashes, integration: integrate(edge, hashes) };
  }

  /**
   * Adds leaves with their hashes, which were verified to be those from `from` on; such as are there already are passed over. They
   * are on disk when it returns. Throws RangeError for leaves behind a gap; what `LogStore.commit` throws, and the next call
   * recovers the store.
   */
  add(from: number, leaves: readonly Uint8Array[], hashes: readonly Uint8Array[]): Promise<void> {
    return this.#alone(async () => {
      const there = this.size - from;
      if (there < 0) throw new RangeError(`leaf ${from} does not follow ${this.size} leaves`);
      if (there >= leaves.length) return;
      await this.#commit(this.grown(leaves.slice(there), hashes.slice(there)));
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
   * States a checkpoint of leaves that are there, unless one of a larger size was stated; one of the same size takes its place. It
   * is on disk when it returns. Returns the checkpoint that is stated then. Throws PROOF_INVALID for another root than the copy
   * has, STORE_CORRUPT for a copy of other leaves than were stated, and what the file throws.
   */
  state(checkpoint: MirrorCheckpoint): Promise<MirrorCheckpoint> {
    return this.#alone(async () => {
      const { size, root, note } = checkpoint;
      const stated = this.#stated;
      if (stated !== undefined && stated.size > size) return stated;
      if (size > this.size || !equalBytes(await this.rootAt(size), root)) {
        throw new LogError('PROOF_INVALID', `the copy has another root at size ${size}`);
      }
      await assertHeld(this.#log, this.#head, stated);
      await this.#notes.write([note]);
      this.#stated = { size, root, note };
      this.#isHeld = true;
      return this.#stated;
    });
  }

  async #commit({ from, leaves, hashes, integration }: GrownTree): Promise<void> {
    const { edge, frontier, root, fullTiles } = integration;
    const before = this.#head;
    const head: Head = {
      size: frontier.size,
      root,
      frontier: frontier.hashes,
      integratedTimeSeconds: Math.max(before.integratedTimeSeconds, this.#nowSeconds()),
      batch: before.batch + 1,
    };
    const added = leaves.map((bytes, i) => ({
      hash: hashes[i] as Uint8Array,
      bytes,
      indexKeys: [],
    }));
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
    if (!this.#isHeld) this.#isHeld = await isHeld(this.#log, head, this.#stated);
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
    const { head, edge, stated, isHeld } = await load(this.origin, this.#log, this.#notes);
    this.#head = head;
    this.#edge = edge;
    this.#stated = stated;
    this.#isHeld = isHeld;
    this.#isUnsure = false;
  }
}

/** What a copy lies in. */
export interface MirroredLogOptions {
  readonly store: Store;
  /** Where the checkpoint lies that was stated last; best where a backup of the store that is put back leaves it alone. */
  readonly stated: KeptNotes;
  /** Wall clock, seconds since 1970: what the store notes as the time of a leaf is when it was copied. */
  readonly nowSeconds: () => number;
}

interface LoadedLog {
  readonly log: LogStore;
  readonly head: Head;
  readonly edge: TreeEdge;
  readonly stated: MirrorCheckpoint | undefined;
  readonly isHeld: boolean;
}

async function load(origin: string, log: LogStore, notes: KeptNotes): Promise<LoadedLog> {
  const head = await log.head();
  const edge = await edgeAt(log, head.size);
  const [note] = await notes.read();
  const stated = note === undefined ? undefined : readStated(origin, note);
  if (stated !== undefined && stated.size <= head.size) await assertHeld(log, head, stated);
  return { log, head, edge, stated, isHeld: stated === undefined || stated.size <= head.size };
}

function readStated(origin: string, note: string): MirrorCheckpoint {
  const { origin: found, size, root } = parseCheckpoint(parseSignedNote(note).text);
  if (found === origin && size <= BigInt(Number.MAX_SAFE_INTEGER)) {
    return { size: Number(size), root, note };
  }
  throw new LogError('STORE_CORRUPT', `the checkpoint that was stated of ${origin} is of ${found}`);
}

async function isHeld(
  log: LogStore,
  head: Head,
  stated: MirrorCheckpoint | undefined,
): Promise<boolean> {
  if (stated === undefined) return true;
  return stated.size <= head.size && equalBytes(await rootAt(log, stated.size), stated.root);
}

async function assertHeld(
  log: LogStore,
  head: Head,
  stated: MirrorCheckpoint | undefined,
): Promise<void> {
  if (await isHeld(log, head, stated)) return;
  const reason = `the copy has other leaves than those of the checkpoint of ${stated?.size} that was stated`;
  throw new LogError('STORE_CORRUPT', reason);
}
