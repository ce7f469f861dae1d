/**
 * The log over gRPC, on a port of its own: HTTP/2 without TLS, which a proxy in front adds where it is wanted.
 *
 * Spec: proto/ and the recording. In scope: connections, which services there are, start and stop. Out of scope: the
 * calls (call-streams.ts). This room is loaded when a port is asked for and not before: it takes a quarter of a
 * second. Mutable state: the open connections.
 */

import { createServer, type ServerHttp2Session } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { createConnectRouter } from '@connectrpc/connect';
import type { UniversalHandler } from '@connectrpc/connect/protocol';
import { createBodyReader, DEFAULT_BODY_LIMITS } from '../http/body.js';
import type { BodyLimits } from '../http/body-rate.js';
import { type Clock, SYSTEM_CLOCK } from '../http/clock.js';
import { type CompletedCall, callStreams } from './call-streams.js';
import { Health } from './generated/grpc/health/v1/health_pb.js';
import { ServerReflection } from './generated/grpc/reflection/v1/reflection_pb.js';
import { ServerReflection as ServerReflectionAlpha } from './generated/grpc/reflection/v1alpha/reflection_pb.js';
import { Rekor } from './generated/rekor/v2/rekor_service_pb.js';
import { healthService } from './health-service.js';
import { reflectionAnswers } from './reflection-service.js';
import { type RekorDesk, rekorService } from './rekor-service.js';

/** What clients of gRPC are allowed. */
export interface GrpcLimits {
  /** Longest message of a submission, in bytes. */
  readonly maxMessageBytes: number;
  readonly maxConnections: number;
  readonly maxCallsPerConnection: number;
  /** Calls under way on all connections; one more is turned away, and its client may send it again. */
  readonly maxCalls: number;
  /** Longest time of a call, whatever its client allows. */
  readonly callTimeoutMs: number;
  /** Time after which a connection without calls is closed. */
  readonly idleTimeoutMs: number;
  readonly bodies: BodyLimits;
}

/** The limits of a server that is not told otherwise. */
export const DEFAULT_GRPC_LIMITS: GrpcLimits = {
  maxMessageBytes: 4 * 1024 * 1024,
  maxConnections: 1_000,
  maxCallsPerConnection: 100,
  maxCalls: 1_000,
  callTimeoutMs: 130_000,
  idleTimeoutMs: 60_000,
  bodies: DEFAULT_BODY_LIMITS,
};

/** What a server is made of, and whom it tells. */
export interface GrpcOptions {
  readonly rekor: RekorDesk;
  readonly port: number;
  readonly address: string;
  readonly limits?: Partial<GrpcLimits>;
  readonly clock?: Clock;
  /** Whether the log can do its work; asked by health checks. */
  isServing(): boolean | Promise<boolean>;
  newRequestID(): string;
  /** Must not throw. */
  completed(call: CompletedCall): void;
}

/** A server that listens. */
export interface GrpcServer {
  /** Where it listens; never 0. */
  readonly port: number;
  /** Takes no new call, lets those under way finish for `graceMs`, then cuts the rest. */
  close(graceMs: number): Promise<void>;
}

/** Longest message of the services that describe: names. */
const MAX_QUESTION_BYTES = 4_096;
const MAX_HEADER_BYTES = 16 * 1024;

/** Opens a server. Throws the system's error when it cannot listen. */
export async function openGrpcServer(options: GrpcOptions): Promise<GrpcServer> {
  const limits = { ...DEFAULT_GRPC_LIMITS, ...options.limits };
  const clock = options.clock ?? SYSTEM_CLOCK;
  const server = createServer({
    settings: {
      maxConcurrentStreams: limits.maxCallsPerConnection,
      maxHeaderListSize: MAX_HEADER_BYTES,
    },
    maxSessionInvalidFrames: 100,
    maxSessionRejectedStreams: 100,
  });
  server.maxConnections = limits.maxConnections;
  const answerStream = callStreams({
    ...limits,
    clock,
    methods: methodsOf(options, limits),
    bodies: createBodyReader(limits.bodies, clock),
    newRequestID: options.newRequestID,
    completed: options.completed,
  });
  server.on('stream', answerStream);
  const sessions = new Set<ServerHttp2Session>();
  server.on('session', (session) => {
    sessions.add(session);
    session.once('close', () => sessions.delete(session));
    session.setTimeout(limits.idleTimeoutMs, () => session.close());
  });
  // Whoever speaks no HTTP/2 is cut off; there is nothing to be said to them, nor about them.
  server.on('sessionError', () => {});
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(options.port, options.address, resolve);
  });
  const { port } = server.address() as AddressInfo;
  return {
    port,
    async close(graceMs) {
      const closed = new Promise((resolve) => server.close(resolve));
      for (const session of sessions) session.close();
      const cut = setTimeout(() => {
        for (const session of sessions) session.destroy();
      }, graceMs);
      await closed;
      clearTimeout(cut);
    },
  };
}

function methodsOf(
  { rekor, isServing }: GrpcOptions,
  { maxMessageBytes }: GrpcLimits,
): ReadonlyMap<string, UniversalHandler> {
  const answers = reflectionAnswers([Rekor, Health, ServerReflection, ServerReflectionAlpha]);
  // gRPC alone, and as in Go's servers nothing compressed.
  const shared = { connect: false, grpcWeb: false, acceptCompression: [] };
  const router = createConnectRouter({ ...shared, readMaxBytes: MAX_QUESTION_BYTES });
  router
    .service(Rekor, rekorService(rekor), { readMaxBytes: maxMessageBytes })
    .service(Health, healthService(isServing))
    .service(ServerReflection, { serverReflectionInfo: answers })
    .service(ServerReflectionAlpha, { serverReflectionInfo: answers });
  return new Map(router.handlers.map((handler) => [handler.requestPath, handler]));
}
