/** Figures of the log's own watch, read when somebody asks. */

import { Counter, Gauge, type Registry } from 'prom-client';
import type { WatchStatistics } from '../watch/watch.js';
import type { WebhookFigures } from './watch-webhooks.js';

/** Figures of the watch and its webhooks. */
export interface WatchFigures extends WatchStatistics {
  readonly webhooks: readonly WebhookFigures[];
}

/** Declares the figures on a registry; those of webhooks only where there are some. */
export function declareWatchMetrics(registry: Registry, statistics: () => WatchFigures): void {
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
  if (statistics().webhooks.length > 0) declareWebhookMetrics(registry, statistics);
}

function declareWebhookMetrics(registry: Registry, statistics: () => WatchFigures): void {
  const registers = [registry];
  new Gauge({
    name: 'stele_watch_webhook_lag_entries',
    help: 'Committed entries that a webhook has still to be told about',
    labelNames: ['webhook', 'tree'],
    registers,
    collect() {
      for (const { webhook, treeID: tree, lag } of statistics().webhooks) {
        this.set({ webhook, tree }, lag);
      }
    },
  });
  for (const [name, help, figure] of [
    [
      'stele_watch_delivered_total',
      'Events that a webhook took or that are dead letters',
      'delivered',
    ],
    ['stele_watch_undelivered_total', 'Events that became dead letters', 'undelivered'],
  ] as const) {
    new Counter({
      name,
      help,
      labelNames: ['webhook'],
      registers,
      collect() {
        this.reset();
        for (const figures of statistics().webhooks) {
          this.inc({ webhook: figures.webhook }, figures[figure]);
        }
      },
    });
  }
}
