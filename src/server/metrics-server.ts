/** Prometheus metrics on a port of their own, so that they can stay inside while the API is public. */

import { createServer } from 'node:http';
import { collectDefaultMetrics, Gauge, Registry } from 'prom-client';
import type { Log } from '../log/log.js';
import type { Publication } from '../publishing/publisher.js';
import type { WitnessState } from '../publishing/witness-client.js';
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

/** Declares how publishing goes, of the logs that are witnessed; nothing when there are none. */
export function declareWitnessMetrics(registry: Registry, logs: readonly Log[]): void {
  const witnessed = logs.filter((log) => log.statistics().publication !== undefined);
  if (witnessed.length === 0) return;
  const ofLog = [
    ['stele_published_size', 'Leaves of the published tree', ({ size }) => size ?? 0],
    ['stele_published_cosigned', 'Whether it has its quorum', ({ isMet }) => Number(isMet)],
    [
      'stele_published_uncosigned_total',
      'Heads that were published without their quorum',
      ({ uncosigned }) => uncosigned,
    ],
  ] as const satisfies readonly Figure<Publication>[];
  const ofWitness = [
    [
      'stele_witness_cosigned_size',
      'Leaves that a witness has cosigned last',
      (state) => state.cosignedSize ?? 0,
    ],
    ['stele_witness_requests_total', 'Requests to a witness', (state) => state.requests],
    ['stele_witness_failures_total', 'Times it did not cosign', (state) => state.failures],
    [
      'stele_witness_alarm',
      'Whether it refuses, or has seen what is not there',
      (state) => Number(state.isAlarm),
    ],
  ] as const satisfies readonly Figure<WitnessState>[];
  for (const [name, help, figureOf] of ofLog) {
    declareFigure(registry, { name, help, labelNames: ['origin'] }, (gauge) => {
      for (const [origin, publication] of publications(witnessed)) {
        gauge.set({ origin }, figureOf(publication));
      }
    });
  }
  for (const [name, help, figureOf] of ofWitness) {
    declareFigure(registry, { name, help, labelNames: ['origin', 'witness'] }, (gauge) => {
      for (const [origin, publication] of publications(witnessed)) {
        for (const state of publication.witnesses) {
          gauge.set({ origin, witness: state.witness }, figureOf(state));
        }
      }
    });
  }
}

type Figure<Of> = readonly [name: string, help: string, figureOf: (of: Of) => number];

function declareFigure(
  registry: Registry,
  description: { readonly name: string; readonly help: string; readonly labelNames: string[] },
  collect: (gauge: Gauge) => void,
): void {
  new Gauge({
    ...description,
    registers: [registry],
    collect() {
      collect(this);
    },
  });
}

function publications(logs: readonly Log[]): readonly (readonly [string, Publication])[] {
  return logs.flatMap((log) => {
    const { publication } = log.statistics();
    return publication === undefined ? [] : [[log.identity.origin, publication] as const];
  });
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
