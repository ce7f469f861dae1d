/** The watch of a server: which logs, who describes, who is told of trouble. */

import { join } from 'node:path';
import type { Logger } from 'pino';
import type { Registry } from 'prom-client';
import type { WatchService } from '../api/v1/watch.js';
import type { Pause } from '../sequencing/recovery.js';
import type { ReleasedBatch } from '../sequencing/sequencer.js';
import { Watch } from '../watch/watch.js';
import { watchedDesk } from '../watch/watched-source.js';
import type { WebhookRules } from '../watch/webhook-rules.js';
import { LeafDescriber } from '../workers/leaf-describer.js';
import type { Config } from './config.js';
import type { OpenLogs } from './open-logs.js';
import { declareWatchMetrics } from './watch-metrics.js';
import { openWebhooks } from './watch-webhooks.js';

/** What the server needs of the configuration. */
export type WatchConfig = Pick<
  Config,
  'watch' | 'watchSubscribers' | 'dataDir' | 'entryTimeLimitMs' | 'entryMemoryLimitMb'
>;

/** A watch that is fed. */
export interface OpenWatch {
  /** Undefined: nobody but the operator may watch. */
  readonly service: WatchService | undefined;
  /** Takes what a log has committed and guarded; returns at once. */
  released(treeID: bigint, batch: ReleasedBatch): void;
  /** Ends every subscription at once. */
  close(): Promise<void>;
}

/** What a watch is opened with. */
export interface OpenWatchOptions {
  readonly config: WatchConfig;
  /** The webhooks of the operator; undefined: none. */
  readonly rules: WebhookRules | undefined;
  readonly logs: OpenLogs;
  readonly logger: Logger;
  readonly pause: Pause;
  /** Its figures are declared on it. */
  readonly registry: Registry;
  /** Returns the address under which the server is known. */
  url(): string;
}

/** Returns the watch of the logs of a server. Throws as openWebhooks does. */
export async function openWatch(options: OpenWatchOptions): Promise<OpenWatch> {
  const { config, rules, logs, logger, pause, url } = options;
  const describer = new LeafDescriber({
    timeLimitMs: config.entryTimeLimitMs,
    memoryLimitMb: config.entryMemoryLimitMb,
  });
  const { active, inactive } = logs.shards;
  const firstIndex = inactive.reduce((sum, shard) => sum + shard.statistics().treeSize, 0);
  const v1 = active.identity.treeID;
  const v2 = logs.v2.tileSide.identity.treeID;
  const closing = new AbortController();
  const watch = new Watch({
    sources: [
      watchedDesk(active, url, firstIndex),
      ...(v1 === v2 ? [] : [watchedDesk(logs.v2.tileSide, url)]),
    ],
    describe: (leaf, extensions) => describer.describe(leaf, extensions),
    maxSubscribers: config.watchSubscribers,
    nowMs: () => performance.now(),
    pause: (ms) => pause(ms, closing.signal),
    trouble: (error) =>
      logger.warn({ err: error }, 'entries could not be read for those who watch'),
  });
  const webhooks =
    rules &&
    (await openWebhooks({
      ...{ rules, watch, logger, pause },
      logs: { v1, v2 },
      folder: join(config.dataDir, 'watch'),
    }));
  const statistics = () => ({
    ...watch.statistics(),
    webhooks: webhooks?.statistics() ?? [],
  });
  declareWatchMetrics(options.registry, statistics);
  return {
    service: config.watch ? { watch, v1, v2 } : undefined,
    released: (treeID, batch) => watch.released(treeID, batch),
    async close() {
      watch.close();
      closing.abort();
      await Promise.all([webhooks?.close(), describer.close()]);
    },
  };
}
