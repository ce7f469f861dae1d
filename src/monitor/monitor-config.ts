/**
 * The configuration of a monitor: which logs, whom it believes, what it looks for, whom it tells.
 *
 * Spec: docs/monitor.md. In scope: strict reading, paths beside the configuration. Out of scope: flags (cli/), opening
 * anything. Pure but for the files that `readText` reads.
 */

import { isAbsolute, join } from 'node:path';
import {
  type TrustedLog,
  trustedLogOfVerifierKey,
  trustedLogsOfKeys,
} from '../client/trusted-log.js';
import {
  type ConfigFiles,
  readWebhookConfig,
  type WebhookConfig,
} from '../delivery/webhook-config.js';
import {
  linesOf,
  optionalSwitch,
  optionalText,
  strictMembers,
} from '../encoding/strict-members.js';
import { isLogError, LogError } from '../errors.js';
import { readWatchList, type WatchList } from '../matching/watch-list.js';
import { type Policy, parsePolicy } from '../note/policy.js';
import { printVerifierKey } from '../note/verifier-key.js';

/** One log. */
export interface LogConfig {
  readonly url: string;
  readonly api: LogApi;
  readonly trusted: readonly TrustedLog[];
  readonly policy: Policy | undefined;
  readonly origin: string | undefined;
  readonly start: 'newest' | number;
  readonly isFrozen: boolean;
  /** URL of the shard before it, which is followed too. */
  readonly follows: string | undefined;
  /** Age up to which a cosignature counts; undefined: any time counts. */
  readonly cosignedWithinSeconds: number | undefined;
}

/** How a log is read. */
export type LogApi = 'tiles' | 'rekor-v1';

/** Everything. */
export interface MonitorConfig {
  readonly logs: readonly LogConfig[];
  readonly watch: WatchList;
  /** File for findings as lines of JSON. */
  readonly findings: string | undefined;
  /** File for look-alikes, likewise: matches whose names nobody trusted has vouched for. */
  readonly lookAlikes: string | undefined;
  readonly feed: string | undefined;
  readonly webhook: WebhookConfig | undefined;
}

/** Reads a file; throws when it cannot. */
export type TextReader = (path: string) => string;

/** Most logs of one monitor. */
const MAX_LOGS = 256;

/** Returns what names a log for ever: how it is read and where. */
export function nameOfLog({ api, url }: Pick<LogConfig, 'api' | 'url'>): string {
  return `${api} ${url.replace(/\/+$/, '')}`;
}

/** Returns the configuration; paths in it are relative to `folder`. Throws CONFIG_INVALID naming the place. */
export function readMonitorConfig(
  document: unknown,
  folder: string,
  readText: TextReader,
): MonitorConfig {
  const { logs, output, ...rules } = strictMembers(document, 'the configuration', [
    ...['logs', 'watch', 'allow', 'trustedRoots'],
    'output',
  ]);
  if (!Array.isArray(logs) || logs.length === 0 || logs.length > MAX_LOGS) {
    throw invalid(`logs is not a list of 1 to ${MAX_LOGS}`);
  }
  const at = (path: string) => (isAbsolute(path) ? path : join(folder, path));
  const files = { at, readText: (path: string) => readText(at(path)) };
  const found = logs.map((log: unknown, index) => readLog(log, `logs[${index}]`, files));
  if (new Set(found.map(nameOfLog)).size < found.length) throw invalid('two logs have one URL');
  checkPredecessors(found);
  const readLines = (path: string) => linesOf(files.readText(path));
  const list = readWatchList(rules, readLines);
  return { logs: found, watch: list, ...readOutput(output ?? {}, files) };
}

function checkPredecessors(logs: readonly LogConfig[]): void {
  for (const { url, follows } of logs) {
    const isThere = logs.some((other) => other.url === follows && other.url !== url);
    if (follows !== undefined && !isThere) {
      throw invalid(`${url} follows ${follows}, which is not the url of another log`);
    }
  }
}

function readLog(log: unknown, place: string, files: ConfigFiles): LogConfig {
  const fields = strictMembers(log, place, LOG_MEMBERS);
  const { url, api = 'tiles', key, policy, origin, start, frozen, follows } = fields;
  if (api !== 'tiles' && api !== 'rekor-v1') throw invalid(`${place}.api is not tiles or rekor-v1`);
  const policyPath = optionalText(policy, `${place}.policy`);
  const witnessed =
    policyPath === undefined
      ? undefined
      : asInvalid(`${place}.policy`, () => parsePolicy(files.readText(policyPath)));
  return {
    url: readUrl(url, `${place}.url`),
    api,
    trusted: readKeys(key, `${place}.key`, files, witnessed),
    policy: witnessed,
    origin: optionalText(origin, `${place}.origin`),
    start: readStart(start, `${place}.start`),
    isFrozen: optionalSwitch(frozen, `${place}.frozen`),
    follows: optionalText(follows, `${place}.follows`),
    cosignedWithinSeconds: readAge(fields['cosignedWithin'], place, witnessed),
  };
}

const LOG_MEMBERS = [
  ...['url', 'api', 'key', 'policy', 'origin', 'start', 'frozen', 'follows'],
  'cosignedWithin',
];

function readAge(value: unknown, place: string, policy: Policy | undefined): number | undefined {
  if (value === undefined) return undefined;
  const isAge = typeof value === 'number' && Number.isSafeInteger(value) && value > 0;
  if (isAge && policy !== undefined) return value;
  throw invalid(`${place}.cosignedWithin is not a number of seconds beside a policy`);
}

function readUrl(value: unknown, place: string): string {
  const text = optionalText(value, place) ?? '';
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const isPlain = url?.search === '' && url.hash === '' && url.username === '';
  if (isPlain && (url.protocol === 'https:' || url.protocol === 'http:')) return text;
  throw invalid(`${place} is not an http or https URL without query, fragment and user`);
}

/** A key as it stands, or the file that it is in; without one, the logs of the policy. */
function readKeys(
  key: unknown,
  place: string,
  files: ConfigFiles,
  policy: Policy | undefined,
): readonly TrustedLog[] {
  const texts = Array.isArray(key) ? key : key === undefined ? [] : [key];
  const logs = texts.flatMap((one: unknown) => {
    const text = optionalText(one, place) ?? '';
    return asInvalid(place, () => trustedLogsOfKeys(isKey(text) ? text : files.readText(text)));
  });
  if (logs.length > 0) return logs;
  const ofPolicy = asInvalid(place, () =>
    (policy?.logs ?? []).map(({ key: each }) => trustedLogOfVerifierKey(printVerifierKey(each))),
  );
  if (ofPolicy.length > 0) return ofPolicy;
  throw invalid(`${place} is missing, and no policy names the log`);
}

function isKey(text: string): boolean {
  return text.startsWith('-----BEGIN') || /^[^\s+]+\+[0-9a-f]{8}\+/.test(text);
}

function readStart(value: unknown, place: string): 'newest' | number {
  if (value === undefined || value === 'newest') return 'newest';
  if (value === 'oldest') return 0;
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return value;
  throw invalid(`${place} is not newest, oldest or the index of an entry`);
}

function readOutput(
  output: unknown,
  { at, readText }: ConfigFiles,
): Pick<MonitorConfig, 'findings' | 'lookAlikes' | 'feed' | 'webhook'> {
  const fields = strictMembers(output, 'output', ['findings', 'lookAlikes', 'feed', 'webhook']);
  const path = (name: string) => {
    const text = optionalText(fields[name], `output.${name}`);
    return text === undefined ? undefined : at(text);
  };
  const { webhook } = fields;
  return {
    findings: path('findings'),
    lookAlikes: path('lookAlikes'),
    feed: path('feed'),
    webhook:
      webhook === undefined
        ? undefined
        : readWebhookConfig(webhook, 'output.webhook', { at, readText }),
  };
}

function asInvalid<T>(place: string, read: () => T): T {
  try {
    return read();
  } catch (cause) {
    if (!isLogError(cause)) throw cause;
    throw new LogError('CONFIG_INVALID', `${place}: ${cause.message}`, { cause });
  }
}

function invalid(reason: string): LogError {
  return new LogError('CONFIG_INVALID', reason);
}
