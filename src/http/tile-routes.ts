/**
 * The read side of C2SP tlog-tiles over HTTP: `checkpoint`, `tile/<L>/<N>[.p/<W>]`, `tile/entries/<N>[.p/<W>]` below a
 * prefix. Spec: https://c2sp.org/tlog-tiles.
 *
 * In scope: paths, caching, ETags, compression. Out of scope: what a tile holds (a `TileSource`), which trees there
 * are. A path that is not the canonical one of a tile is unknown: 404. State: whether a bundle is being packed.
 */

import { createHash } from 'node:crypto';
import { promisify } from 'node:util';
import { constants, gzip, type ZlibOptions } from 'node:zlib';
import { isLogError } from '../errors.js';
import { parseTilePath, type TileCoordinates, tilePath } from '../merkle/tile.js';
import type { HeaderField } from './cors.js';
import { RefusedRequest, type Reply } from './reply.js';
import { type Route, type RouteRequest, route } from './route.js';

/** A tree that is read as tiles. */
export interface TileSource {
  /** What tells its tiles from those of another tree at the same address; printable ASCII without quotes. */
  readonly name: string;
  /** Returns the current checkpoint, a signed note. */
  checkpoint(): Promise<string>;
  /** Returns whether the tree reaches so far. Nothing is read. */
  has(tile: TileCoordinates): boolean;
  /** Returns the bytes of a tile or bundle, undefined when the tree does not reach so far. */
  tile(tile: TileCoordinates): Promise<Uint8Array | undefined>;
}

/** Returns the tree that a request's path parameters name, undefined when there is none. */
export type TileSourceOf = (parameters: RouteRequest['parameters']) => TileSource | undefined;

/** Returns the routes below `prefix`, a template that ends without a slash. */
export function tileRoutes(prefix: string, sourceOf: TileSourceOf): readonly Route[] {
  const shared = {
    method: 'GET',
    head: true,
    exact: true,
    hot: true,
    ignoresTypes: true,
    noCache: false,
    measured: false,
  } as const;
  return [
    route<TileSource>({
      ...shared,
      path: `${prefix}/checkpoint`,
      produces: [CHECKPOINT_TYPE],
      read: (request) => sourceOf(request.parameters) ?? notFound(request),
      handle: checkpointReply,
    }),
    route<Wanted>({
      ...shared,
      path: `${prefix}/tile/{tile+}`,
      produces: [TILE_TYPE],
      read: (request) => readWanted(request, sourceOf),
      handle: tileReply,
    }),
  ];
}

const CHECKPOINT_TYPE = 'text/plain; charset=utf-8';
const TILE_TYPE = 'application/octet-stream';

async function checkpointReply(source: TileSource, request: RouteRequest): Promise<Reply> {
  const body = await source.checkpoint();
  const etag = `"${createHash('sha256').update(body).digest('base64url')}"`;
  const headers: HeaderField[] = [
    ['Cache-Control', 'no-cache'],
    ['ETag', etag],
  ];
  if (isKnown(request, etag)) return { status: 304, headers };
  return { status: 200, contentType: CHECKPOINT_TYPE, headers, body };
}

interface Wanted {
  readonly source: TileSource;
  readonly tile: TileCoordinates;
}

function readWanted(request: RouteRequest, sourceOf: TileSourceOf): Wanted {
  const source = sourceOf(request.parameters);
  if (source === undefined) return notFound(request);
  try {
    return { source, tile: parseTilePath(`tile/${request.parameters['tile']}`) };
  } catch (error) {
    if (isLogError(error, 'TILE_MALFORMED')) return notFound(request);
    throw error;
  }
}

/** What a path names never changes, partial tiles too: each width has a path of its own. */
const FOR_EVER: HeaderField = ['Cache-Control', 'public, max-age=31536000, immutable'];

async function tileReply({ source, tile }: Wanted, request: RouteRequest): Promise<Reply> {
  if (!source.has(tile)) return notFound(request);
  const isBundle = tile.level === 'entries';
  const name = `${source.name}/${tilePath(tile)}`;
  const [etag, packedEtag] = [`"${name}"`, `"${name}+gzip"`];
  const headers: HeaderField[] = [FOR_EVER];
  if (isBundle) headers.push(['Vary', 'Accept-Encoding']);
  const known = [etag, packedEtag].find((each) => isKnown(request, each));
  if (known !== undefined) return { status: 304, headers: [...headers, ['ETag', known]] };
  const body = await source.tile(tile);
  if (body === undefined) return notFound(request);
  const packed =
    isBundle && takesGzip(request.header('accept-encoding')) ? await pack(body) : undefined;
  if (packed === undefined) {
    return { status: 200, contentType: TILE_TYPE, headers: [...headers, ['ETag', etag]], body };
  }
  headers.push(['ETag', packedEtag], ['Content-Encoding', 'gzip']);
  return { status: 200, contentType: TILE_TYPE, headers, body: packed };
}

function notFound({ target }: RouteRequest): never {
  throw new RefusedRequest(404, `path ${target.escapedPath} was not found`);
}

/** Whether the client says that it holds this very answer. */
function isKnown(request: RouteRequest, etag: string): boolean {
  const held = request.header('if-none-match');
  if (held === undefined) return false;
  return held === '*' || held.split(',').some((one) => one.trim().replace(/^W\//, '') === etag);
}

/** Whether gzip is named and not refused by `q=0`. */
function takesGzip(accepted: string | undefined): boolean {
  const named = accepted?.split(',').find((one) => /^\s*gzip\s*(?:;|$)/i.test(one));
  return named !== undefined && !/;\s*q=0(?:\.0*)?\s*$/i.test(named);
}

// The fastest level: most of a bundle is base64 of random bytes, and a better level gains little.
const PACKING: ZlibOptions = { level: constants.Z_BEST_SPEED };

let isPacking = false;

/**
 * Returns the packed bundle; undefined while another one is being packed. Packing costs some five times what reading
 * does: who reads a whole log over many connections would be held up by the processor instead of the network.
 */
async function pack(bytes: Uint8Array): Promise<Uint8Array | undefined> {
  if (isPacking) return undefined;
  isPacking = true;
  try {
    return await gzipped(bytes, PACKING);
  } finally {
    isPacking = false;
  }
}

const gzipped = promisify<Uint8Array, ZlibOptions, Uint8Array>(gzip);
