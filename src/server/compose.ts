/**
 * The one place that knows how the rooms fit together: a configuration in, a running server out.
 *
 * Spec: ARCHITECTURE.md, "Rooms". In scope: opening, wiring, closing in the right order. Out of scope: the
 * process around it (serve.ts). No mutable state but the list of what is to be closed.
 */

import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import type { Logger } from 'pino';
import type { Registry } from 'prom-client';
import { type App, createApp } from '../api/app.js';
import { requestLogFields } from '../api/request-log.js';
import type { ProposedEntry } from '../entries/entry-kind.js';
import { isLogError } from '../errors.js';
import { SYSTEM_CLOCK } from '../http/clock.js';
import type { CompletedRequest } from '../http/exchange.js';
import { applyServerLimits, DEFAULT_SERVER_LIMITS, serverOptions } from '../http/server-limits.js';
import type { LogObserver } from '../log/log-options.js';
import type { Timing } from '../publishing/timing.js';
import type { Pause } from '../sequencing/recovery.js';
import { BlockSigner } from '../workers/block-signer.js';
import { EntryWorkers } from '../workers/entry-workers.js';
import { packageFolder, packageVersion } from './build-info.js';
import { checkedLog } from './checked-log.js';
import { type Closers, closeAll } from './closers.js';
import type { Config } from './config.js';
import type { DataFolder } from './data-folder.js';
import { entryPolicy, submissionRules } from './entry-policy.js';
import type { PublicIdentity } from './identity.js';
import { type Listening, listen } from './listen.js';
import { createLogger, stderrStream } from './logger.js';
import {
  createRegistry,
  declareLogMetrics,
  declareWitnessMetrics,
  serveMetrics,
} from './metrics-server.js';
import { type OpenLogs, openLogs } from './open-logs.js';
import { type LogParts, openParts } from './open-parts.js';
import { type OpenWatch, openWatch } from './open-watch.js';
import { serveGrpc } from './serve-grpc.js';
import { startStoreCheck } from './store-check.js';
import { systemClock } from './system-clock.js';
import {
  makeTimestampAuthority,
  type OpenTimestamps,
  openTimestamps,
  timestampFiles,
} from './timestamp-authority.js';
import { openTrustKit } from './trust-kit.js';
import { type LogFacts, publicUrlOf } from './trust-options.js';
import { readWatchConfig } from './watch-webhooks.js';
import { readWitnessPolicy, witnessingOf } from './witness-policy.js';

/** A server that answers. */
export interface RunningServer {
  readonly url: string;
  readonly metricsUrl: string;
  /** Undefined: gRPC is off. */
  readonly grpcPort: number | undefined;
  /** Decimal. */
  readonly treeID: string;
  readonly origin: string;
  readonly identity: PublicIdentity;
  readonly folder: DataFolder;
  readonly logger: Logger;
  /** Refuses new submissions, answers those under way, closes the store. */
  close(): Promise<void>;
}

/** Time that requests under way have to finish after the log has stopped, in milliseconds. */
const CLOSE_GRACE_MS = 2_000;

/** Archives and the like that may wait for a thread; the bodies they came in are bounded by their own budget. */
const MAX_WAITING_ENTRIES = 1_024;

/** Starts a server. Throws what refuses a start (see openParts) and ListenError. */
export async function composeServer(
  config: Config,
  logger: Logger = createLogger(config.logLevel, stderrStream()),
): Promise<RunningServer> {
  const trust = openTrustKit(config, config.hostname);
  const policy = readWitnessPolicy(config);
  const rules = readWatchConfig(config.watchConfig);
  const parts = await openParts(config);
  const { identity, folder } = parts;
  const closers: Closers = [() => parts.close()];
  const close = () => closeAll(closers);
  try {
    const timestamps = await openTimestamps(config, parts, systemClock());
    const warnings = [parts, trust, timestamps].flatMap((each) => each?.warnings ?? []);
    for (const warning of warnings) logger.warn(warning);
    const check = startStoreCheck(parts.store, pause, (what, error) => {
      logger.error({ err: error }, what);
    });
    closers.push(check.stop);
    const registry = createRegistry();
    const told: Told = {};
    const workers = openWorkers(config, logger);
    closers.push(() => workers.close());
    const blockSigner = openBlockSigner(parts, logger);
    closers.push(async () => blockSigner?.close());
    const logs = await openLogs({
      ...logOptions(config, workers),
      ...(blockSigner !== undefined && { signTogether: blockSigner.sign }),
      parts,
      witnessingOf: witnessingOf(policy, config, parts, TIMING),
      observer: observerOf(logger, told),
      released: (treeID, batch) => told.watch?.released(treeID, batch),
      checked: (log) => checkedLog(log, check),
    });
    closers.push(logs.close);
    const tileSides = logs.all.map(({ tileSide }) => tileSide);
    declareLogMetrics(registry, tileSides);
    declareWitnessMetrics(registry, tileSides);
    const port = () => told.port ?? config.port;
    const url = () => publicUrlOf(config, { ...config, port: port() });
    const watch = await openWatch({ config, rules, logs, logger, pause, url, registry });
    closers.push(watch.close);
    told.watch = watch;
    const app = createApp({
      ...appOptions(config, logs, workers, registry, logger),
      timestamps,
      watch: watch.service,
      trustDocuments: () => trust.documents(logFacts(parts, timestamps, port())),
    });
    told.app = app;
    const { v2EntryAdded } = app.metrics;
    const api = await listenApi(config, app);
    if (config.port === 0) told.port = Number(new URL(api.url).port);
    const doors: Pick<Listening, 'close'>[] = [api];
    // The logs stop first: who is under way gets an answer, who comes later a 503, then the sockets go. Streams, which
    // have no end of their own, end at once.
    closers.push(async () => {
      workers.stop();
      const unwatched = watch.close();
      const stopped = logs.close();
      const shut = stopped.then(() => Promise.all(doors.map((door) => door.close(CLOSE_GRACE_MS))));
      await Promise.all([unwatched, stopped, shut]);
    });
    const grpc = await serveGrpc(config, logs.v2.tileSide, v2EntryAdded, logger);
    if (grpc !== undefined) doors.push(grpc);
    const metrics = await serveMetrics(registry, config.metricsPort, config.metricsAddress);
    closers.push(() => metrics.close(0));
    const { treeID, origin } = identity;
    const metricsUrl = `${metrics.url}/metrics`;
    const grpcPort = grpc?.port;
    return { url: api.url, metricsUrl, grpcPort, treeID, origin, identity, folder, logger, close };
  } catch (error) {
    await close().catch((err: unknown) => logger.error({ err }, 'not all could be closed'));
    throw error;
  }
}

/** What is known only when more is open. */
interface Told {
  app?: App;
  /** The port of the API, where it is not the configured one. */
  port?: number;
  watch?: OpenWatch;
}

/** What `stele init` has to tell. */
export interface InitialisedLog {
  readonly identity: PublicIdentity;
  /** False when the log was there already. */
  readonly created: boolean;
  /** The file with the certificates of the timestamp authority, where there is one. */
  readonly timestampChain: string | undefined;
}

/** Makes, or opens and checks, the log of a configuration without serving it. Throws as openParts does. */
export async function initialiseLog(config: Config): Promise<InitialisedLog> {
  const { folder, identity, created, close } = await openParts(config);
  try {
    // The one way to add an authority to a log that is there already.
    if (config.tsa) await makeTimestampAuthority(config, folder, Date.now());
    const timestampChain = config.tsa ? timestampFiles(config, folder).chain : undefined;
    return { identity, created, timestampChain };
  } finally {
    await close();
  }
}

/** One keeps up with the event loop where signatures are P-256; larger curves cost up to twenty times as much. */
const MOST_SIGNATURE_THREADS = 4;

function openWorkers(config: Config, logger: Logger): EntryWorkers {
  return new EntryWorkers({
    policy: entryPolicy(config),
    limits: {
      threads: config.entryWorkers,
      timeLimitMs: config.entryTimeLimitMs,
      memoryLimitMb: config.entryMemoryLimitMb,
      waiting: MAX_WAITING_ENTRIES,
    },
    signatures: {
      threads: Math.min(availableParallelism() - 1, MOST_SIGNATURE_THREADS),
      lost: (error) => logger.error({ err: error }, 'a thread that checks signatures is lost'),
    },
    nowMs: () => Date.now(),
  });
}

/** A thread that signs costs no more than signing in line, and leaves the event loop a tenth of its time. */
const PROCESSORS_FOR_A_SIGNER = 2;

function openBlockSigner({ keys }: LogParts, logger: Logger): BlockSigner | undefined {
  const key = keys.log.keyForThreads;
  if (key === undefined || availableParallelism() < PROCESSORS_FOR_A_SIGNER) return undefined;
  return new BlockSigner({
    key,
    lost: (error) => logger.error({ err: error }, 'timestamps are signed without a thread'),
  });
}

const pause: Pause = async (ms, signal) => {
  // An abort is the end of the pause, not a failure.
  await wait(ms, undefined, { signal }).catch(() => undefined);
};

const TIMING: Timing = { wallMs: () => Date.now(), after: SYSTEM_CLOCK.after };

function logOptions(config: Config, workers: EntryWorkers) {
  return {
    pause,
    accept: (proposed: ProposedEntry) => workers.accept(proposed),
    identify: (proposed: ProposedEntry) => workers.identify(proposed),
    limits: { maxEntries: config.maxPendingEntries, maxBytes: config.maxPendingBytes },
    genesisEntry: config.genesisEntry,
  };
}

function observerOf(logger: Logger, told: { readonly app?: App }): LogObserver {
  return {
    released({ durationMs }) {
      told.app?.metrics.indexWritten(durationMs, true);
    },
    trouble({ event, reason, error }) {
      if (event === 'settled' || event === 'resumed') logger.warn({ event }, reason);
      else logger.error({ event, err: error }, reason);
      if (event === 'commit-unknown') told.app?.metrics.indexWritten(0, false);
    },
    unanswered: (error) => logger.error({ err: error }, 'entries were stored, but not answered'),
    lateRowsLost: (error) => logger.warn({ err: error }, 'notes or timestamps were not kept'),
    witness({ witness, event, reason }) {
      const level = ({ alarm: 'error', failed: 'warn', back: 'info' } as const)[event];
      logger[level]({ witness, event }, reason);
    },
    signingFailed: (error) => logger.error({ err: error }, 'timestamps could not be signed'),
  };
}

function appOptions(
  config: Config,
  logs: OpenLogs,
  workers: EntryWorkers,
  registry: Registry,
  logger: Logger,
) {
  // As in Rekor, the switch adds an endpoint and never takes it away.
  const added = config.enableRetrieveApi ? ['searchIndex'] : [];
  return {
    shards: logs.shards,
    v2: { log: logs.v2, logs: logs.all, servesReads: config.serveV2Reads },
    enabledEndpoints: new Set<string>([...config.enabledApiEndpoints, ...added]),
    maxRequestBodySize: config.maxRequestBodySize,
    rules: submissionRules(config),
    searchKeyOf: (format: string, content: Uint8Array) => workers.keyHash(format, content),
    logger: {
      completed: (request: CompletedRequest) => logRequest(logger, request),
      faulted: (error: unknown) => logger.error({ err: error }, 'an answer could not be written'),
    },
    registry,
    build: { version: packageVersion(), revision: 'unknown', buildDate: 'unknown' },
    openapiText: readFileSync(join(packageFolder(), 'openapi.yaml'), 'utf8'),
    requestIDHeader: config.httpRequestIdHeaderName,
  };
}

function logFacts(
  { identity, keys }: LogParts,
  timestamps: OpenTimestamps | undefined,
  port: number,
): LogFacts {
  const timestampChain = timestamps?.authority.chain;
  return { ...identity, publicKeyDer: keys.log.publicKeyDer, port, timestampChain };
}

function logRequest(logger: Logger, request: CompletedRequest): void {
  if (request.status < 500 && !logger.isLevelEnabled('info')) return;
  const fields = requestLogFields(request);
  if (request.status >= 500) {
    const level = isLogError(request.error) ? 'warn' : 'error';
    logger[level]({ ...fields, err: request.error }, 'completed request');
  } else {
    const reason = request.error instanceof Error ? { reason: request.error.message } : {};
    logger.info({ ...fields, ...reason }, 'completed request');
  }
}

function listenApi(config: Config, app: App): Promise<Listening> {
  const limits = {
    ...DEFAULT_SERVER_LIMITS,
    maxConnections: config.maxConnections,
    requestTimeoutMs: config.requestTimeoutSeconds * 1000,
  };
  const server = createServer(serverOptions(limits), app.handle);
  applyServerLimits(server, limits);
  return listen(server, config.port, config.address, 'port');
}
