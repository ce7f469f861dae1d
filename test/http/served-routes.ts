/** Routes on a free port of the loopback, without an API around them. */

import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { DEFAULT_BODY_LIMITS } from '../../src/http/body.js';
import { SYSTEM_CLOCK } from '../../src/http/clock.js';
import type { Dialect } from '../../src/http/dialect.js';
import { createExchange } from '../../src/http/exchange.js';
import { expressAdapter } from '../../src/http/express-adapter.js';
import { fastAdapter } from '../../src/http/fast-adapter.js';
import { refusalReply } from '../../src/http/reply.js';
import type { Route } from '../../src/http/route.js';
import { createRouter } from '../../src/http/router.js';

export const ADAPTERS = ['fast', 'express'] as const;

/** Errors of handlers are told in plain text. */
export const PLAIN_DIALECT: Dialect = {
  refusalOf: refusalReply,
  problemOf: (error) => ({ status: 500, contentType: 'text/plain', body: String(error) }),
  exposed: [],
};

export interface ServedRoutes {
  readonly url: string;
  /** What went wrong outside any handler. */
  readonly faults: readonly unknown[];
  close(): Promise<void>;
}

/** Serves `routes` through an adapter. */
export async function serveRoutes(
  routes: readonly Route[],
  adapter: (typeof ADAPTERS)[number],
  dialects: Readonly<Record<string, Dialect>> = {},
): Promise<ServedRoutes> {
  const table = { pages: [], routes };
  const faults: unknown[] = [];
  const exchange = createExchange({
    router: createRouter(table),
    bodyLimits: DEFAULT_BODY_LIMITS,
    maxConcurrentRequests: 64,
    clock: SYSTEM_CLOCK,
    requestIDHeader: 'x-request-id',
    newRequestID: () => 'request-1',
    dialect: PLAIN_DIALECT,
    dialects,
    completed: () => {},
    faulted: (error) => faults.push(error),
  });
  const express = expressAdapter(table, exchange);
  const server = createServer(adapter === 'express' ? express : fastAdapter(exchange, express));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    faults,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
