/**
 * A suspicious reader of a log's tiles: follows it from checkpoint to checkpoint, reads everything that is new, and
 * believes only what follows from the leaves.
 *
 * It holds each root against its own tree of all the leaves, so every checkpoint is consistent with all earlier ones.
 * One follower lives through all restarts of one log.
 */

import { randomInt } from 'node:crypto';
import type { Connection } from '../../bench/harness/connection.js';
import { leafHash } from '../../src/merkle/hash.js';
import { CopiedTree } from './copied-tree.js';
import {
  getBody,
  leavesOfBundle,
  pathOfTile,
  TILE_WIDTH,
  type TileCheckpoint,
  type TileLogVerifier,
} from './tile-log.js';

/** What a follower has read. */
export interface FollowerCounts {
  checkpoints: number;
  tiles: number;
  bundles: number;
  /** Restarts at which the newest checkpoint came back byte for byte. */
  kept: number;
  /** Checkpoints that were signed a second time after a kill, over the same text. */
  signedAgain: number;
  /** Checkpoints that were served again with one more cosignature. */
  grown: number;
}

export class TileFollower {
  readonly tree = new CopiedTree();
  readonly counts: FollowerCounts = {
    checkpoints: 0,
    tiles: 0,
    bundles: 0,
    kept: 0,
    signedAgain: 0,
    grown: 0,
  };
  readonly #prefix: string;
  readonly #verifier: TileLogVerifier;
  readonly #onLeaf: (leaf: Buffer, index: number) => void;
  /** The note that was served for each size. */
  readonly #notes = new Map<number, TileCheckpoint>();
  readonly #notCompared: TileCheckpoint[] = [];
  /** The one that was read last. */
  #followed: TileCheckpoint | undefined;
  /** The largest size that anybody was served before now. */
  #newestSize = 0;
  /** Up to here the hash tiles were compared; a lost connection may leave it behind the leaves. */
  #comparedSize = 0;
  #restart: 'none' | 'clean' | 'killed' = 'none';

  /** `prefix` is that of the log's tiles, without a slash at its end; `onLeaf` is told of each leaf, in order. */
  constructor(
    prefix: string,
    verifier: TileLogVerifier,
    onLeaf: (leaf: Buffer, index: number) => void = () => {},
  ) {
    this.#prefix = prefix;
    this.#verifier = verifier;
    this.#onLeaf = onLeaf;
  }

  /**
   * Notes a checkpoint that was served somewhere else. Throws when there was another note for its size, unless one has all
   * lines of the other and cosignatures besides; its root is compared as soon as the follower has read so far.
   */
  witness(checkpoint: TileCheckpoint): void {
    const known = this.#notes.get(checkpoint.size);
    if (known?.note === checkpoint.note) return;
    if (known !== undefined && hasLinesOf(known, checkpoint)) return;
    if (known !== undefined && hasLinesOf(checkpoint, known)) this.counts.grown++;
    else if (known !== undefined) this.#assertSignedAgain(known, checkpoint);
    this.#notes.set(checkpoint.size, checkpoint);
    this.#newestSize = Math.max(this.#newestSize, checkpoint.size);
    this.#notCompared.push(checkpoint);
  }

  /**
   * Notes that the server was started again. A note is stored a moment after it is served: a `killed` server may have
   * to sign its newest one again, any other must serve the same bytes.
   */
  restarted(how: 'clean' | 'killed'): void {
    this.#restart = how;
  }

  /** Reads the checkpoint of now and all that is new below it. Throws at the first thing that is not as it must be. */
  async follow(connection: Connection): Promise<TileCheckpoint> {
    const newest = this.#newestSize;
    const note = (await getBody(connection, `${this.#prefix}/checkpoint`)).toString();
    const checkpoint = this.#verifier.checkpoint(note);
    this.counts.checkpoints++;
    if (checkpoint.size < newest) throw new Error(`size ${checkpoint.size} after ${newest}`);
    const before = this.#followed;
    if (before?.size === checkpoint.size && before.cosignatures > checkpoint.cosignatures) {
      throw new Error(`a checkpoint has lost cosignatures:\n${before.note}${note}`);
    }
    this.#followed = checkpoint;
    const isKept = this.#notes.get(checkpoint.size)?.note === note;
    if (this.#restart !== 'none' && isKept) this.counts.kept++;
    this.witness(checkpoint);
    this.#restart = 'none';
    await this.#readBundles(connection, this.tree.size, checkpoint.size);
    this.#compareRoots();
    await this.#readTiles(connection, this.#comparedSize, checkpoint.size);
    this.#comparedSize = checkpoint.size;
    await this.#readOld(connection, checkpoint.size);
    return checkpoint;
  }

  /** Throws unless the tree had this root at this size; the follower must have read so far. */
  assertRoot(size: number, root: Buffer): void {
    if (this.tree.rootAt(size).equals(root)) return;
    throw new Error(`the leaves below ${size} do not have the root of a checkpoint`);
  }

  #assertSignedAgain(known: TileCheckpoint, other: TileCheckpoint): void {
    const isSameText = known.root.equals(other.root) && known.origin === other.origin;
    if (!isSameText) throw new Error(`two roots were served for size ${other.size}`);
    // What witnesses have cosigned is on disk before it is served.
    if (this.#restart !== 'killed' || known.cosignatures > 0) {
      throw new Error(`two notes were served for size ${other.size}:\n${known.note}${other.note}`);
    }
    this.counts.signedAgain++;
  }

  #compareRoots(): void {
    const later = this.#notCompared.filter(({ size }) => size > this.tree.size);
    for (const { size, root } of this.#notCompared) {
      if (size <= this.tree.size) this.assertRoot(size, root);
    }
    this.#notCompared.splice(0, Infinity, ...later);
  }

  async #readBundles(connection: Connection, from: number, to: number): Promise<void> {
    for (const [index, width] of newTiles(from, to)) {
      const leaves = await this.#bundle(connection, index, width);
      const known = Math.max(0, from - index * TILE_WIDTH);
      this.#assertLeaves(index, leaves.slice(0, known));
      const added = leaves.slice(known);
      for (const [at, leaf] of added.entries()) this.#onLeaf(leaf, this.tree.size + at);
      this.tree.append(added.map(leafHash));
    }
  }

  async #readTiles(connection: Connection, from: number, to: number): Promise<void> {
    for (let level = 0, leaves = 1; leaves <= to; level++, leaves *= TILE_WIDTH) {
      const counts = [Math.floor(from / leaves), Math.floor(to / leaves)] as const;
      for (const [index, width] of newTiles(...counts)) {
        await this.#compareTile(connection, level, index, width);
      }
    }
  }

  /** Reads a tile and a bundle of a size that the tree had once: what a path names never changes. */
  async #readOld(connection: Connection, size: number): Promise<void> {
    if (size === 0) return;
    const last = randomInt(size);
    const [index, width] = [Math.floor(last / TILE_WIDTH), (last % TILE_WIDTH) + 1];
    await this.#compareTile(connection, 0, index, width);
    this.#assertLeaves(index, await this.#bundle(connection, index, width));
  }

  async #bundle(connection: Connection, index: number, width: number): Promise<Buffer[]> {
    const path = this.#prefix + pathOfTile('entries', index, width);
    this.counts.bundles++;
    return leavesOfBundle(await getBody(connection, path), width);
  }

  #assertLeaves(bundle: number, leaves: readonly Buffer[]): void {
    for (const [at, leaf] of leaves.entries()) {
      const index = bundle * TILE_WIDTH + at;
      if (this.tree.leafHash(index)?.equals(leafHash(leaf)) !== true) {
        throw new Error(`leaf ${index} is another one now`);
      }
    }
  }

  async #compareTile(
    connection: Connection,
    level: number,
    index: number,
    width: number,
  ): Promise<void> {
    const path = this.#prefix + pathOfTile(level, index, width);
    this.counts.tiles++;
    const bytes = await getBody(connection, path);
    if (!bytes.equals(this.tree.tile(level, index, width))) {
      throw new Error(`${path} is not made of the leaves`);
    }
  }
}

function hasLinesOf({ note }: TileCheckpoint, other: TileCheckpoint): boolean {
  const lines = new Set(note.split('\n'));
  return other.note.split('\n').every((line) => lines.has(line));
}

/** Yields index and width of the tiles of a level that are new in a tree that grew `from`, `to`. */
function* newTiles(from: number, to: number): Generator<readonly [number, number]> {
  if (from === to) return;
  for (let index = Math.floor(from / TILE_WIDTH); index * TILE_WIDTH < to; index++) {
    yield [index, Math.min(TILE_WIDTH, to - index * TILE_WIDTH)];
  }
}
