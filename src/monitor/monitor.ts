/**
 * The monitor: every log of a configuration polled, once or for ever.
 *
 * Spec: docs/monitor.md. In scope: putting the parts together, the pace of polls, the verdict by cause. Out of scope:
 * flags, signals and the clock's time (cli/monitor-command.ts). State: files below the state folder, owned by state-file.ts
 * and evidence-folder.ts; one process a folder (folder-lock.ts).
 */

import { join } from 'node:path';
import type { VerifyLogSignature } from '../client/trusted-checkpoint.js';
import { DELIVERY_LIMITS, openWebhook, readSecret } from '../delivery/webhook.js';
import type { NoteVerifier } from '../note/signed-note.js';
import type { VerifierKey } from '../note/verifier-key.js';
import { atomFeed } from './atom-feed.js';
import {
  allSinks,
  type FindingSink,
  jsonFile,
  jsonLines,
  oneAtATime,
  sortedSinks,
} from './finding-sink.js';
import { lockFolder } from './folder-lock.js';
import { httpReader } from './http-reader.js';
import { logTrust } from './log-trust.js';
import { type LogConfig, type MonitorConfig, nameOfLog } from './monitor-config.js';
import type { MonitorMetrics } from './monitor-metrics.js';
import { type PollOutcome, pollLog, type WatchedLog } from './poll-log.js';
import { rekorSource } from './rekor-source.js';
import type { LeafReader } from './scan-tree.js';
import { forgottenStates, StateFile } from './state-file.js';
import { tileSource } from './tile-source.js';
import { webhookSink } from './webhook-sink.js';

/** What comes from outside. */
export interface MonitorParts {
  readonly stateFolder: string;
  readonly metrics: MonitorMetrics;
  readonly userAgent: string;
  /** Takes every finding as a line of JSON; rejects when it cannot be written. */
  readonly line: (text: string) => Promise<void>;
  readonly warn: (text: string) => void;
  readonly now: () => Date;
  /** Resolves after so many milliseconds, or sooner when the monitor is to stop. */
  readonly pause: (ms: number) => Promise<unknown>;
  /** True when the monitor is to stop where it is. */
  readonly isStopping: () => boolean;
  /** Aborted with that: requests under way end. */
  readonly signal?: AbortSignal;
  /** Returns what a leaf says, of extensions those that are asked for; throws or rejects for one that cannot be read. */
  readonly describe: LeafReader;
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
  /** Resolves to what all logs together gave, polled at one time: one that is slow holds up no other. */
  poll(): Promise<PollOutcome>;
  /**
   * Polls every log again and again, each at its own pace, until the monitor is to stop. Resolves to what all polls gave;
   * of failures those of each log's last poll count.
   */
  follow(intervalMs: number): Promise<PollOutcome>;
  /** Gives the folder back. */
  close(): Promise<void>;
}

/**
 * Resolves to a monitor that has its folder for itself and has read its state. Rejects with STORE_LOCKED,
 * ENCODING_MALFORMED for state that is damaged, CONFIG_INVALID.
 */
export async function openMonitor(config: MonitorConfig, parts: MonitorParts): Promise<Monitor> {
  const release = await lockFolder(parts.stateFolder);
  try {
    const logs = await openLogs(config, parts);
    const pollOne = pollerOf(config, parts);
    const { pause, isStopping } = parts;
    return {
      poll: async () => sumOf(await Promise.all(logs.map(pollOne))),
      follow: async (intervalMs) =>
        sumOf(
          await Promise.all(
            logs.map((log) =>
              followOne(
                () => pollOne(log),
                () => pause(intervalMs),
                isStopping,
              ),
            ),
          ),
        ),
      close: release,
    };
  } catch (error) {
    await release();
    throw error;
  }
}

const CLEAN: PollOutcome = { tampering: false, failed: false, matched: false };

function sumOf(outcomes: readonly PollOutcome[]): PollOutcome {
  return {
    tampering: outcomes.some(({ tampering }) => tampering),
    failed: outcomes.some(({ failed }) => failed),
    matched: outcomes.some(({ matched }) => matched),
  };
}

async function followOne(
  poll: () => Promise<PollOutcome>,
  pause: () => Promise<unknown>,
  isStopping: () => boolean,
): Promise<PollOutcome> {
  let found = CLEAN;
  // Until a poll has come to its end nobody can say that the log is clean.
  let failed = true;
  while (!isStopping()) {
    const one = await poll();
    found = sumOf([found, one]);
    // What is cut off on the way out has not failed.
    if (!isStopping()) failed = one.failed;
    await pause();
  }
  return { ...found, failed };
}

function pollerOf(
  config: MonitorConfig,
  parts: MonitorParts,
): (log: WatchedLog) => Promise<PollOutcome> {
  const { metrics, stateFolder, now, isStopping, describe } = parts;
  const context = {
    describe,
    watch: config.watch,
    sink: oneAtATime(openSink(config, parts)),
    evidenceFolder: join(stateFolder, 'evidence'),
    observer: metrics,
    now,
    isStopping,
  };
  return async (log) => {
    const outcome = await pollLog(log, context);
    metrics.polled(log.url, !outcome.tampering && !outcome.failed, now());
    return outcome;
  };
}

const ANSWER_TIME_LIMIT_MS = 60_000;
const ATTEMPTS = 4;

async function openLogs(config: MonitorConfig, parts: MonitorParts): Promise<WatchedLog[]> {
  const { stateFolder, warn } = parts;
  const states = new Map<LogConfig, StateFile>();
  for (const log of config.logs) {
    states.set(log, await StateFile.open(stateFolder, nameOfLog(log)));
  }
  for (const name of await forgottenStates(stateFolder, config.logs.map(nameOfLog))) {
    warn(`${join(stateFolder, name)} is of a log that is not followed any more`);
  }
  return config.logs.map((log) => {
    const before = config.logs.find(({ url }) => url === log.follows);
    const predecessor = before && states.get(before);
    return { ...openLog(log, parts), state: states.get(log) as StateFile, predecessor };
  });
}

function openLog(log: LogConfig, parts: MonitorParts): Omit<WatchedLog, 'state' | 'predecessor'> {
  const { url, api, trusted, policy, origin, start, isFrozen, cosignedWithinSeconds } = log;
  const { userAgent, pause, signal, verifySignature, verifierOf, now } = parts;
  const read = httpReader({
    timeoutMs: ANSWER_TIME_LIMIT_MS,
    attempts: ATTEMPTS,
    ...{ pause, userAgent, signal },
  });
  const witnessed = { policy, verifierOf, cosignedWithinSeconds, now };
  return {
    url,
    start,
    source: api === 'tiles' ? tileSource(url, read, isFrozen) : rekorSource(url, read),
    trust: logTrust({ logs: trusted, verifySignature, origin, ...witnessed }),
  };
}

/** Files first: what a webhook has been told should be there to look up. */
function openSink(config: MonitorConfig, parts: MonitorParts): FindingSink {
  const { line, warn, now, pause, signal, metrics } = parts;
  const sinks = [jsonLines(line)];
  if (config.findings !== undefined) sinks.push(jsonFile(config.findings));
  if (config.feed !== undefined) sinks.push(atomFeed(config.feed));
  if (config.webhook !== undefined) {
    const { secret, ...rest } = config.webhook;
    const { deadLetters } = rest;
    const gaveUp = (id: string, reason: string): void => {
      metrics.undelivered();
      warn(`${id} could not be delivered (${reason}) and is in ${deadLetters}`);
    };
    const clock = { now, pause, ...(signal !== undefined && { signal }) };
    const webhook = openWebhook({
      ...rest,
      secret: readSecret(secret),
      ...DELIVERY_LIMITS,
      ...clock,
      gaveUp,
    });
    sinks.push(webhookSink(webhook, { deadLetters, now, gaveUp }));
  }
  const { lookAlikes } = config;
  return sortedSinks(
    allSinks(lookAlikes === undefined ? [] : [jsonFile(lookAlikes)]),
    allSinks(sinks),
  );
}
