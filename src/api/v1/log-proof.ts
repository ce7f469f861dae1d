/**
 * `GET /api/v1/log/proof`. `rootHash` is the current root, not that of `lastSize`.
 */

import { toHex } from '../../encoding/hex.js';
import { LogError } from '../../errors.js';
import { JSON_TYPE, payloadReply, type Reply } from '../../http/reply.js';
import type { Route, RouteRequest } from '../../http/route.js';
import type { Log, Shards } from '../../log/log.js';
import { mistakeOf } from '../problem.js';
import { endpointRoute } from './endpoint.js';
import { optionalInteger, optionalTreeID, parseInt64, requiredInteger } from './query-parameter.js';
import { logOfTree } from './shards.js';

interface ProofRequest {
  readonly firstSize: bigint;
  readonly lastSize: bigint;
  /** Decimal text; undefined: the active tree. */
  readonly treeID: string | undefined;
}

/** Returns the route. */
export function logProofRoute(shards: Shards, enabled: ReadonlySet<string>): Route {
  return endpointRoute<ProofRequest>('getLogProof', enabled, {
    method: 'GET',
    path: '/api/v1/log/proof',
    hot: true,
    produces: [JSON_TYPE],
    noCache: true,
    read: readProofRequest,
    handle: (wanted, request) => getProof(shards, wanted, request.format),
  });
}

function readProofRequest(request: RouteRequest): ProofRequest {
  const query = request.query();
  // Bound in this order: of several errors the first is reported.
  const firstSize = optionalInteger(query, 'firstSize', 1) ?? 1n;
  const lastSize = requiredInteger(query, 'lastSize', 1);
  return { firstSize, lastSize, treeID: optionalTreeID(query) };
}

async function getProof(shards: Shards, wanted: ProofRequest, format: string): Promise<Reply> {
  try {
    const { firstSize, lastSize } = wanted;
    if (firstSize > lastSize) {
      const message = `firstSize(${firstSize}) must be less than lastSize(${lastSize})`;
      throw new LogError('PROOF_RANGE', message);
    }
    const log = requireLog(shards, wanted.treeID);
    const { hashes, rootHash } = await log.consistency(firstSize, lastSize);
    return payloadReply(format, 200, { hashes: hashes.map(toHex), rootHash: toHex(rootHash) });
  } catch (error) {
    return mistakeOf(error, format);
  }
}

function requireLog(shards: Shards, text: string | undefined): Log {
  const treeID = text === undefined ? undefined : parseInt64(text);
  if (text !== undefined && treeID === undefined) {
    throw new LogError('TREE_ID_INVALID', `invalid tree ID specified: ${text}`);
  }
  const log = logOfTree(shards, treeID);
  if (log === undefined) {
    throw new LogError('TREE_UNKNOWN', `no log range found for tree ID ${treeID}`);
  }
  return log;
}
