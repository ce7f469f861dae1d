/**
 * A mirror as a listener: the copies as tiles, below `/<SHA-256 of the origin>/` and, where there is one alone, at the root; the
 * door for uploads; health pages.
 *
 * In scope: putting routes, gates and adapters together. Out of scope: sockets and ports (cli/).
 */

import { randomUUID } from 'node:crypto';
import type { RequestListener } from 'node:http';
import { DEFAULT_BODY_LIMITS } from '../http/body.js';
import { SYSTEM_CLOCK } from '../http/clock.js';
import { type CompletedRequest, createExchange } from '../http/exchange.js';
import { expressAdapter } from '../http/express-adapter.js';
import { fastAdapter } from '../http/fast-adapter.js';
import { PackedBundles } from '../http/packed-bundles.js';
import { RefusedRequest } from '../http/reply.js';
import type { Page, RouteTable } from '../http/route.js';
import { createRouter } from '../http/router.js';
import { type TileSource, tileRoutes } from '../http/tile-routes.js';
import { originID } from '../note/origin-id.js';
import { hasTile, readTile } from '../reading/tiles.js';
import type { MirrorCosigner } from './complete-copy.js';
import { MIRROR_DIALECT, textReply } from './dialect.js';
import type { MirroredLog } from './mirrored-log.js';
import { subtreeRoute } from './subtree-route.js';
import type { UploadIntake } from './upload-intake.js';
import { type UploadRoutesOptions, uploadRoutes } from './upload-routes.js';

/** What is served. */
export interface MirrorAppOptions {
  readonly copies: readonly MirroredLog[];
  /** The door of those that are uploaded, by origin. */
  readonly intakes: ReadonlyMap<string, UploadIntake>;
  /** Keys of the mirror, which sign subtrees too; none: nobody is offered that. */
  readonly cosigners: readonly MirrorCosigner[];
  /** Told of uploads. */
  readonly uploads?: Omit<UploadRoutesOptions, 'intakeOf'>;
  /** Told of each request when it is over. */
  completed(request: CompletedRequest): void;
  /** Told of failures outside any handler. */
  faulted(error: unknown): void;
}

const MAX_REQUESTS = 1_024;

/** Returns the listener for `http.createServer` (with `serverOptions` and `applyServerLimits` of http/). */
export function createMirrorApp(options: MirrorAppOptions): RequestListener {
  const { copies, intakes, cosigners } = options;
  const sources = new Map(copies.map((copy) => [originID(copy.origin), sourceOf(copy)]));
  const [only] = sources.size === 1 ? sources.values() : [];
  const isMirrored = (origin: string) => sources.has(originID(origin));
  const bundles = new PackedBundles();
  const table: RouteTable = {
    pages: pagesOf(copies),
    routes: [
      ...uploadRoutes({ ...options.uploads, intakeOf: (origin) => intakes.get(origin) }),
      ...(cosigners.length === 0 ? [] : [subtreeRoute({ cosigners, isMirrored })]),
      ...tileRoutes('', () => only, bundles),
      ...tileRoutes('/{log}', ({ log = '' }) => sources.get(log), bundles),
    ],
  };
  const exchange = createExchange({
    router: createRouter(table),
    bodyLimits: DEFAULT_BODY_LIMITS,
    maxConcurrentRequests: MAX_REQUESTS,
    clock: SYSTEM_CLOCK,
    requestIDHeader: 'x-request-id',
    newRequestID: randomUUID,
    dialect: MIRROR_DIALECT,
    completed: options.completed,
    faulted: options.faulted,
  });
  return fastAdapter(exchange, expressAdapter(table, exchange));
}

function sourceOf(copy: MirroredLog): TileSource {
  return {
    name: originID(copy.origin),
    async checkpoint() {
      const { checkpoint } = copy;
      if (checkpoint !== undefined) return checkpoint.note;
      throw new RefusedRequest(404, 'the copy is not complete up to any checkpoint yet');
    },
    has: (tile) => hasTile(tile, copy.size),
    tile: (tile) => readTile(copy.tiles, tile, copy.size),
  };
}

function pagesOf(copies: readonly MirroredLog[]): readonly Page[] {
  const page = { methods: ['GET', 'HEAD'], match: 'exact', hot: true } as const;
  const isReady = () => copies.every(({ checkpoint }) => checkpoint !== undefined);
  return [
    { ...page, path: '/healthz', handle: () => textReply(200, 'ok') },
    {
      ...page,
      path: '/readyz',
      handle: () =>
        isReady() ? textReply(200, 'ready') : textReply(503, 'a copy is not complete yet'),
    },
    { ...page, path: '/', handle: () => textReply(200, copies.map(lineOf).join('\n')) },
  ];
}

function lineOf({ origin, size, checkpoint }: MirroredLog): string {
  const served = checkpoint === undefined ? 'no checkpoint' : `checkpoint ${checkpoint.size}`;
  return `/${originID(origin)}/  ${served}  entries ${size}  ${JSON.stringify(origin)}`;
}
