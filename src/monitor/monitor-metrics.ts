/** What a monitor counts, for Prometheus. State: the counters, in a registry of the caller. */

import { Counter, Gauge, type Registry } from 'prom-client';
import type { PollObserver } from './poll-log.js';

/** Counts polls too. */
export interface MonitorMetrics extends PollObserver {
  /** A poll of a log is over; `ok` when it was neither caught nor away. */
  polled(log: string, ok: boolean, at: Date): void;
  /** An event went into the dead-letter file. */
  undelivered(): void;
}

/** Declares the metrics and returns what counts them; `log` hears what people should read. */
export function monitorMetrics(registry: Registry, log: (line: string) => void): MonitorMetrics {
  const registers = [registry];
  const counter = (name: string, help: string, labelNames: string[] = []) =>
    new Counter({ name: `stele_monitor_${name}`, help, labelNames, registers });
  const gauge = (name: string, help: string, labelNames: string[] = []) =>
    new Gauge({ name: `stele_monitor_${name}`, help, labelNames, registers });
  const entries = counter('entries_total', 'Entries read');
  const allowed = counter('allowed_total', 'Matches that an allow rule says are ours');
  const findings = counter('findings_total', 'What was found, by type', ['type']);
  const failures = counter('failures_total', 'Logs or answers that could not be read');
  const polls = counter('polls_total', 'Polls of logs', ['outcome']);
  const undelivered = counter('undelivered_total', 'Events in the dead-letter file');
  const size = gauge('checked_tree_size', 'Leaves up to which a tree is checked', ['origin']);
  const clean = gauge('last_clean_poll_seconds', "Time of a log's last clean poll", ['log']);
  for (const type of ['match', 'look-alike', 'unparsable', 'tampering']) findings.inc({ type }, 0);
  return {
    scanned: (count) => entries.inc(count),
    allowed: () => allowed.inc(),
    checked: (origin, leaves) => size.set({ origin }, leaves),
    found: ({ type }) => findings.inc({ type }),
    failed(reason) {
      failures.inc();
      log(reason);
    },
    polled(log, ok, at) {
      polls.inc({ outcome: ok ? 'clean' : 'not_clean' });
      if (ok) clean.set({ log }, at.getTime() / 1000);
    },
    undelivered: () => undelivered.inc(),
  };
}
