/**
 * Following a log into its copy: every leaf, tile and checkpoint is verified before it is kept.
 *
 * Leaves are committed in batches, each after a proof that the tree so far begins the tree of a checkpoint which the log has
 * signed; so a copy that is broken off goes on where it was, and holds nothing that was not proven. In scope: one pass, to the
 * newest checkpoint. Out of scope: when (follow-loop.ts), who must have signed (`open`). State: none but the copy.
 */

import type { LogCheckpoint } from '../client/followed-log.js';
import type { RemoteLog } from '../client/remote-log.js';
import { equalBytes } from '../encoding/bytes.js';
import { LogError } from '../errors.js';
import { HASH_SIZE, leafHash } from '../merkle/hash.js';
import { TILE_WIDTH } from '../merkle/tile.js';
import { verifyConsistency } from '../merkle/verify.js';
import type { OpenCheckpoint } from './belief.js';
import type { KeptNotes } from './kept-notes.js';
import { type LeafSource, leavesInOrder } from './leaf-stream.js';
import type { GrownTree, MirroredLog } from './mirrored-log.js';

/** What is followed, into what. */
export interface FollowOptions extends LeafSource {
  readonly copy: MirroredLog;
  readonly open: OpenCheckpoint;
  /** Where the checkpoint lies that is being copied: should the log turn out to have signed another history, it is evidence. */
  readonly goal: KeptNotes;
  /** Called with a checkpoint whose leaves are all on disk, at each look: it is stated, and stated anew when that was long ago. */
  readonly complete: (checkpoint: LogCheckpoint) => Promise<void>;
}

/** What a pass came to. */
export interface FollowOutcome {
  /** `copied`: there was something new; `behind`: the log showed an older tree than the copy has, of the same leaves. */
  readonly outcome: 'copied' | 'unchanged' | 'behind';
  readonly size: number;
}

/**
 * A log that contradicts what it has signed, or cannot show that it does not. Two notes of one size with two roots prove it to
 * everybody; of two sizes they do together with the copy.
 */
export class LogForked extends Error {
  override readonly name = 'LogForked';
  /** Signed notes: what the copy's leaves were held against, as far as there was something, and last what does not go with it. */
  readonly notes: readonly string[];

  constructor(message: string, notes: readonly string[], cause?: unknown) {
    super(message, { cause });
    this.notes = notes;
  }
}

/** Leaves of a commit at most, and bytes from which on it ends. */
const BATCH_LEAVES = 4 * TILE_WIDTH;
const BATCH_BYTES = 4 * 1024 * 1024;

/**
 * Copies all that the log's newest checkpoint has. Throws LogForked; RequestFailed; LogError: PROOF_INVALID for leaves or tiles
 * that are not the checkpoint's, NOTE_*, TILE_MALFORMED, ENCODING_MALFORMED, and what the store throws.
 */
export async function followOnce(options: FollowOptions): Promise<FollowOutcome> {
  const { copy, remote, open, complete } = options;
  await copy.settle();
  const checkpoint = open(await remote.checkpoint());
  const before = copy.stated;
  const { size } = checkpoint;
  if (size < (before?.size ?? 0)) {
    if (size <= copy.size) await assertSameTree(options, checkpoint);
    return { outcome: 'behind', size };
  }
  if (size <= copy.size) {
    await assertSameTree(options, checkpoint);
  } else {
    await assertConsistent(options, checkpoint);
    await options.goal.write([checkpoint.note]);
    await copyLeaves(options, checkpoint);
  }
  const isNew = before?.size !== size;
  if (isNew) await checkEdgeTiles(options, checkpoint);
  await complete(checkpoint);
  return { outcome: isNew ? 'copied' : 'unchanged', size };
}

/** The checkpoint's leaves are all there: is their root the one that was signed? */
async function assertSameTree(
  options: FollowOptions,
  { size, root, note }: LogCheckpoint,
): Promise<void> {
  if (equalBytes(await options.copy.rootAt(size), root)) return;
  throw new LogForked(
    `the log has signed another root for size ${size} than its leaves have`,
    await notesBeside(options, note),
  );
}

/** Before anything is fetched: what was proven, or stated, of an older checkpoint must hold of the newer one. */
async function assertConsistent(options: FollowOptions, checkpoint: LogCheckpoint): Promise<void> {
  const { copy } = options;
  const copied = { size: copy.size, root: copy.root };
  const { stated = copied } = copy;
  await assertBegins(options, copied, checkpoint);
  // A copy that was put back: it must not be led past what this mirror has signed.
  if (stated.size > copied.size) await assertBegins(options, stated, checkpoint);
}

async function assertBegins(
  options: FollowOptions,
  { size: first, root: firstRoot }: { readonly size: number; readonly root: Uint8Array },
  { size: last, root: lastRoot, note }: LogCheckpoint,
): Promise<void> {
  if (first === 0) return;
  const proof = first === last ? [] : await options.remote.consistency(first, last);
  try {
    verifyConsistency({ first, last, firstRoot, lastRoot, proof });
  } catch (cause) {
    const reason = `the tree of ${last} does not begin with the known one of ${first}`;
    throw new LogForked(reason, await notesBeside(options, note), cause);
  }
}

/** What the copy's leaves were held against, and what does not go with them. */
async function notesBeside({ copy, goal }: FollowOptions, note: string): Promise<string[]> {
  const stated = copy.stated === undefined ? [] : [copy.stated.note];
  return [...new Set([...stated, ...(await goal.read()), note])];
}

async function copyLeaves(options: FollowOptions, checkpoint: LogCheckpoint): Promise<void> {
  const { copy, signal } = options;
  let last: GrownTree | undefined;
  let writing: Promise<void> = Promise.resolve();
  try {
    for await (const batch of batches(leavesInOrder(options, copy.size, checkpoint.size))) {
      signal?.throwIfAborted();
      const grown = copy.grown(batch, batch.map(leafHash), last);
      // Checked while the one before it is being written.
      await checkBatch(options, grown, checkpoint);
      await writing;
      writing = copy.addGrown(grown);
      // Its failure is met in a moment.
      writing.catch(() => undefined);
      last = grown;
    }
  } finally {
    await writing;
  }
}

async function* batches(
  parts: AsyncIterable<readonly Uint8Array[]>,
): AsyncGenerator<readonly Uint8Array[]> {
  let batch: Uint8Array[] = [];
  let bytes = 0;
  for await (const leaves of parts) {
    batch.push(...leaves);
    for (const leaf of leaves) bytes += leaf.length;
    if (batch.length < BATCH_LEAVES && bytes < BATCH_BYTES) continue;
    yield batch;
    batch = [];
    bytes = 0;
  }
  if (batch.length > 0) yield batch;
}

/** Proves a batch against the checkpoint: the tree that it leads to must begin the checkpoint's. */
async function checkBatch(
  { remote }: FollowOptions,
  { integration }: GrownTree,
  checkpoint: LogCheckpoint,
): Promise<void> {
  const { root, fullTiles } = integration;
  const first = integration.frontier.size;
  const last = checkpoint.size;
  const proof = first === last ? [] : await remote.consistency(first, last);
  verifyConsistency({ first, last, firstRoot: root, lastRoot: checkpoint.root, proof });
  for (const { level, index, hashes } of fullTiles) {
    await checkTile(remote, { level, index, hashes }, last);
  }
}

/** The tiles of the right edge, which are not full, as the log serves them at this size. */
async function checkEdgeTiles(
  { copy, remote }: FollowOptions,
  { size }: LogCheckpoint,
): Promise<void> {
  if (remote.hashTile === undefined) return;
  for (let level = 0, count = size; count > 0; level++, count = Math.floor(count / TILE_WIDTH)) {
    const index = Math.floor(count / TILE_WIDTH);
    const from = index * TILE_WIDTH;
    if (from === count) continue;
    const hashes = await copy.tiles.hashes(level, from, count);
    await checkTile(remote, { level, index, hashes }, size);
  }
}

interface MadeTile {
  readonly level: number;
  readonly index: number;
  readonly hashes: Uint8Array;
}

async function checkTile(
  remote: RemoteLog,
  { level, index, hashes }: MadeTile,
  size: number,
): Promise<void> {
  if (remote.hashTile === undefined) return;
  const served = await remote.hashTile(level, index, size);
  if (equalBytes(served, hashes)) return;
  const width = hashes.length / HASH_SIZE;
  const what = `tile ${index} of level ${level}, ${width} wide,`;
  throw new LogError('PROOF_INVALID', `${what} is not made of the leaves`);
}
