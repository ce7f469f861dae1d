/**
 * The metrics of requests under Rekor's names: counted in plain numbers for each route and status, and made into what
 * the registry prints when somebody asks for it. The library's own histograms and summaries look their labels up in
 * four tables for each request, which took a tenth of the processor time of a small answer.
 *
 * In scope: counting, and the four metrics that come of it. Out of scope: serving them. Spec: docs/operating.md.
 */

import { Counter, type Metric, type Registry } from 'prom-client';
import type { CompletedRequest } from '../http/exchange.js';
import type { Route } from '../http/route.js';

const NS_PER_MS = 1e6;

/** Upper bounds in nanoseconds: ten from 1 ms to 60 s, evenly spaced on a logarithmic scale. */
const BOUNDS_NS: readonly number[] = Array.from(
  { length: 10 },
  (_, i) => NS_PER_MS * 60_000 ** (i / 9),
);

/** Declares the metrics on `registry` and returns what counts an answered request of a measured route. */
export function declareRequestMetrics(registry: Registry): (request: CompletedRequest) => void {
  const all: RequestFigures[] = [];
  const byRoute = new Map<Route, Map<number, RequestFigures>>();
  declare(registry, all);
  return ({ route, status, durationMs }) => {
    if (route === undefined || !route.measured) return;
    let figures = byRoute.get(route)?.get(status);
    if (figures === undefined) {
      figures = new RequestFigures(route, status);
      all.push(figures);
      byRoute.set(route, (byRoute.get(route) ?? new Map()).set(status, figures));
    }
    figures.add(durationMs * NS_PER_MS);
  };
}

/** What is counted of the answers of one route with one status. */
class RequestFigures {
  readonly path: string;
  readonly method: string;
  readonly code: string;
  count = 0;
  sumNs = 0;
  /** Requests at or below each bound and above the one before it. */
  readonly withinBound: number[] = BOUNDS_NS.map(() => 0);

  constructor({ path, method }: Route, status: number) {
    this.path = path;
    this.method = method;
    this.code = String(status);
  }

  add(ns: number): void {
    this.count += 1;
    this.sumNs += ns;
    const bound = BOUNDS_NS.findIndex((each) => ns <= each);
    if (bound >= 0) this.withinBound[bound] = (this.withinBound[bound] as number) + 1;
  }
}

type LabelName = 'path' | 'method' | 'code';

function declare(registry: Registry, all: readonly RequestFigures[]): void {
  const byCode: readonly LabelName[] = ['path', 'code'];
  registerComputed(registry, 'rekor_api_latency', 'Api Latency on calls (in ns)', 'histogram', () =>
    sumsBy(all, byCode).flatMap((sums) => bucketValues('rekor_api_latency', sums)),
  );
  const summary = 'rekor_api_latency_summary';
  registerComputed(registry, summary, 'Api Latency on calls (in ns)', 'summary', () =>
    sumsBy(all, byCode).flatMap((sums) => totals(summary, sums)),
  );
  const byApi = 'rekor_latency_by_api';
  registerComputed(registry, byApi, 'Api Latency (in ns) by path and method', 'histogram', () =>
    sumsBy(all, ['path', 'method']).flatMap((sums) => bucketValues(byApi, sums)),
  );
  new Counter({
    name: 'rekor_qps_by_api',
    help: 'Api QPS by path, method, and response code',
    labelNames: ['path', 'method', 'code'],
    registers: [registry],
    collect() {
      this.reset();
      for (const { path, method, code, count } of all) this.inc({ path, method, code }, count);
    },
  });
}

/** A line of what the registry prints. */
interface MetricValue {
  readonly metricName: string;
  readonly labels: Readonly<Record<string, string | number>>;
  readonly value: number;
}

function registerComputed(
  registry: Registry,
  name: string,
  help: string,
  type: 'histogram' | 'summary',
  values: () => readonly MetricValue[],
): void {
  const metric = { name, help, get: async () => ({ name, help, type, values: values() }) };
  // All that a registry asks of a metric; the library's type names its own classes.
  registry.registerMetric(metric as unknown as Metric);
}

interface Sums {
  readonly labels: Readonly<Record<string, string>>;
  count: number;
  sumNs: number;
  readonly withinBound: number[];
}

/** Returns the figures summed up over those that have the same labels of these names. */
function sumsBy(all: readonly RequestFigures[], names: readonly LabelName[]): readonly Sums[] {
  const sums = new Map<string, Sums>();
  for (const figures of all) {
    const key = JSON.stringify(names.map((name) => figures[name]));
    const labels = Object.fromEntries(names.map((name) => [name, figures[name]]));
    const sum = sums.get(key) ?? {
      labels,
      count: 0,
      sumNs: 0,
      withinBound: BOUNDS_NS.map(() => 0),
    };
    sums.set(key, sum);
    sum.count += figures.count;
    sum.sumNs += figures.sumNs;
    figures.withinBound.forEach((count, i) => {
      sum.withinBound[i] = (sum.withinBound[i] as number) + count;
    });
  }
  return [...sums.values()];
}

/** The values of one label set of a histogram: each bucket counts those of the ones before it as well. */
function bucketValues(name: string, sums: Sums): MetricValue[] {
  const { labels, count } = sums;
  const metricName = `${name}_bucket`;
  let below = 0;
  const buckets = BOUNDS_NS.map((le, i) => {
    below += sums.withinBound[i] as number;
    return { metricName, labels: { le, ...labels }, value: below };
  });
  const all = { metricName, labels: { le: '+Inf', ...labels }, value: count };
  return [...buckets, all, ...totals(name, sums)];
}

function totals(name: string, { labels, count, sumNs }: Sums): MetricValue[] {
  return [
    { metricName: `${name}_sum`, labels, value: sumNs },
    { metricName: `${name}_count`, labels, value: count },
  ];
}
