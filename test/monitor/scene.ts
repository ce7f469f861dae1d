/** A monitor with files in a temporary folder, whose polls tests look into. */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { Registry } from 'prom-client';
import { verifyLogSignature } from '../../src/client/log-signature.js';
import { describeLeaf } from '../../src/entries/describe-leaf.js';
import { type MonitorParts, openMonitor, verdictOf } from '../../src/monitor/monitor.js';
import { readMonitorConfig } from '../../src/monitor/monitor-config.js';
import type { MonitorEvent } from '../../src/monitor/monitor-event.js';
import { monitorMetrics } from '../../src/monitor/monitor-metrics.js';
import { noteVerifier } from '../../src/signing/note-verifier.js';

export type ToldEvent = MonitorEvent & { readonly time: string };

export interface Polled {
  readonly verdict: number;
  readonly events: readonly ToldEvent[];
  readonly warnings: readonly string[];
  readonly metrics: string;
}

export interface MonitorScene {
  readonly folder: string;
  /** Opens the monitor from its files, polls once, and forgets it: as `--once` does. */
  poll(document: unknown, parts?: Partial<MonitorParts>): Promise<Polled>;
}

export const NOW = new Date('2026-11-20T12:00:00Z');

export function monitorScene(
  t: TestContext,
  files: Readonly<Record<string, string>> = {},
): MonitorScene {
  const folder = mkdtempSync(join(tmpdir(), 'stele-monitor-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return {
    folder,
    async poll(document, parts = {}) {
      const events: ToldEvent[] = [];
      const warnings: string[] = [];
      const registry = new Registry();
      const config = readMonitorConfig(document, folder, (path) => {
        const text = files[path.slice(folder.length + 1)];
        if (text === undefined) throw new Error(`${path} is not to be read`);
        return text;
      });
      const warn = (text: string) => void warnings.push(text);
      const monitor = await openMonitor(config, {
        stateFolder: join(folder, 'state'),
        metrics: monitorMetrics(registry, warn),
        userAgent: 'test',
        line: async (text) => void events.push(JSON.parse(text) as ToldEvent),
        warn,
        now: () => NOW,
        pause: () => Promise.resolve(),
        isStopping: () => false,
        describe: describeLeaf,
        verifySignature: verifyLogSignature,
        verifierOf: noteVerifier,
        ...parts,
      });
      try {
        const verdict = verdictOf(await monitor.poll());
        return { verdict, events, warnings, metrics: await registry.metrics() };
      } finally {
        await monitor.close();
      }
    },
  };
}
