/**
 * C2SP tlog-tiles coordinates and their paths: https://c2sp.org/tlog-tiles
 *
 * In scope: `tile/<L>/<N>[.p/<W>]` and `tile/entries/<N>[.p/<W>]`, both ways, canonical spellings only; which
 * tile row holds a node of a proof. Out of scope: what a tile holds (integrate.ts, entry-bundle.ts).
 */

import { LogError } from '../errors.js';
import type { NodeID } from './proof.js';

/** Hashes or entries in a full tile. */
export const TILE_WIDTH = 256;

/** Levels of the tree that one tile covers: 2^8 is its width. */
export const TILE_HEIGHT = 8;

/** Highest tile level that has a path. */
const MAX_TILE_LEVEL = 63;

/** One tile or entry bundle. */
export interface TileCoordinates {
  /** Tile level, 0 to 63, or `entries` for a bundle of leaves. */
  readonly level: number | 'entries';
  /** Position in its level, from 0. */
  readonly index: number;
  /** 256 when full, 1 to 255 when partial. */
  readonly width: number;
}

/** Returns the path below the log's prefix. Throws TILE_MALFORMED for coordinates that have none. */
export function tilePath(tile: TileCoordinates): string {
  const { level, index, width } = tile;
  const isLevel = level === 'entries' || isWithin(level, 0, MAX_TILE_LEVEL);
  if (!isLevel || !isWithin(index, 0, Number.MAX_SAFE_INTEGER) || !isWithin(width, 1, TILE_WIDTH)) {
    throw new LogError(
      'TILE_MALFORMED',
      `no tile at level ${level}, index ${index}, width ${width}`,
    );
  }
  const digits = String(index);
  const padded = digits.padStart(Math.ceil(digits.length / 3) * 3, '0');
  const groups = padded.replace(/\d{3}(?=\d)/g, 'x$&/');
  return `tile/${level}/${groups}${width === TILE_WIDTH ? '' : `.p/${width}`}`;
}

const PATH = /^tile\/(entries|0|[1-9]\d?)\/((?:x\d{3}\/)*\d{3})(?:\.p\/([1-9]\d{0,2}))?$/;
// Six groups of three digits hold every safe integer.
const LONGEST_PATH = 'tile/entries/'.length + 5 * 'x000/'.length + '000.p/255'.length;

/** Returns the coordinates of a path; tilePath gives it back. Throws TILE_MALFORMED for any other text. */
export function parseTilePath(path: string): TileCoordinates {
  const match = path.length <= LONGEST_PATH ? PATH.exec(path) : null;
  const [, level, groups, width] = match ?? [];
  if (level === undefined || groups === undefined) throw notATile();
  const tile: TileCoordinates = {
    level: level === 'entries' ? 'entries' : Number(level),
    index: Number(groups.replace(/[x/]/g, '')),
    width: width === undefined ? TILE_WIDTH : Number(width),
  };
  // A partial tile of 256, a level of 64, an index with an empty group or past 2^53: all but canonical.
  if (width === String(TILE_WIDTH) || tilePath(tile) !== path) throw notATile();
  return tile;
}

/** A run of hashes in one tile level, [from, to). */
export interface HashRange {
  readonly level: number;
  readonly from: number;
  readonly to: number;
}

/**
 * Returns the hashes of the nearest tile level below a node: one hash, or up to 128 neighbours in one tile,
 * whose `perfectSubtreeRoot` is the node's hash.
 */
export function hashRangeOfNode(node: NodeID): HashRange {
  const level = Math.floor(node.level / TILE_HEIGHT);
  const width = 2 ** (node.level % TILE_HEIGHT);
  return { level, from: node.index * width, to: (node.index + 1) * width };
}

function isWithin(value: number, least: number, most: number): boolean {
  return Number.isSafeInteger(value) && value >= least && value <= most;
}

function notATile(): LogError {
  return new LogError('TILE_MALFORMED', 'the path is not the canonical path of a tile');
}
