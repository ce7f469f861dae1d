/**
 * The operator's own watch: rules, and the webhooks that are told what they find.
 *
 * Spec: docs/watch.md. In scope: strict reading, paths beside the file. Out of scope: opening anything. Pure but for the
 * files that are read.
 */

import {
  type ConfigFiles,
  readWebhookConfig,
  type WebhookConfig,
} from '../delivery/webhook-config.js';
import { linesOf, strictMembers } from '../encoding/strict-members.js';
import { LogError } from '../errors.js';
import { readWatchList, type WatchList } from '../matching/watch-list.js';

/** Whose log is watched, by the API that writes to it. */
export type WatchedApi = 'v1' | 'v2';

/** What the operator watches for. */
export interface WebhookRules {
  readonly list: WatchList;
  readonly apis: readonly WatchedApi[];
  /** Where a webhook begins that has no place yet. */
  readonly start: 'newest' | 'oldest';
  readonly webhooks: readonly WebhookConfig[];
}

/** Most webhooks of a configuration. */
const MAX_WEBHOOKS = 16;

const APIS: readonly WatchedApi[] = ['v1', 'v2'];

/** Returns the rules and webhooks of a document. Throws CONFIG_INVALID naming the place. */
export function readWebhookRules(document: unknown, files: ConfigFiles): WebhookRules {
  const names = ['watch', 'allow', 'logs', 'start', 'webhook'];
  const { watch, allow, logs, start, webhook } = strictMembers(
    document,
    'the watch configuration',
    names,
  );
  if (watch === undefined) throw invalid('watch is missing');
  const list = readWatchList({ watch, allow }, (path) => linesOf(files.readText(path)));
  return { list, apis: readApis(logs), start: readStart(start), webhooks: readAll(webhook, files) };
}

function readApis(value: unknown): readonly WatchedApi[] {
  if (value === undefined) return APIS;
  const given = Array.isArray(value) ? value : [value];
  if (given.length === 0 || given.some((api) => !APIS.includes(api))) {
    throw invalid('logs is not v1, v2 or a list of these');
  }
  return APIS.filter((api) => given.includes(api));
}

function readStart(value: unknown): 'newest' | 'oldest' {
  if (value === undefined) return 'newest';
  if (value === 'newest' || value === 'oldest') return value;
  throw invalid('start is not newest or oldest');
}

function readAll(value: unknown, files: ConfigFiles): readonly WebhookConfig[] {
  const given = Array.isArray(value) ? value : [value];
  if (given.length === 0 || given.length > MAX_WEBHOOKS) {
    throw invalid(`webhook is not one webhook or a list of at most ${MAX_WEBHOOKS}`);
  }
  const webhooks = given.map((each, at) =>
    readWebhookConfig(each, Array.isArray(value) ? `webhook[${at}]` : 'webhook', files),
  );
  // Their places are told apart by where they lead.
  if (new Set(webhooks.map(({ url }) => url)).size < webhooks.length) {
    throw invalid('two webhooks have one URL');
  }
  return webhooks;
}

function invalid(reason: string): LogError {
  return new LogError('CONFIG_INVALID', reason);
}
