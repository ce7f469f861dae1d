/**
 * dev.sigstore.rekor.v2.Rekor: appending entries, and the log as tiles.
 *
 * Spec: proto/rekor/v2/rekor_service.proto and the recording. In scope: what each method answers, and its metadata.
 * Out of scope: how an entry is appended (`submit`), what a tile holds (`reads`).
 */

import type { HandlerContext, ServiceImpl } from '@connectrpc/connect';
import { GRPC_CODE, v2ConflictOf } from '../api/v2/problem.js';
import type { SubmitRequest } from '../api/v2/submit.js';
import { utf8 } from '../encoding/bytes.js';
import { isLogError } from '../errors.js';
import type { TileSource } from '../http/tile-routes.js';
import { parseTilePath } from '../merkle/tile.js';
import { answered, callFault, notImplemented } from './call.js';
import type { Rekor } from './generated/rekor/v2/rekor_service_pb.js';
import { entryRequestOf, transparencyLogEntryOf } from './rekor-messages.js';

/** What the service stands on. */
export interface RekorDesk {
  /** Hex ID under which readers of the entries know the log. */
  readonly logID: string;
  readonly submit: SubmitRequest;
  /** The log as tiles; undefined leaves the reading methods unimplemented, as Rekor v2's server does. */
  readonly reads: TileSource | undefined;
}

/** Returns the service. */
export function rekorService({ logID, submit, reads }: RekorDesk): ServiceImpl<typeof Rekor> {
  return {
    async createEntry(message, context) {
      const answer = await answered(submit(entryRequestOf(message)), context);
      if (answer.outcome === 'known') {
        context.responseHeader.set('x-log-index', String(answer.logIndex));
        throw callFault(v2ConflictOf(answer.logIndex));
      }
      context.responseHeader.set('x-http-code', '201');
      return transparencyLogEntryOf(answer.entry, logID);
    },
    getTile: ({ L, N }, context) => tileAnswer(reads, 'GetTile', `tile/${L}/${N}`, context),
    getEntryBundle: ({ N }, context) =>
      tileAnswer(reads, 'GetEntryBundle', `tile/entries/${N}`, context),
    async getCheckpoint(_, context) {
      if (reads === undefined) throw notImplemented('GetCheckpoint');
      const note = await answered(reads.checkpoint(), context);
      return { contentType: 'text/plain; charset=utf-8', data: utf8(note) };
    },
  };
}

async function tileAnswer(
  reads: TileSource | undefined,
  method: string,
  path: string,
  context: HandlerContext,
) {
  if (reads === undefined) throw notImplemented(method);
  const data = await answered(readTile(reads, path), context);
  if (data === undefined) throw callFault({ code: GRPC_CODE.notFound, message: 'Not Found' });
  return { contentType: 'application/octet-stream', data };
}

/** Returns undefined where there is no such tile, and for a path that is not that of one. */
async function readTile(reads: TileSource, path: string): Promise<Uint8Array | undefined> {
  try {
    return await reads.tile(parseTilePath(path));
  } catch (error) {
    if (isLogError(error, 'TILE_MALFORMED')) return undefined;
    throw error;
  }
}
