/**
 * `stele monitor`: follow logs and say when one contradicts itself or holds what it should not.
 *
 * In scope: options to configuration, signals, the loop. Out of scope: what a poll does (monitor/). Whatever goes wrong on
 * this machine is operational: exit code 1 is for logs alone.
 */

import { readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { Registry } from 'prom-client';
import { parse } from 'yaml';
import { verifyLogSignature } from '../client/log-signature.js';
import { isLogError, LogError } from '../errors.js';
import { type MonitorVerdict, openMonitor, verdictOf } from '../monitor/monitor.js';
import { type MonitorConfig, readMonitorConfig } from '../monitor/monitor-config.js';
import { monitorMetrics } from '../monitor/monitor-metrics.js';
import { packageVersion } from '../server/build-info.js';
import { serveMetrics } from '../server/metrics-server.js';
import { noteVerifier } from '../signing/note-verifier.js';
import { LeafDescriber } from '../workers/leaf-describer.js';
import { EXIT, OperationalError } from './output.js';

/** The options of `stele monitor`; exactly one of `config` and `log` is given. */
export interface MonitorOptions {
  readonly config?: string;
  readonly stateDir: string;
  readonly once?: boolean;
  readonly interval: number;
  readonly metricsPort?: number;
  readonly metricsAddress: string;
  readonly log?: string;
  readonly api: string;
  readonly key?: string;
  readonly policy?: string;
  readonly start: string;
  readonly san?: readonly string[];
  readonly issuer?: readonly string[];
  readonly subject?: readonly string[];
  readonly fingerprint?: readonly string[];
  readonly digest?: readonly string[];
  readonly trustedRoots?: string;
}

/**
 * Runs until it is told to stop, or polls once. Resolves to the exit code: of several polls the gravest. Rejects with
 * CONFIG_INVALID and OperationalError.
 */
export async function runMonitor(options: MonitorOptions): Promise<MonitorVerdict> {
  process.once('uncaughtException', dieOperational);
  const stop = new AbortController();
  const ask = () => stop.abort();
  process.once('SIGINT', ask).once('SIGTERM', ask);
  try {
    return await watch(readConfiguration(options), options, stop.signal);
  } catch (cause) {
    if (isLogError(cause) || cause instanceof OperationalError) throw cause;
    throw new OperationalError((cause as Error).message, { cause });
  } finally {
    process.off('SIGINT', ask).off('SIGTERM', ask);
  }
}

/** Node would end with 1, which is the code of a log that was caught. */
function dieOperational(error: Error): void {
  warn(error.stack ?? error.message);
  process.exit(EXIT.operational);
}

async function watch(
  config: MonitorConfig,
  options: MonitorOptions,
  stop: AbortSignal,
): Promise<MonitorVerdict> {
  const registry = new Registry();
  const metrics = monitorMetrics(registry, warn);
  const served = await serve(registry, options);
  const describer = new LeafDescriber(LEAF_LIMITS);
  try {
    const monitor = await openMonitor(config, {
      stateFolder: options.stateDir,
      metrics,
      userAgent: `stele-monitor/${packageVersion()}`,
      line: printLine,
      warn,
      now: () => new Date(),
      pause: (ms) => pause(ms, stop),
      isStopping: () => stop.aborted,
      signal: stop,
      describe: (leaf, extensions) => describer.describe(leaf, extensions),
      verifySignature: verifyLogSignature,
      verifierOf: noteVerifier,
    });
    try {
      const intervalMs = Math.max(1, options.interval) * 1000;
      const isOnce = options.once === true;
      return verdictOf(await (isOnce ? monitor.poll() : monitor.follow(intervalMs)));
    } finally {
      await monitor.close();
    }
  } finally {
    await describer.close();
    await served?.close(0);
  }
}

/** A key ring or a CMS message that somebody made to be slow is reported, not read to its end. */
const LEAF_LIMITS = { timeLimitMs: 10_000, memoryLimitMb: 256 };

/** Resolves when the line is with whoever reads it: the place in the log is saved behind it. */
function printLine(text: string): Promise<void> {
  return new Promise((resolve, reject) => {
    process.stdout.write(`${text}\n`, (error) => {
      if (error) reject(new Error(`the standard output: ${error.message}`, { cause: error }));
      else resolve();
    });
  });
}

function warn(text: string): void {
  process.stderr.write(`stele monitor: ${printable(text)}\n`);
}

/** What comes from a log must not steer the terminal. */
function printable(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, '?');
}

async function serve(registry: Registry, { metricsPort, metricsAddress }: MonitorOptions) {
  if (metricsPort === undefined) return undefined;
  try {
    return await serveMetrics(registry, metricsPort, metricsAddress);
  } catch (cause) {
    throw new OperationalError((cause as Error).message, { cause });
  }
}

async function pause(ms: number, stop: AbortSignal): Promise<void> {
  // An abort is the end of the pause, not a failure.
  await wait(ms, undefined, { signal: stop }).catch(() => undefined);
}

function readConfiguration(options: MonitorOptions): MonitorConfig {
  const { config: path } = options;
  if (path === undefined) return readMonitorConfig(flagsDocument(options), '.', readText);
  let document: unknown;
  try {
    document = parse(readText(path), { maxAliasCount: 0 });
  } catch (cause) {
    if (cause instanceof OperationalError) throw cause;
    const reason = `${path} is not YAML: ${(cause as Error).message}`;
    throw new LogError('CONFIG_INVALID', reason, { cause });
  }
  return readMonitorConfig(document, dirname(path), readText);
}

/** The configuration that the flags stand for. */
function flagsDocument(options: MonitorOptions): unknown {
  const { log: url, api, key, policy, start, san, issuer, subject, fingerprint, digest } = options;
  const isIndex = /^\d{1,15}$/.test(start);
  const rules = [
    ruleOf('identity', { san, issuer }),
    ruleOf('subject', { subject }),
    ruleOf('fingerprint', { key: fingerprint }),
    ruleOf('digest', { digest }),
  ];
  return {
    logs: [
      {
        url,
        api,
        start: isIndex ? Number(start) : start,
        ...(key !== undefined && { key }),
        ...(policy !== undefined && { policy }),
      },
    ],
    watch: rules.flat(),
    ...(options.trustedRoots !== undefined && { trustedRoots: options.trustedRoots }),
  };
}

function ruleOf(name: string, conditions: Readonly<Record<string, unknown>>): object[] {
  const given = Object.entries(conditions).filter(([, condition]) => condition !== undefined);
  return given.length === 0 ? [] : [{ name, ...Object.fromEntries(given) }];
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (cause) {
    throw new OperationalError(`${path} cannot be read: ${(cause as Error).message}`, { cause });
  }
}
