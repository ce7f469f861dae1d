/**
 * The metrics of the API under Rekor's names (docs/operating.md), declared on a registry that is given: dashboards
 * and alerts made for Rekor keep working. Latencies are in nanoseconds, as there.
 *
 * In scope: declaring and counting. Out of scope: serving them (the server has a port for that).
 */

import { Counter, Gauge, type Registry, Summary } from 'prom-client';
import type { CompletedRequest } from '../http/exchange.js';
import { declareRequestMetrics } from './request-metrics.js';

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
  checkpointPublished(shard: string): void;
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
  const checkpoints = new Map<string, number>();
  new Counter({
    name: 'rekor_checkpoint_publish',
    help: 'Checkpoint publishing by shard and code',
    labelNames: ['shard', 'code'],
    registers,
    collect() {
      this.reset();
      for (const [shard, count] of checkpoints) this.inc({ shard, code: '200' }, count);
    },
  });
  const requests = declareRequestMetrics(registry);
  return {
    entryAdded: () => newEntries.inc(),
    v2EntryAdded: () => newV2Entries.inc(),
    indexWritten: (durationMs, success) =>
      indexLatency.observe({ success: String(success) }, durationMs * NS_PER_MS),
    checkpointPublished: (shard) => checkpoints.set(shard, (checkpoints.get(shard) ?? 0) + 1),
    requestCompleted: requests,
  };
}

const NS_PER_MS = 1e6;

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
