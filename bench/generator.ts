/**
 * The load generator: a process of its own, so that its processor time is not the server's.
 *
 * Arguments: URL, file of packed requests, number of connections. Each request is sent once; a connection takes
 * the next one as soon as it has its answer. Prints a GeneratorReport as JSON.
 */

import { readFileSync } from 'node:fs';
import { Connection, ConnectionLost } from './harness/connection.js';
import { type GeneratorReport, unpackRequests } from './harness/generator-client.js';
import { percentile } from './harness/latencies.js';

const [url = '', file = '', connectionCount = '1'] = process.argv.slice(2);
const requests = unpackRequests(readFileSync(file));
const latencies: number[] = [];
const statuses: Record<string, number> = {};
let next = 0;
let lost = 0;

async function drive(connection: Connection): Promise<void> {
  let current = connection;
  while (next < requests.length) {
    const request = requests[next++];
    if (request === undefined) return;
    const started = performance.now();
    try {
      if (!current.usable) current = await Connection.open(url);
      const { status } = await current.send(request);
      latencies.push(performance.now() - started);
      statuses[status] = (statuses[status] ?? 0) + 1;
    } catch (error) {
      // A broken connection is a figure of the report; anything else is a mistake of this program.
      if (!(error instanceof ConnectionLost)) throw error;
      lost++;
    }
  }
  current.close();
}

const connections = await Promise.all(
  Array.from({ length: Number(connectionCount) }, () => Connection.open(url)),
);
const started = performance.now();
await Promise.all(connections.map(drive));
const seconds = (performance.now() - started) / 1000;
const sorted = Float64Array.from(latencies).sort();
const result: GeneratorReport = {
  answered: latencies.length,
  statuses,
  lost,
  seconds,
  p50Ms: percentile(sorted, 0.5),
  p99Ms: percentile(sorted, 0.99),
  p999Ms: percentile(sorted, 0.999),
};
console.log(JSON.stringify(result));
