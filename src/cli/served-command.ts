/** What commands that serve until a signal comes have in common: their ports, and the signal. */

import { createServer, type RequestListener } from 'node:http';
import { LogError } from '../errors.js';
import { applyServerLimits, DEFAULT_SERVER_LIMITS, serverOptions } from '../http/server-limits.js';
import type { Closers } from '../server/closers.js';
import { type Listening, listen } from '../server/listen.js';
import { type createRegistry, serveMetrics } from '../server/metrics-server.js';

/** Where something is served, as commander gives it. */
export interface ServedAt {
  readonly port: string;
  readonly address: string;
}

/** Time that requests under way have to finish, in milliseconds. */
const STOP_GRACE_MS = 5_000;

/** Serves `handle` until `closers` are called. Throws CONFIG_INVALID for the port, and ListenError. */
export async function serveUntilClosed(
  handle: RequestListener,
  { port, address }: ServedAt,
  closers: Closers,
): Promise<Listening> {
  const server = createServer(serverOptions(DEFAULT_SERVER_LIMITS), handle);
  applyServerLimits(server, DEFAULT_SERVER_LIMITS);
  const listening = await listen(server, portNumber('port', port), address, 'port');
  closers.push(() => listening.close(STOP_GRACE_MS));
  return listening;
}

/** Serves the metrics until `closers` are called. Throws CONFIG_INVALID for the port, and ListenError. */
export async function serveFigures(
  registry: ReturnType<typeof createRegistry>,
  { port, address }: ServedAt,
  closers: Closers,
): Promise<Listening> {
  const listening = await serveMetrics(registry, portNumber('metrics-port', port), address);
  closers.push(() => listening.close(STOP_GRACE_MS));
  return listening;
}

/** Resolves when the process is told to stop. */
export function firstSignal(world: Pick<NodeJS.Process, 'once'>): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) world.once(signal, () => resolve());
  });
}

function portNumber(option: string, text: string): number {
  const value = Number(text);
  if (/^\d{1,5}$/.test(text) && value <= 65_535) return value;
  throw new LogError('CONFIG_INVALID', `--${option} is not a number from 0 to 65535`);
}
