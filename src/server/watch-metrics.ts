/** Figures of the log's own watch, read when somebody asks. */

import { Counter, Gauge, type Registry } from 'prom-client';
import type { WatchStatistics } from '../watch/watch.js';

/** Declares the figures on a registry. */
export function declareWatchMetrics(registry: Registry, statistics: () => WatchStatistics): void {
  const registers = [registry];
  new Gauge({
    name: 'stele_watch_subscribers',
    help: 'Those who watch a log over HTTP',
    registers,
    collect() {
      this.set(statistics().subscribers);
    },
  });
  new Gauge({
    name: 'stele_watch_lag_entries',
    help: 'Committed entries that those who watch have still to be told about',
    labelNames: ['origin'],
    registers,
    collect() {
      for (const { origin, entries } of statistics().lag) this.set({ origin }, entries);
    },
  });
  for (const [name, help, figure] of [
    ['stele_watch_events_total', 'Events that were told to those who watch', 'events'],
    ['stele_watch_refused_total', 'Subscriptions that were one too many', 'refused'],
  ] as const) {
    new Counter({
      name,
      help,
      registers,
      collect() {
        this.reset();
        this.inc(statistics()[figure]);
      },
    });
  }
}
