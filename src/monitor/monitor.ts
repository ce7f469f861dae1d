/**
 * The monitor: every log of a configuration polled, once or for ever.
 *
 * Spec: docs/monitor.md. In scope: putting the parts together, the order of polls, the verdict by cause. Out of scope:
 * flags, signals and the clock's time (cli/monitor-command.ts). State: files below the state folder, owned by state-file.ts
 * and evidence-folder.ts; one process a folder.
 */

import { join } from 'node:path';
import type { VerifyLogSignature } from '../client/trusted-checkpoint.js';
import { openWebhook, readSecret } from '../delivery/webhook.js';
import type { NoteVerifier } from '../note/signed-note.js';
import type { VerifierKey } from '../note/verifier-key.js';
import { atomFeed } from './atom-feed.js';
import { allSinks, type FindingSink, jsonFile, jsonLines } from './finding-sink.js';
import { httpReader } from './http-reader.js';
import { logTrust } from './log-trust.js';
import type { LogConfig, MonitorConfig } from './monitor-config.js';
import type { MonitorMetrics } from './monitor-metrics.js';
import { type PollOutcome, pollLog, type WatchedLog } from './poll-log.js';
import { rekorSource } from './rekor-source.js';
import { StateFile } from './state-file.js';
import { tileSource } from './tile-source.js';
import { webhookSink } from './webhook-sink.js';

/** What comes from outside. */
export interface MonitorParts {
  readonly stateFolder: string;
  readonly metrics: MonitorMetrics;
  readonly userAgent: string;
  /** Takes every finding as a line of JSON. */
  readonly line: (text: string) => void;
  readonly warn: (text: string) => void;
  readonly now: () => Date;
  /** Resolves after so many milliseconds, or sooner when the monitor is to stop. */
  readonly pause: (ms: number) => Promise<unknown>;
  /** True when the monitor is to stop where it is. */
  readonly isStopping: () => boolean;
  readonly verifySignature: VerifyLogSignature;
  readonly verifierOf: (key: VerifierKey) => NoteVerifier;
}

/** Exit codes of a monitor, by cause; of several the one that stands first in `verdictOf` counts. */
export const MONITOR_EXIT = { clean: 0, tampering: 1, usage: 2, operational: 3, match: 4 } as const;

/** One of the codes that a poll can end with. */
export type MonitorVerdict = 0 | 1 | 3 | 4;

/** Returns the exit code of an outcome: tampering before a match before a log that could not be read. */
export function verdictOf({ tampering, matched, failed }: PollOutcome): MonitorVerdict {
  if (tampering) return MONITOR_EXIT.tampering;
  if (matched) return MONITOR_EXIT.match;
  return failed ? MONITOR_EXIT.operational : MONITOR_EXIT.clean;
}

/** Polls logs. */
export interface Monitor {
  /** Resolves to what all logs together gave. Rejects when findings cannot be told, or places not be saved. */
  poll(): Promise<PollOutcome>;
}

/** Resolves to a monitor that has read its state. Rejects with ENCODING_MALFORMED, CONFIG_INVALID. */
export async function openMonitor(config: MonitorConfig, parts: MonitorParts): Promise<Monitor> {
  const logs: WatchedLog[] = [];
  for (const log of config.logs) logs.push(await openLog(log, parts));
  const { metrics, stateFolder, now, isStopping } = parts;
  const context = {
    watch: config.watch,
    sink: openSink(config, parts),
    evidenceFolder: join(stateFolder, 'evidence'),
    observer: metrics,
    now,
    isStopping,
  };
  return {
    async poll() {
      let sum: PollOutcome = { tampering: false, failed: false, matched: false };
      for (const log of logs) {
        if (isStopping()) return { ...sum, failed: true };
        const one = await pollLog(log, context);
        sum = {
          tampering: sum.tampering || one.tampering,
          failed: sum.failed || one.failed,
          matched: sum.matched || one.matched,
        };
      }
      metrics.polled(!sum.tampering && !sum.failed, now());
      return sum;
    },
  };
}

const ANSWER_TIME_LIMIT_MS = 60_000;
const ATTEMPTS = 4;
const WEBHOOK_TIME_LIMIT_MS = 10_000;
const WEBHOOK_ATTEMPTS = 6;

async function openLog(log: LogConfig, parts: MonitorParts): Promise<WatchedLog> {
  const { url, api, trusted, policy, origin, start, isFrozen } = log;
  const { userAgent, pause, verifySignature, verifierOf, stateFolder } = parts;
  const read = httpReader({
    timeoutMs: ANSWER_TIME_LIMIT_MS,
    attempts: ATTEMPTS,
    ...{ pause, userAgent },
  });
  return {
    url,
    start,
    source: api === 'tiles' ? tileSource(url, read, isFrozen) : rekorSource(url, read),
    trust: logTrust({ logs: trusted, verifySignature, origin, policy, verifierOf }),
    state: await StateFile.open(stateFolder, url),
  };
}

/** Files first: what a webhook has been told should be there to look up. */
function openSink(config: MonitorConfig, parts: MonitorParts): FindingSink {
  const { line, warn, now, pause, metrics } = parts;
  const sinks = [jsonLines(line)];
  if (config.findings !== undefined) sinks.push(jsonFile(config.findings));
  if (config.feed !== undefined) sinks.push(atomFeed(config.feed));
  if (config.webhook !== undefined) {
    const { secret, ...rest } = config.webhook;
    sinks.push(
      webhookSink(
        openWebhook({
          ...rest,
          secret: readSecret(secret),
          attempts: WEBHOOK_ATTEMPTS,
          timeoutMs: WEBHOOK_TIME_LIMIT_MS,
          now,
          pause,
          gaveUp(id, reason) {
            metrics.undelivered();
            warn(`${id} could not be delivered (${reason}) and is in ${rest.deadLetters}`);
          },
        }),
      ),
    );
  }
  return allSinks(sinks);
}
