/** An app on a free port of the loopback, for tests; raw sockets where a client library would tidy up. */

import { readFileSync } from 'node:fs';
import { createServer, request as httpRequest, type IncomingHttpHeaders } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { Registry } from 'prom-client';
import { type AppOptions, createApp } from '../../src/api/app.js';
import { ENDPOINTS } from '../../src/api/v1/endpoint.js';
import { LogError } from '../../src/errors.js';
import type { CompletedRequest } from '../../src/http/exchange.js';
import {
  applyServerLimits,
  DEFAULT_SERVER_LIMITS,
  type ServerLimits,
  serverOptions,
} from '../../src/http/server-limits.js';
import { packageRoot } from '../vectors.js';
import { createFakeLog, type FakeLog } from './fake-log.js';

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

export interface StartedApp {
  readonly port: number;
  readonly log: FakeLog;
  readonly registry: Registry;
  readonly completed: readonly CompletedRequest[];
  send(
    method: string,
    path: string,
    headers?: Record<string, string>,
    body?: string | Uint8Array,
  ): Promise<Answer>;
  /** Posts JSON text. */
  post(path: string, json: string | Uint8Array): Promise<Answer>;
  /** Opens a bare connection. */
  connect(): Promise<Socket>;
}

export const ENTRIES = '/api/v1/log/entries';

/** Starts an app over a fake log; it stops with the test. */
export async function startApp(
  t: TestContext,
  options: Partial<AppOptions> = {},
  limits: Partial<ServerLimits> = {},
): Promise<StartedApp> {
  const log = createFakeLog();
  // One desk for both sides: what differs between them is no matter of the API.
  const desks = { rekorSide: log, tileSide: log };
  const registry = new Registry();
  const completed: CompletedRequest[] = [];
  const app = createApp({
    shards: { active: log, inactive: [] },
    v2: { log: desks, logs: [desks], servesReads: true },
    enabledEndpoints: new Set(Object.keys(ENDPOINTS)),
    maxRequestBodySize: 32 * 1024 * 1024,
    searchKeyOf: (_, content) => {
      if (content.length === 0) throw new LogError('KEY_MALFORMED', 'no key');
      return 'sha256:known';
    },
    logger: { completed: (request) => completed.push(request) },
    registry,
    build: { version: 'test', revision: 'none', buildDate: 'none' },
    openapiText: readFileSync(join(packageRoot, 'openapi.yaml'), 'utf8'),
    newRequestID: () => 'request-1',
    ...options,
  });
  const serverLimits = { ...DEFAULT_SERVER_LIMITS, ...limits };
  const server = createServer(serverOptions(serverLimits), app.handle);
  applyServerLimits(server, serverLimits);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const send: StartedApp['send'] = (method, path, headers = {}, body) =>
    sendRequest(port, method, path, headers, body);
  return {
    port,
    log,
    registry,
    completed,
    send,
    post: (path, json) => send('POST', path, { 'Content-Type': 'application/json' }, json),
    connect: () =>
      new Promise((resolve, reject) => {
        const socket = connect(port, '127.0.0.1', () => resolve(socket));
        socket.once('error', reject);
        t.after(() => socket.destroy());
      }),
  };
}

/** Sends one request on a connection of its own. */
export function sendRequest(
  port: number,
  method: string,
  path: string,
  headers: Record<string, string>,
  body?: string | Uint8Array,
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const length = body === undefined ? {} : { 'Content-Length': Buffer.byteLength(body) };
    const outgoing = httpRequest(
      { host: '127.0.0.1', port, method, path, agent: false, headers: { ...length, ...headers } },
      (response) => {
        const chunks: Buffer[] = [];
        const answered = (): void => {
          const body = Buffer.concat(chunks).toString('utf8');
          resolve({ status: response.statusCode ?? 0, headers: response.headers, body });
        };
        response.on('data', (chunk: Buffer) => {
          chunks.push(chunk);
          // A stream has no end of its own: its beginning is looked at.
          if (response.headers['content-type'] !== 'text/event-stream') return;
          answered();
          outgoing.destroy();
        });
        response.on('end', answered);
        response.on('error', reject);
      },
    );
    outgoing.on('error', reject);
    outgoing.end(body);
  });
}

/** Returns everything that a connection sends until it closes. */
export function readAll(socket: Socket): Promise<string> {
  return new Promise((resolve) => {
    let text = '';
    socket.setEncoding('utf8');
    socket.on('data', (chunk: string) => {
      text += chunk;
    });
    socket.on('error', () => resolve(text));
    socket.on('close', () => resolve(text));
  });
}
