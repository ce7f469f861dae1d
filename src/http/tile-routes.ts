/**
 * The read side of C2SP tlog-tiles over HTTP: `checkpoint`, `tile/<L>/<N>[.p/<W>]`, `tile/entries/<N>[.p/<W>]` below a
 * prefix. Spec: https://c2sp.org/tlog-tiles.
 *
 * In scope: paths, caching, ETags, compression. Out of scope: what a tile holds (a `TileSource`), which trees there
 * are. A path that is not the canonical one of a tile is unknown: 404. State: the newest checkpoints as answers.
 */

import { createHash } from 'node:crypto';
import { byteText } from '../encoding/byte-text.js';
import { isLogError } from '../errors.js';
import { parseTilePath, type TileCoordinates } from '../merkle/tile.js';
import type { HeaderField } from './cors.js';
import type { PackedBundles } from './packed-bundles.js';
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

/** Returns the routes below `prefix`, a template that ends without a slash; `bundles` are of the same trees. */
export function tileRoutes(
  prefix: string,
  sourceOf: TileSourceOf,
  bundles: PackedBundles,
): readonly Route[] {
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
      handle: (wanted, request) => tileReply(wanted, bundles, request),
    }),
  ];
}

const CHECKPOINT_TYPE = 'text/plain; charset=utf-8';
const TILE_TYPE = 'application/octet-stream';

/** The answers to who asks for a checkpoint: with it, and to who holds it. */
interface CheckpointReplies {
  readonly note: string;
  readonly etag: string;
  readonly whole: Reply;
  readonly unchanged: Reply;
}

async function checkpointReply(source: TileSource, request: RouteRequest): Promise<Reply> {
  const note = await source.checkpoint();
  let replies = newest.get(source);
  if (replies?.note !== note) {
    replies = repliesWith(note);
    newest.set(source, replies);
  }
  return isKnown(request, replies.etag) ? replies.unchanged : replies.whole;
}

/** A checkpoint is asked for far more often than it changes. */
const newest = new WeakMap<TileSource, CheckpointReplies>();

function repliesWith(note: string): CheckpointReplies {
  const etag = `"${createHash('sha256').update(note).digest('base64url')}"`;
  const headers: HeaderField[] = [
    ['Cache-Control', 'no-cache'],
    ['ETag', etag],
  ];
  const body = byteText(note);
  const whole = {
    status: 200,
    contentType: CHECKPOINT_TYPE,
    headers,
    body,
    isByteText: true,
  } as const;
  return { note, etag, whole, unchanged: { status: 304, headers } };
}

interface Wanted {
  readonly source: TileSource;
  readonly tile: TileCoordinates;
  readonly path: string;
}

function readWanted(request: RouteRequest, sourceOf: TileSourceOf): Wanted {
  const source = sourceOf(request.parameters);
  if (source === undefined) return notFound(request);
  const path = `tile/${request.parameters['tile']}`;
  try {
    return { source, tile: parseTilePath(path), path };
  } catch (error) {
    if (isLogError(error, 'TILE_MALFORMED')) return notFound(request);
    throw error;
  }
}

/** What a path names never changes, partial tiles too: each width has a path of its own. */
const FOR_EVER: HeaderField = ['Cache-Control', 'public, max-age=31536000, immutable'];
const BY_ENCODING: HeaderField = ['Vary', 'Accept-Encoding'];
const PACKED: HeaderField = ['Content-Encoding', 'gzip'];

async function tileReply(
  wanted: Wanted,
  bundles: PackedBundles,
  request: RouteRequest,
): Promise<Reply> {
  const { source, tile, path } = wanted;
  if (!source.has(tile)) return notFound(request);
  const name = `${source.name}/${path}`;
  if (tile.level === 'entries') return bundleReply(wanted, name, bundles, request);
  const headers: HeaderField[] = [FOR_EVER, ['ETag', `"${name}"`]];
  if (isKnown(request, `"${name}"`)) return { status: 304, headers };
  const body = (await source.tile(tile)) ?? notFound(request);
  return { status: 200, contentType: TILE_TYPE, headers, body };
}

async function bundleReply(
  { source, tile }: Wanted,
  name: string,
  bundles: PackedBundles,
  request: RouteRequest,
): Promise<Reply> {
  const [etag, packedEtag] = [`"${name}"`, `"${name}+gzip"`];
  const headers: HeaderField[] = [FOR_EVER, BY_ENCODING];
  const known = [etag, packedEtag].find((each) => isKnown(request, each));
  if (known !== undefined) return { status: 304, headers: [...headers, ['ETag', known]] };
  const takesPacked = takesGzip(request.header('accept-encoding'));
  let packed = takesPacked ? bundles.get(name) : undefined;
  if (packed === undefined) {
    const body = (await source.tile(tile)) ?? notFound(request);
    packed = takesPacked ? await bundles.pack(name, body) : undefined;
    if (packed === undefined) {
      headers.push(['ETag', etag]);
      return { status: 200, contentType: TILE_TYPE, headers, body };
    }
  }
  headers.push(['ETag', packedEtag], PACKED);
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
