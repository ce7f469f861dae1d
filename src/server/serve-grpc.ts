/** The v2 API over gRPC, on a port of its own; nothing of it is loaded while that is not asked for. */

import { randomUUID } from 'node:crypto';
import type { Logger } from 'pino';
import { tileSourceOf } from '../api/tiles.js';
import { MAX_SUBMISSION_BYTES } from '../api/v2/create-entry.js';
import { submitterTo } from '../api/v2/submit.js';
import { isLogError } from '../errors.js';
import type { CompletedCall } from '../grpc/call-streams.js';
import type { GrpcServer } from '../grpc/grpc-server.js';
import type { Log } from '../log/log.js';
import type { Config } from './config.js';
import { ListenError } from './listen.js';

/** What the server needs of the configuration. */
export type GrpcConfig = Pick<
  Config,
  'grpcPort' | 'grpcAddress' | 'serveV2Reads' | 'maxRequestBodySize'
>;

/**
 * Returns the server for the log of the v2 API, undefined when it is off. `entryAdded` is called for each entry that is
 * new. Throws ListenError.
 */
export async function serveGrpc(
  config: GrpcConfig,
  log: Log,
  entryAdded: () => void,
  logger: Logger,
): Promise<GrpcServer | undefined> {
  const { grpcPort: port, grpcAddress: address, serveV2Reads, maxRequestBodySize } = config;
  if (port === undefined) return undefined;
  const { openGrpcServer } = await import('../grpc/grpc-server.js');
  const largest = maxRequestBodySize === 0 ? MAX_SUBMISSION_BYTES : maxRequestBodySize;
  try {
    return await openGrpcServer({
      rekor: {
        logID: log.identity.logID,
        submit: submitterTo(log, entryAdded),
        reads: serveV2Reads ? tileSourceOf(log) : undefined,
      },
      port,
      address,
      limits: { maxMessageBytes: Math.min(MAX_SUBMISSION_BYTES, largest) },
      isServing: async () => (await log.readiness()).append === undefined,
      newRequestID: randomUUID,
      completed: (call) => logCall(logger, call),
    });
  } catch (cause) {
    const { code = 'UNKNOWN', message } = cause as NodeJS.ErrnoException;
    const problem = `cannot listen on ${address} port ${port} (--grpc-port): ${message}`;
    throw new ListenError(code, problem, { cause });
  }
}

function logCall(logger: Logger, { error, ...call }: CompletedCall): void {
  if (error === undefined) logger.info(call, 'completed call');
  else if (isLogError(error)) logger.info({ ...call, reason: error.message }, 'completed call');
  else logger.error({ ...call, err: error }, 'completed call');
}
