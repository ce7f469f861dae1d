/**
 * The witness as a listener: its routes in one table, the pages of its health and state beside them.
 *
 * In scope: putting routes, gates, metrics and adapters together. Out of scope: sockets and ports (cli/).
 */

import { randomUUID } from 'node:crypto';
import type { RequestListener } from 'node:http';
import { DEFAULT_BODY_LIMITS } from '../http/body.js';
import { SYSTEM_CLOCK } from '../http/clock.js';
import { type CompletedRequest, createExchange } from '../http/exchange.js';
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
import type { FollowedLogs } from './followed-logs.js';
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
  /** Resolves when the state can be read and written. */
  ready(): Promise<void>;
  /** Told of each request when it is over. */
  completed(request: CompletedRequest): void;
  /** Told of failures outside any handler. */
  faulted(error: unknown): void;
}

/** Requests under way at once; one more is answered 503. */
const MAX_REQUESTS = 1_024;
const MAX_HELD_BYTES = 64 * 1024 * 1024;

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
    bodyLimits: {
      ...DEFAULT_BODY_LIMITS,
      maxBytes: MAX_SUBMISSION_BYTES,
      maxHeldBytes: MAX_HELD_BYTES,
    },
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
        } catch {
          // Why is in the log, where the request that failed first has put it.
          return textReply(503, 'the state of the witness cannot be written');
        }
      },
    },
    { ...page, path: '/', handle: () => statusReply(options) },
  ];
}

async function statusReply({ keys, logs, state }: WitnessAppOptions): Promise<Reply> {
  const rows: LogStatus[] = [];
  for (const log of logs.all().slice(0, MAX_LISTED_LOGS)) {
    const [head, evidence] = [await state.head(log.id), await state.evidence(log.id)];
    rows.push({ log, head, evidence: evidence.length });
  }
  return { status: 200, contentType: 'text/html; charset=utf-8', body: statusPage(keys, rows) };
}
