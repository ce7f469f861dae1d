/** Prometheus metrics on a port of their own, so that they can stay inside while the API is public. */

import { createServer } from 'node:http';
import { collectDefaultMetrics, Gauge, Registry } from 'prom-client';
import type { Log } from '../log/log.js';
import { type Listening, listen } from './listen.js';

/** Returns a registry with the metrics of the process. */
export function createRegistry(): Registry {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  return registry;
}

/** Declares figures of the logs themselves; they are read when somebody asks. */
export function declareLogMetrics(registry: Registry, logs: readonly Log[]): void {
  const figures = [
    ['stele_tree_size', 'Leaves of each log, by the first line of its checkpoints', 'treeSize'],
    ['stele_held_entries', 'Submissions that wait for their commit', 'heldEntries'],
    ['stele_held_bytes', 'Bytes of the submissions that wait', 'heldBytes'],
  ] as const;
  for (const [name, help, figure] of figures) {
    new Gauge({
      name,
      help,
      labelNames: ['origin'],
      registers: [registry],
      collect() {
        for (const log of logs) this.set({ origin: log.identity.origin }, log.statistics()[figure]);
      },
    });
  }
}

/** Serves `GET /metrics` of a registry. Throws ListenError. */
export async function serveMetrics(
  registry: Registry,
  port: number,
  address: string,
): Promise<Listening> {
  const server = createServer(async (request, response) => {
    if (request.url !== '/metrics' || request.method !== 'GET') {
      response.writeHead(404).end();
      return;
    }
    try {
      const text = await registry.metrics();
      response.writeHead(200, { 'content-type': registry.contentType }).end(text);
    } catch {
      // A figure that cannot be read must not end the log; the scrape fails and says so.
      response.writeHead(500).end();
    }
  });
  return listen(server, port, address, 'metrics-port');
}
