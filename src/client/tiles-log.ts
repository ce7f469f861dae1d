/**
 * A log that is read as tiles. Spec: https://c2sp.org/tlog-tiles.
 *
 * In scope: fetching, proofs made of tiles. Out of scope: verifying. State: some hash tiles that were read; what is named by
 * coordinates should never change, and when it does, a proof fails.
 */

import { LogError } from '../errors.js';
import { parseEntryBundle } from '../merkle/entry-bundle.js';
import { perfectSubtreeRoot } from '../merkle/frontier.js';
import { HASH_SIZE } from '../merkle/hash.js';
import { type NodeID, planConsistencyProof } from '../merkle/proof.js';
import { hashRangeOfNode, TILE_WIDTH, type TileCoordinates, tilePath } from '../merkle/tile.js';
import { MAX_NOTE_BYTES } from '../note/signed-note.js';
import { type BoundedAnswer, okBody } from './bounded-fetch.js';
import { addressBelow, type RemoteLog, type RemoteLogOptions } from './remote-log.js';

/** Full hash tiles that are kept: the edges of two trees of any size, and some more. */
const KEPT_TILES = 64;
const TILE_BYTES = TILE_WIDTH * HASH_SIZE;
/** 256 entries of 65,535 bytes and their lengths. */
const MAX_BUNDLE_BYTES = TILE_WIDTH * 65_537;

/** Returns the log with tiles below a URL. */
export function tilesLog(options: RemoteLogOptions): RemoteLog {
  const log = new TilesLog(options);
  return {
    checkpoint: () => log.checkpoint(),
    consistency: (first, last) => log.consistency(first, last),
    leavesAtOnce: TILE_WIDTH,
    leaves: (from, to) => log.leaves(from, to),
    hashTile: (level, index, size) => log.hashTile(level, index, size),
  };
}

class TilesLog {
  readonly #options: RemoteLogOptions;
  readonly #kept = new Map<string, Uint8Array>();

  constructor(options: RemoteLogOptions) {
    this.#options = options;
  }

  async checkpoint(): Promise<Uint8Array> {
    return okBody('checkpoint', await this.#get('checkpoint', MAX_NOTE_BYTES));
  }

  async consistency(first: number, last: number): Promise<readonly Uint8Array[]> {
    const plan = planConsistencyProof(first, last);
    const hashes: Uint8Array[] = [];
    for (const node of plan.nodes) hashes.push(await this.#node(node, last));
    return plan.assemble(hashes);
  }

  async leaves(from: number, to: number): Promise<readonly Uint8Array[]> {
    const index = Math.floor(from / TILE_WIDTH);
    const start = index * TILE_WIDTH;
    const width = Math.min(TILE_WIDTH, to - start);
    const bytes = await this.#tile({ level: 'entries', index, width }, MAX_BUNDLE_BYTES);
    const leaves = parseEntryBundle(bytes);
    if (leaves.length < width) {
      throw new LogError('TILE_MALFORMED', `bundle ${index} has ${leaves.length} leaves`);
    }
    return leaves.slice(from - start, width);
  }

  async hashTile(level: number, index: number, size: number): Promise<Uint8Array> {
    const complete = Math.floor(size / TILE_WIDTH ** level);
    const width = Math.min(TILE_WIDTH, complete - index * TILE_WIDTH);
    const path = tilePath({ level, index, width });
    const kept = this.#kept.get(path);
    if (kept !== undefined) return kept;
    const bytes = await this.#tile({ level, index, width }, TILE_BYTES);
    if (bytes.length < width * HASH_SIZE || bytes.length % HASH_SIZE !== 0) {
      throw new LogError('TILE_MALFORMED', `${path} has ${bytes.length} bytes`);
    }
    const hashes = bytes.subarray(0, width * HASH_SIZE);
    this.#keep(path, hashes);
    return hashes;
  }

  async #node(node: NodeID, size: number): Promise<Uint8Array> {
    const { level, from, to } = hashRangeOfNode(node);
    const index = Math.floor(from / TILE_WIDTH);
    const tile = await this.hashTile(level, index, size);
    const start = index * TILE_WIDTH;
    return perfectSubtreeRoot(tile.subarray((from - start) * HASH_SIZE, (to - start) * HASH_SIZE));
  }

  /** A log may take away a partial tile when the full one is there, which then has all that is wanted. */
  async #tile(tile: TileCoordinates, maxBytes: number): Promise<Uint8Array> {
    const path = tilePath(tile);
    const answer = await this.#get(path, maxBytes);
    if (answer.status === 404 && tile.width < TILE_WIDTH) {
      const full = await this.#get(tilePath({ ...tile, width: TILE_WIDTH }), maxBytes);
      if (full.status === 200) return full.body;
    }
    return okBody(path, answer);
  }

  #get(path: string, maxBytes: number): Promise<BoundedAnswer> {
    const { url, fetch: send, timeoutMs, signal } = this.#options;
    return send({ url: addressBelow(url, path), maxBytes, timeoutMs, signal });
  }

  #keep(path: string, hashes: Uint8Array): void {
    const [oldest] = this.#kept.keys();
    if (this.#kept.size >= KEPT_TILES && oldest !== undefined) this.#kept.delete(oldest);
    this.#kept.set(path, hashes);
  }
}
