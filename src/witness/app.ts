/**
 * The witness as a listener: its routes in one table, the pages of its health and state beside them.
 *
 * In scope: putting routes, gates, metrics and adapters together. Out of scope: sockets and ports (cli/).
 */

import { randomUUID } from 'node:crypto';
import type { RequestListener } from 'node:http';
import { isLogError } from '../errors.js';
import { SYSTEM_CLOCK } from '../http/clock.js';
import { type CompletedRequest, createExchange, type ExchangeOptions } from '../http/exchange.js';
import { expressAdapter } from '../http/express-adapter.js';
import { fastAdapter } from '../http/fast-adapter.js';
import type { Reply } from '../http/reply.js';
import type { Page, RouteTable } from '../http/route.js';
import { createRouter } from '../http/router.js';
import { MAX_SUBMISSION_BYTES } from '../note/submission.js';
import type { VerifierKey } from '../note/verifier-key.js';
import { textReply, WITNESS_DIALECT } from './dialect.js';
import type { Distributor } from './distributor.js';
import { distributorRoutes } from './distributor-routes.js';
import type { FollowedLog, FollowedLogs } from './followed-logs.js';
import type { WitnessMetrics } from './metrics.js';
import { witnessRoutes } from './routes.js';
import { type LogStatus, MAX_LISTED_LOGS, statusPage } from './status-page.js';
import type { Witness } from './witness.js';
import type { WitnessState } from './witness-state.js';

/** What the listener is made of. */
export interface WitnessAppOptions {
  readonly witness: Witness;
  readonly state: WitnessState;
  readonly logs: FollowedLogs;
  readonly distributor: Distributor;
  readonly keys: readonly VerifierKey[];
  readonly metrics: WitnessMetrics;
  /** Resolves when checkpoints can be cosigned. Throws LogError. */
  ready(): Promise<void>;
  /** Told of each request when it is over. */
  completed(request: CompletedRequest): void;
  /** Told of failures outside any handler. */
  faulted(error: unknown): void;
}

/** Requests under way at once; one more is answered 503. Those that send their body slowly are among them. */
const MAX_REQUESTS = 4_096;
/** A checkpoint is a few packets: whoever takes long over it keeps a place from others. */
const BODY_LIMITS: ExchangeOptions['bodyLimits'] = {
  maxBytes: MAX_SUBMISSION_BYTES,
  maxHeldBytes: 64 * 1024 * 1024,
  graceMs: 5_000,
  minBytesPerSecond: 8_192,
  totalMs: 30_000,
};

/** Returns the listener for `http.createServer` (with `serverOptions` and `applyServerLimits` of http/). */
export function createWitnessApp(options: WitnessAppOptions): RequestListener {
  const { witness, state, logs, distributor, metrics } = options;
  const table: RouteTable = {
    pages: pagesOf(options),
    routes: [
      ...witnessRoutes({ witness, state, logs, submitted: metrics.submitted }),
      ...distributorRoutes(distributor, logs),
    ],
  };
  const exchange = createExchange({
    router: createRouter(table),
    bodyLimits: BODY_LIMITS,
    maxConcurrentRequests: MAX_REQUESTS,
    clock: SYSTEM_CLOCK,
    requestIDHeader: 'x-request-id',
    newRequestID: randomUUID,
    dialect: WITNESS_DIALECT,
    completed(request) {
      if (request.route?.path === '/add-checkpoint') {
        metrics.answered(request.durationMs, request.status);
      }
      options.completed(request);
    },
    faulted: options.faulted,
  });
  return fastAdapter(exchange, expressAdapter(table, exchange));
}

function pagesOf(options: WitnessAppOptions): readonly Page[] {
  const page = { methods: ['GET', 'HEAD'], match: 'exact', hot: true } as const;
  return [
    { ...page, path: '/healthz', handle: () => textReply(200, 'ok') },
    {
      ...page,
      path: '/readyz',
      async handle() {
        try {
          await options.ready();
          return textReply(200, 'ready');
        } catch (error) {
          // What it says of folders is for the operator, who has it in the log of the request that failed first.
          return textReply(503, isLogError(error) ? error.code : 'INTERNAL');
        }
      },
    },
    { ...page, path: '/', handle: sharedPage(options) },
  ];
}

/** What is in the page came from others: nothing of it is to run. */
const PAGE_HEADERS = [
  ['Content-Security-Policy', "default-src 'none'; style-src 'unsafe-inline'"],
  ['X-Content-Type-Options', 'nosniff'],
] as const;

/** Renders the page; who asks while it is being rendered gets the same, for it asks of every log. */
function sharedPage(options: WitnessAppOptions): () => Promise<Reply> {
  let underWay: Promise<Reply> | undefined;
  return () => {
    underWay ??= statusReply(options).finally(() => {
      underWay = undefined;
    });
    return underWay;
  };
}

async function statusReply({ keys, logs, state }: WitnessAppOptions): Promise<Reply> {
  const all = logs.all();
  const rows: LogStatus[] = [];
  for (const log of all.slice(0, MAX_LISTED_LOGS)) rows.push(await statusOf(log, state));
  const body = statusPage(keys, rows, all.length - rows.length);
  return { status: 200, contentType: 'text/html; charset=utf-8', headers: PAGE_HEADERS, body };
}

async function statusOf(log: FollowedLog, state: WitnessState): Promise<LogStatus> {
  try {
    return { log, head: await state.head(log.id), evidence: await state.evidenceCount(log.id) };
  } catch (error) {
    // The page is where one looks when something is wrong.
    if (isLogError(error)) return { log, head: 'unreadable', evidence: 0 };
    throw error;
  }
}
