/**
 * A log read through its tiles: every Rekor v2, every log of Stele, any other of C2SP.
 *
 * Spec: https://c2sp.org/tlog-tiles. In scope: which tiles a question needs at the size of the checkpoint. Out of scope:
 * believing them. State of a tree: none; a few bundles are under way at a time.
 */

import { fromUtf8 } from '../encoding/bytes.js';
import { LogError } from '../errors.js';
import { MAX_BUNDLE_ENTRY_SIZE, parseEntryBundle } from '../merkle/entry-bundle.js';
import { perfectSubtreeRoot } from '../merkle/frontier.js';
import { HASH_SIZE } from '../merkle/hash.js';
import { type NodeID, planConsistencyProof } from '../merkle/proof.js';
import { hashRangeOfNode, TILE_WIDTH, type TileCoordinates, tilePath } from '../merkle/tile.js';
import { MAX_NOTE_BYTES } from '../note/signed-note.js';
import { type HttpReader, UnreachableLogError } from './http-reader.js';
import { inOrder, type LogSource, type SourceTree } from './log-source.js';

const MAX_BUNDLE_BYTES = TILE_WIDTH * (2 + MAX_BUNDLE_ENTRY_SIZE);

/** Bundles under way at a time. */
const BUNDLES_AT_ONCE = 8;

/** Returns the log whose checkpoint and tiles lie below a URL. */
export function tileSource(url: string, read: HttpReader, isFrozen: boolean): LogSource {
  const prefix = `${url.replace(/\/+$/, '')}/`;
  return {
    async trees() {
      const note = fromUtf8(await read({ url: `${prefix}checkpoint`, maxBytes: MAX_NOTE_BYTES }));
      const tree: SourceTree = {
        note,
        isFrozen,
        offset: 0,
        treeID: undefined,
        consistencyProof: (first, last) => readProof(prefix, read, first, last),
        leaves: (from, to) => readLeaves(prefix, read, from, to),
      };
      return [tree];
    },
  };
}

async function readProof(
  prefix: string,
  read: HttpReader,
  first: number,
  last: number,
): Promise<readonly Uint8Array[]> {
  const plan = planConsistencyProof(first, last);
  const hashes = await Promise.all(plan.nodes.map((node) => readNode(prefix, read, node, last)));
  return plan.assemble(hashes);
}

/** Tiles of the right edge are asked for as wide as they are at this size: a log may have dropped narrower ones. */
async function readNode(
  prefix: string,
  read: HttpReader,
  node: NodeID,
  size: number,
): Promise<Uint8Array> {
  const { level, from, to } = hashRangeOfNode(node);
  const index = Math.floor(from / TILE_WIDTH);
  const atLevel = Math.floor(size / TILE_WIDTH ** level);
  const width = Math.min(TILE_WIDTH, atLevel - index * TILE_WIDTH);
  const coordinates = { level, index, width };
  const tile = await readTile(prefix, read, coordinates, TILE_WIDTH * HASH_SIZE);
  if (tile.length < width * HASH_SIZE) {
    throw new LogError('TILE_MALFORMED', `${tilePath(coordinates)} is ${tile.length} bytes long`);
  }
  const start = from - index * TILE_WIDTH;
  return perfectSubtreeRoot(tile.slice(start * HASH_SIZE, (start + to - from) * HASH_SIZE));
}

async function* readLeaves(
  prefix: string,
  read: HttpReader,
  from: number,
  to: number,
): AsyncGenerator<readonly Uint8Array[]> {
  const first = Math.floor(from / TILE_WIDTH);
  const count = from < to ? Math.ceil(to / TILE_WIDTH) - first : 0;
  const bundles = inOrder(count, BUNDLES_AT_ONCE, async (at) => {
    const index = first + at;
    const width = Math.min(TILE_WIDTH, to - index * TILE_WIDTH);
    const coordinates = { level: 'entries', index, width } as const;
    const bundle = await readTile(prefix, read, coordinates, MAX_BUNDLE_BYTES);
    const leaves = parseEntryBundle(bundle);
    if (leaves.length >= width) return leaves.slice(Math.max(0, from - index * TILE_WIDTH), width);
    throw new LogError('TILE_MALFORMED', `${tilePath(coordinates)} has ${leaves.length} leaves`);
  });
  yield* bundles;
}

/** Resolves to a tile, or to the full one in its place: a log may drop a partial tile as soon as that is there. */
async function readTile(
  prefix: string,
  read: HttpReader,
  tile: TileCoordinates,
  maxBytes: number,
): Promise<Uint8Array> {
  try {
    return await read({ url: prefix + tilePath(tile), maxBytes, isPlain: true });
  } catch (error) {
    const isPartial = tile.width < TILE_WIDTH;
    if (!isPartial || !(error instanceof UnreachableLogError) || !error.isFinal) throw error;
    const url = prefix + tilePath({ ...tile, width: TILE_WIDTH });
    return await read({ url, maxBytes, isPlain: true });
  }
}
