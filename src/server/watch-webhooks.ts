/** The webhooks of the operator, opened: each with its place in each log that it watches. */

import { readFileSync } from 'node:fs';
import { dirname, isAbsolute, join } from 'node:path';
import type { Logger } from 'pino';
import { parse } from 'yaml';
import { DELIVERY_LIMITS, openWebhook, readSecret, type Webhook } from '../delivery/webhook.js';
import type { WebhookConfig } from '../delivery/webhook-config.js';
import { LogError } from '../errors.js';
import { SYSTEM_CLOCK } from '../http/clock.js';
import type { Pause } from '../sequencing/recovery.js';
import { CursorFile } from '../watch/cursor-file.js';
import type { Watch } from '../watch/watch.js';
import { WebhookFeed, type WebhookStatistics } from '../watch/webhook-feed.js';
import { readWebhookRules, type WebhookRules } from '../watch/webhook-rules.js';

/** What webhooks are opened with. */
export interface WebhooksOptions {
  readonly rules: WebhookRules;
  readonly watch: Watch;
  /** The log that each API writes to. */
  readonly logs: Readonly<Record<'v1' | 'v2', bigint>>;
  /** Folder of the places. */
  readonly folder: string;
  readonly logger: Logger;
  readonly pause: Pause;
}

/** Webhooks that are told. */
export interface OpenWebhooks {
  statistics(): readonly WebhookFigures[];
  /** Resolves when nothing is delivered any more; the watch must have been closed. */
  close(): Promise<void>;
}

/** Figures of a webhook and a log. */
export interface WebhookFigures extends WebhookStatistics {
  /** Its URL without query. */
  readonly webhook: string;
  readonly treeID: string;
  /** Entries that it has still to be told about, if there is anything to tell. */
  readonly lag: number;
  /** Events that nobody took, since the start. */
  readonly undelivered: number;
}

/** Returns what the file at `path` says; undefined for no path. Throws CONFIG_INVALID. */
export function readWatchConfig(path: string | undefined): WebhookRules | undefined {
  if (path === undefined) return undefined;
  const at = (name: string): string => (isAbsolute(name) ? name : join(dirname(path), name));
  const readText = (name: string): string => {
    try {
      return readFileSync(at(name), 'utf8');
    } catch (cause) {
      throw new LogError('CONFIG_INVALID', `${at(name)}: ${(cause as Error).message}`, { cause });
    }
  };
  try {
    return readWebhookRules(parse(readText(path), { maxAliasCount: 0 }), { at, readText });
  } catch (cause) {
    if (!(cause instanceof Error)) throw cause;
    throw new LogError('CONFIG_INVALID', `--watch-config ${path}: ${cause.message}`, { cause });
  }
}

/** Begins to tell the webhooks. Throws CONFIG_INVALID for one that may not be, STORE_CORRUPT for a damaged place. */
export async function openWebhooks(options: WebhooksOptions): Promise<OpenWebhooks> {
  const { rules, watch, logs, folder, logger } = options;
  const closing = new AbortController();
  const treeIDs = [...new Set(rules.apis.map((api) => logs[api]))];
  const opened: OpenFeed[] = [];
  for (const config of rules.webhooks) {
    for (const treeID of treeIDs) {
      const counts: Counts = { undelivered: 0 };
      const webhook = opening(config, options, closing.signal, counts);
      const name = { url: config.url, treeID: String(treeID) };
      const first = rules.start === 'oldest' ? 0 : watch.treeSize(treeID);
      const cursor = await CursorFile.open(folder, name, first);
      if (cursor.next > watch.treeSize(treeID)) {
        throw new LogError('STORE_CORRUPT', `${cursor.path} is beyond the end of the log`);
      }
      const feed = new WebhookFeed({
        webhook,
        cursor,
        after: SYSTEM_CLOCK.after,
        trouble: (error) =>
          logger.error({ err: error, webhook: nameOf(config) }, 'a webhook waits'),
      });
      opened.push({ feed, treeID, name: nameOf(config), counts });
    }
  }
  for (const { feed, treeID } of opened) {
    feed.start((from, sink) => watch.follow(treeID, rules.list, from, sink));
  }
  return {
    statistics: () =>
      opened.map(({ feed, treeID, name, counts }) => {
        const figures = feed.statistics();
        const lag = watch.treeSize(treeID) - figures.next;
        return { ...figures, webhook: name, treeID: String(treeID), lag, ...counts };
      }),
    async close() {
      closing.abort();
      await Promise.all(opened.map(({ feed }) => feed.close()));
    },
  };
}

interface Counts {
  undelivered: number;
}

interface OpenFeed {
  readonly feed: WebhookFeed;
  readonly treeID: bigint;
  readonly name: string;
  readonly counts: Counts;
}

function opening(
  config: WebhookConfig,
  { logger, pause }: WebhooksOptions,
  signal: AbortSignal,
  counts: Counts,
): Webhook {
  const { secret, ...rest } = config;
  return openWebhook({
    ...rest,
    secret: readSecret(secret),
    ...DELIVERY_LIMITS,
    now: () => new Date(),
    pause: (ms) => pause(ms, signal),
    signal,
    gaveUp(id, reason) {
      counts.undelivered++;
      logger.error({ webhook: nameOf(config), id, reason }, 'an event was not delivered');
    },
  });
}

/** A query may be a secret. */
function nameOf({ url }: WebhookConfig): string {
  const { origin, pathname } = new URL(url);
  return origin + pathname;
}
