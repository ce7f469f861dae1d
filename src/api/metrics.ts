/**
 * The metrics of the API under Rekor's names (docs/operating.md), declared on a registry that is given: dashboards
 * and alerts made for Rekor keep working. Latencies are in nanoseconds, as there.
 *
 * In scope: declaring and counting. Out of scope: serving them (the server has a port for that).
 */

import { Counter, Gauge, Histogram, type Registry, Summary } from 'prom-client';
import type { CompletedRequest } from '../http/exchange.js';

/** What this program is, for `rekor_build_info`. */
export interface BuildInfo {
  readonly version: string;
  readonly revision: string;
  readonly buildDate: string;
}

/** What moves the metrics. */
export interface ApiMetrics {
  /** Counts an answered request of a measured route. */
  requestCompleted(request: CompletedRequest): void;
  /** Counts an entry that was added. */
  entryAdded(): void;
  /** Counts one that came by the v2 API. */
  v2EntryAdded(): void;
  /** Search keys are written with their entry, in one commit: its duration goes here. */
  indexWritten(durationMs: number, success: boolean): void;
  /** Counts a checkpoint that was handed to somebody outside. */
  checkpointPublished(shard: string, code: string): void;
}

/** Declares the metrics on `registry` and returns what moves them. */
export function declareMetrics(registry: Registry, build: BuildInfo): ApiMetrics {
  const registers = [registry];
  declareBuildInfo(registry, build);
  const newEntries = new Counter({
    name: 'rekor_new_entries',
    help: 'The total number of new log entries',
    registers,
  });
  const newV2Entries = new Counter({
    name: 'rekor_v2_new_hashedrekord_entries',
    help: 'The total number of new log entries of the v2 API',
    registers,
  });
  const indexLatency = new Summary({
    name: 'rekor_index_storage_latency_summary',
    help: 'Latency of writing search keys (in ns)',
    labelNames: ['success'],
    percentiles: [],
    registers,
  });
  const checkpoints = new Counter({
    name: 'rekor_checkpoint_publish',
    help: 'Checkpoint publishing by shard and code',
    labelNames: ['shard', 'code'],
    registers,
  });
  const requests = declareRequestMetrics(registry);
  return {
    entryAdded: () => newEntries.inc(),
    v2EntryAdded: () => newV2Entries.inc(),
    indexWritten: (durationMs, success) =>
      indexLatency.observe({ success: String(success) }, durationMs * NS_PER_MS),
    checkpointPublished: (shard, code) => checkpoints.inc({ shard, code }),
    requestCompleted: requests,
  };
}

const NS_PER_MS = 1e6;
// Ten buckets from 1 ms to 60 s, evenly spaced on a logarithmic scale.
const LATENCY_BUCKETS_NS = Array.from({ length: 10 }, (_, i) => NS_PER_MS * 60_000 ** (i / 9));

function declareBuildInfo(registry: Registry, build: BuildInfo): void {
  const labelNames = ['version', 'revision', 'build_date', 'goversion'] as const;
  const info = new Gauge({
    name: 'rekor_build_info',
    help: 'A metric with a constant 1 value labeled by what this program was built from',
    labelNames,
    registers: [registry],
  });
  // There is no Go here; the label is kept because queries name it.
  const { version, revision, buildDate } = build;
  info.set({ version, revision, build_date: buildDate, goversion: 'none' }, 1);
}

function declareRequestMetrics(registry: Registry): (request: CompletedRequest) => void {
  const registers = [registry];
  const byCode = ['path', 'code'] as const;
  const latency = new Histogram({
    name: 'rekor_api_latency',
    help: 'Api Latency on calls (in ns)',
    labelNames: byCode,
    buckets: LATENCY_BUCKETS_NS,
    registers,
  });
  const latencySummary = new Summary({
    name: 'rekor_api_latency_summary',
    help: 'Api Latency on calls (in ns)',
    labelNames: byCode,
    percentiles: [],
    registers,
  });
  const latencyByApi = new Histogram({
    name: 'rekor_latency_by_api',
    help: 'Api Latency (in ns) by path and method',
    labelNames: ['path', 'method'],
    buckets: LATENCY_BUCKETS_NS,
    registers,
  });
  const requestCount = new Counter({
    name: 'rekor_qps_by_api',
    help: 'Api QPS by path, method, and response code',
    labelNames: ['path', 'method', 'code'],
    registers,
  });
  return ({ route, status, durationMs }) => {
    if (route === undefined || !route.measured) return;
    const { path, method } = route;
    const code = String(status);
    const ns = durationMs * NS_PER_MS;
    latency.observe({ path, code }, ns);
    latencySummary.observe({ path, code }, ns);
    latencyByApi.observe({ path, method }, ns);
    requestCount.inc({ path, method, code });
  };
}
