/** The figures of the witness, declared on a registry that is given. */

import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import type { Evidence } from './evidence.js';
import type { FollowedLogs } from './followed-logs.js';
import type { Head } from './head-row.js';
import type { Outcome } from './witness.js';
import type { WitnessState } from './witness-state.js';

/** What moves the figures. */
export interface WitnessMetrics {
  /** Counts an outcome of add-checkpoint. */
  submitted(outcome: Outcome): void;
  /** Counts a request of add-checkpoint and its time. */
  answered(durationMs: number, status: number): void;
  /** Counts a conflict. */
  conflicted(evidence: Evidence): void;
  /** Counts a pull of a log list. */
  pulled(success: boolean): void;
}

/** Declares the figures on `registry`. Origins become labels: they are those of configured logs alone. */
export function declareWitnessMetrics(
  registry: Registry,
  logs: FollowedLogs,
  state: WitnessState,
): WitnessMetrics {
  const registers = [registry];
  const outcomes = new Counter({
    name: 'stele_witness_outcomes_total',
    help: 'Checkpoints that were judged, by what became of them',
    labelNames: ['outcome'],
    registers,
  });
  const seconds = new Histogram({
    name: 'stele_witness_request_seconds',
    help: 'Time of add-checkpoint requests, by status',
    labelNames: ['status'],
    buckets: [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 1, 5],
    registers,
  });
  const conflicts = new Counter({
    name: 'stele_witness_conflicts_total',
    help: 'Signed checkpoints that contradict a cosigned one (split-view) or were not proved to extend it (unproven)',
    labelNames: ['kind'],
    registers,
  });
  const pulls = new Counter({
    name: 'stele_witness_list_pulls_total',
    help: 'Log lists that were asked for',
    labelNames: ['success'],
    registers,
  });
  declareHeads(registry, logs, state);
  return {
    submitted: (outcome) =>
      outcomes.inc({ outcome: outcome.kind === 'refused' ? String(outcome.status) : outcome.kind }),
    answered: (durationMs, status) =>
      seconds.observe({ status: String(status) }, durationMs / 1000),
    conflicted: ({ kind }) => conflicts.inc({ kind }),
    pulled: (success) => pulls.inc({ success: String(success) }),
  };
}

function declareHeads(registry: Registry, logs: FollowedLogs, state: WitnessState): void {
  const declare = (name: string, help: string, figureOf: (head: Head) => bigint): void => {
    new Gauge({
      name,
      help,
      labelNames: ['origin'],
      registers: [registry],
      async collect() {
        for (const { id, origin } of logs.all()) {
          // A row that cannot be read must not hide the figures of all others: its own stands still.
          const head = await state.head(id).catch(() => undefined);
          if (head !== undefined) this.set({ origin }, Number(figureOf(head)));
        }
      },
    });
  };
  declare(
    'stele_witness_tree_size',
    'Tree size of the newest cosigned checkpoint of each log',
    ({ size }) => size,
  );
  declare(
    'stele_witness_cosigned_timestamp_seconds',
    'Time of the newest cosignature of each log',
    ({ timeSeconds }) => timeSeconds,
  );
}
