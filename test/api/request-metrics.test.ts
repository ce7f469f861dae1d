/** The counters of requests against the library's own histogram, summary and counter: the same text, to the byte. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Counter, Histogram, Registry, Summary } from 'prom-client';
import { declareRequestMetrics } from '../../src/api/request-metrics.js';
import type { CompletedRequest } from '../../src/http/exchange.js';
import { type Route, route } from '../../src/http/route.js';
import { Random } from '../random.js';

function routeAt(method: 'GET' | 'POST', path: string, measured = true): Route {
  return route({
    method,
    path,
    measured,
    hot: true,
    produces: [],
    noCache: false,
    read: () => undefined,
    handle: async () => ({ status: 200 }),
  });
}

function completed(of: Route | undefined, status: number, durationMs: number): CompletedRequest {
  return {
    requestID: '',
    method: '',
    url: '',
    status,
    requestBytes: 0,
    responseBytes: 0,
    durationMs,
    userAgent: '',
    remoteAddress: '',
    protocol: '',
    route: of,
    error: undefined,
  };
}

/** Declares the metrics as the library makes them. */
function declareTwin(registry: Registry): (request: CompletedRequest) => void {
  const registers = [registry];
  const buckets = Array.from({ length: 10 }, (_, i) => 1e6 * 60_000 ** (i / 9));
  const byCode = ['path', 'code'] as const;
  const latency = new Histogram({
    name: 'rekor_api_latency',
    help: 'Api Latency on calls (in ns)',
    labelNames: byCode,
    buckets,
    registers,
  });
  const summary = new Summary({
    name: 'rekor_api_latency_summary',
    help: 'Api Latency on calls (in ns)',
    labelNames: byCode,
    percentiles: [],
    registers,
  });
  const byApi = new Histogram({
    name: 'rekor_latency_by_api',
    help: 'Api Latency (in ns) by path and method',
    labelNames: ['path', 'method'],
    buckets,
    registers,
  });
  const count = new Counter({
    name: 'rekor_qps_by_api',
    help: 'Api QPS by path, method, and response code',
    labelNames: ['path', 'method', 'code'],
    registers,
  });
  return ({ route: of, status, durationMs }) => {
    const { path, method } = of as Route;
    const code = String(status);
    latency.observe({ path, code }, durationMs * 1e6);
    summary.observe({ path, code }, durationMs * 1e6);
    byApi.observe({ path, method }, durationMs * 1e6);
    count.inc({ path, method, code });
  };
}

/** The lines of the registry, those of a metric in no order: routes may be counted in another one. */
async function linesOf(registry: Registry): Promise<string[]> {
  return (await registry.metrics()).split('\n').sort();
}

test('what is printed is what the library would print', async () => {
  const [ours, theirs] = [new Registry(), new Registry()];
  const [count, countTwin] = [declareRequestMetrics(ours), declareTwin(theirs)];
  assert.deepEqual(await linesOf(ours), await linesOf(theirs));
  const routes = [
    routeAt('GET', '/entries'),
    routeAt('POST', '/entries'),
    routeAt('GET', '/entries/{"id"}'),
  ];
  const random = new Random(3);
  for (let i = 0; i < 500; i++) {
    const of = routes[random.below(3)];
    // Whole eighths are summed without an error, in whatever order; 60 s is the last bound, 1 ms the first.
    const durationMs = [1, 60_000, 70_000, 0, random.below(800_000) / 8][random.below(5)] ?? 0;
    const request = completed(of, [200, 201, 404][random.below(3)] ?? 0, durationMs);
    count(request);
    countTwin(request);
  }
  assert.deepEqual(await linesOf(ours), await linesOf(theirs));
});

test('requests of no route, and of one that is not measured, are not counted', async () => {
  const registry = new Registry();
  const before = await linesOf(registry);
  const count = declareRequestMetrics(registry);
  const declared = await linesOf(registry);
  count(completed(undefined, 404, 1));
  count(completed(routeAt('GET', '/tile', false), 200, 1));
  assert.deepEqual(await linesOf(registry), declared);
  assert.notDeepEqual(declared, before);
});
