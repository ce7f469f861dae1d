/**
 * `GET` and `POST` of `/api/v1/watch` and `/api/v2/watch`: what is written to the log of an API, told as it is written.
 *
 * Spec: openapi.yaml, watchLog; our own, not Rekor's. In scope: which log, where to begin, statuses. Out of scope: what is
 * asked for (watch-query.ts), how it is told (watch-stream.ts), who is told what (watch/).
 */

import { isLogError } from '../../errors.js';
import type { Clock } from '../../http/clock.js';
import { RefusedRequest, type Reply } from '../../http/reply.js';
import { type Route, type RouteDefinition, route } from '../../http/route.js';
import {
  MAX_SUBSCRIPTION_PATTERNS,
  MAX_SUBSCRIPTION_RULES,
  MAX_SUBSCRIPTION_VALUES,
} from '../../watch/subscription-rules.js';
import type { SubscriptionPlace, Watch } from '../../watch/watch.js';
import { MAX_VALUE_LENGTH, readWatchBody, readWatchQuery, type WatchQuery } from './watch-query.js';
import { watchStream } from './watch-stream.js';

/** The media type of server-sent events. */
export const EVENT_STREAM_TYPE = 'text/event-stream';

/** Longest body with rules, in bytes. */
const MAX_RULES_BYTES = 64 * 1024;

/** What is watched. */
export interface WatchService {
  readonly watch: Watch;
  /** The log that each API writes to. */
  readonly v1: bigint;
  readonly v2: bigint;
}

/** Returns the routes; none without a watch, so that its paths are not found. */
export function watchRoutes(service: WatchService | undefined, clock: Clock): readonly Route[] {
  if (service === undefined) return [];
  const { watch, v1, v2 } = service;
  return [
    ...routesOf('/api/v1/watch', watch, v1, clock),
    ...routesOf('/api/v2/watch', watch, v2, clock),
  ];
}

/** Returns the bounds of subscriptions, as they are published. */
export function watchLimits({ watch }: WatchService): Readonly<Record<string, number>> {
  return {
    subscribers: watch.maxSubscribers,
    rules: MAX_SUBSCRIPTION_RULES,
    values: MAX_SUBSCRIPTION_VALUES,
    valueLength: MAX_VALUE_LENGTH,
    patterns: MAX_SUBSCRIPTION_PATTERNS,
    bodyBytes: MAX_RULES_BYTES,
  };
}

function routesOf(path: string, watch: Watch, treeID: bigint, clock: Clock): readonly Route[] {
  const shared: Omit<RouteDefinition<WatchQuery>, 'method' | 'read'> = {
    path,
    hot: true,
    produces: [EVENT_STREAM_TYPE],
    maxBodyBytes: MAX_RULES_BYTES,
    noCache: true,
    measured: false,
    async handle({ document, from }, { format }): Promise<Reply> {
      if (format === '') throw new RefusedRequest(406, `the answer is ${EVENT_STREAM_TYPE}`);
      const treeSize = () => watch.treeSize(treeID);
      const first = from ?? treeSize();
      if (first > treeSize()) {
        throw new RefusedRequest(400, 'from is beyond the end of the log');
      }
      const place = placeIn(watch, treeID, document);
      return {
        status: 200,
        contentType: EVENT_STREAM_TYPE,
        // Proxies would keep events back until there are enough of them.
        headers: [['X-Accel-Buffering', 'no']],
        stream: watchStream({ place, from: first, treeSize, clock }),
      };
    },
  };
  return [
    route({ ...shared, method: 'GET', head: true, read: readWatchQuery }),
    route({ ...shared, method: 'POST', read: readWatchBody }),
  ];
}

function placeIn(
  watch: Watch,
  treeID: bigint,
  document: WatchQuery['document'],
): SubscriptionPlace {
  try {
    return watch.subscribe(treeID, document);
  } catch (error) {
    // To the operator it would be a mistake of his; here it is the client's.
    if (isLogError(error, 'CONFIG_INVALID')) throw new RefusedRequest(400, error.message);
    throw error;
  }
}
