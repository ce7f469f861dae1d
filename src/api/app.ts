/**
 * THE API OF THE LOG: every route of the server in one table, and the listener that answers them.
 *
 * In scope: putting routes, gates, metrics and adapters together. Out of scope: what a log does (it is given, as
 * `Shards`), sockets and ports (server/), HTTP rules (http/). Mutable state: that of the exchange, the requests
 * under way. Spec: openapi.yaml.
 */

import { randomUUID } from 'node:crypto';
import type { RequestListener } from 'node:http';
import type { Registry } from 'prom-client';
import { DEFAULT_BODY_LIMITS } from '../http/body.js';
import type { BodyLimits } from '../http/body-rate.js';
import { type Clock, SYSTEM_CLOCK } from '../http/clock.js';
import { type CompletedRequest, createExchange } from '../http/exchange.js';
import { expressAdapter } from '../http/express-adapter.js';
import { fastAdapter } from '../http/fast-adapter.js';
import { refusalReply } from '../http/reply.js';
import type { RouteTable } from '../http/route.js';
import { createRouter } from '../http/router.js';
import type { Shards } from '../log/log.js';
import type { TrustDocuments } from '../trust/documents.js';
import { type ApiMetrics, type BuildInfo, declareMetrics } from './metrics.js';
import { opsPages } from './ops/pages.js';
import { wellKnownPages } from './ops/well-known.js';
import { problemOf } from './problem.js';
import { v1Routes } from './v1/routes.js';
import type { SearchKeyOf } from './v1/search-index.js';
import { DEFAULT_SUBMISSION_RULES, type SubmissionRules } from './v1/submission-rules.js';
import { type TimestampService, timestampRoutes } from './v1/timestamp.js';
import { type WatchService, watchRoutes } from './v1/watch.js';
import { V2_DIALECT } from './v2/dialect.js';
import { type V2Options, v2Routes } from './v2/routes.js';

/** Where requests are written down. */
export interface RequestLogger {
  /** Called once for each request, when its answer is out; see request-log.ts for Rekor's members. */
  completed(request: CompletedRequest): void;
  /** Called when an answer could not be written, or `completed` threw; its connection is closed. */
  faulted?(error: unknown): void;
}

/** What the API is made of. Everything optional has a default. */
export interface AppOptions {
  readonly shards: Shards;
  /** Undefined: the v1 API alone. */
  readonly v2?: V2Options;
  /** Undefined: no timestamps. */
  readonly timestamps?: TimestampService | undefined;
  /** Undefined: nobody can watch. */
  readonly watch?: WatchService | undefined;
  /** Names of v1/endpoint.ts that are switched on. */
  readonly enabledEndpoints: ReadonlySet<string>;
  /** Longest request body in bytes; 0: no limit but the budget for all bodies together. */
  readonly maxRequestBodySize: number;
  readonly searchKeyOf: SearchKeyOf;
  /** What the server says of submissions; default DEFAULT_SUBMISSION_RULES. */
  readonly rules?: Partial<SubmissionRules>;
  readonly logger: RequestLogger;
  /** The metrics of metrics.ts are declared on it. */
  readonly registry: Registry;
  readonly build: BuildInfo;
  /** The trust kit; called at the first request for it. Undefined: it is not served. */
  readonly trustDocuments?: () => TrustDocuments;
  /** The description of the API, YAML. */
  readonly openapiText: string;
  /** `fast` (default) answers the hot routes in front of express; `express` leaves all to express. */
  readonly adapter?: 'fast' | 'express';
  /** Name of the header that carries a request ID, for the log; default `X-Request-Id`. */
  readonly requestIDHeader?: string;
  /** API requests under way at once; default 4,096. */
  readonly maxConcurrentRequests?: number;
  /** Limits on bodies besides their size. */
  readonly bodyLimits?: Partial<Omit<BodyLimits, 'maxBytes'>>;
  readonly clock?: Clock;
  readonly newRequestID?: () => string;
}

/** The API, ready to be put behind a socket. */
export interface App {
  readonly handle: RequestListener;
  readonly metrics: ApiMetrics;
}

/** Returns the listener for `http.createServer` (with `serverOptions` and `applyServerLimits` of http/). */
export function createApp(options: AppOptions): App {
  const metrics = declareMetrics(options.registry, options.build);
  const bodyLimits = bodyLimitsOf(options);
  const clock = options.clock ?? SYSTEM_CLOCK;
  const table: RouteTable = {
    pages: [
      ...opsPages(options.shards, options.openapiText),
      ...(options.trustDocuments === undefined ? [] : wellKnownPages(options.trustDocuments)),
    ],
    routes: [
      ...v1Routes({
        ...options,
        metrics,
        rules: { ...DEFAULT_SUBMISSION_RULES, ...options.rules },
        requestBodyBytes: Math.min(bodyLimits.maxBytes, bodyLimits.maxHeldBytes),
        unread: (error) => options.logger.faulted?.(error),
      }),
      ...(options.v2 === undefined ? [] : v2Routes(options.v2, metrics.v2EntryAdded)),
      ...timestampRoutes(options.timestamps),
      ...watchRoutes(options.watch, clock),
    ],
  };
  const exchange = createExchange({
    router: createRouter(table),
    bodyLimits,
    maxConcurrentRequests: options.maxConcurrentRequests ?? DEFAULT_CONCURRENT_REQUESTS,
    clock,
    requestIDHeader: (options.requestIDHeader ?? 'X-Request-Id').toLowerCase(),
    newRequestID: options.newRequestID ?? randomUUID,
    dialect: { refusalOf: refusalReply, problemOf, exposed: [] },
    dialects: { '/api/v2/': V2_DIALECT },
    completed(request) {
      metrics.requestCompleted(request);
      options.logger.completed(request);
    },
    faulted: (error) => options.logger.faulted?.(error),
  });
  const express = expressAdapter(table, exchange);
  const handle = options.adapter === 'express' ? express : fastAdapter(exchange, express);
  return { handle, metrics };
}

const DEFAULT_CONCURRENT_REQUESTS = 4_096;

function bodyLimitsOf(options: AppOptions): BodyLimits {
  const limit = options.maxRequestBodySize;
  const maxBytes = limit === 0 ? Number.POSITIVE_INFINITY : limit;
  return { ...DEFAULT_BODY_LIMITS, ...options.bodyLimits, maxBytes };
}
