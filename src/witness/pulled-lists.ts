/**
 * Log lists that are read again and again from addresses that the operator has given: new logs come by themselves.
 *
 * In scope: fetching within bounds, when, and telling what came of it. Out of scope: what a list may change
 * (followed-logs.ts). Mutable state: the timer.
 */

import { LogError } from '../errors.js';
import type { FollowedLogs, ListChanges } from './followed-logs.js';
import { parseLogList } from './log-list.js';

/** Who is told of pulls. */
export interface PullEvents {
  /** A list was read; `skipped` says which of its keys could not be. */
  pulled(url: string, changes: ListChanges, skipped: readonly string[]): void;
  failed(url: string, error: unknown): void;
}

/** What is pulled, and how. */
export interface PullOptions {
  readonly urls: readonly string[];
  readonly intervalMs: number;
  readonly logs: FollowedLogs;
  readonly events: PullEvents;
  /** Returns the text behind an address; default `fetchList`. */
  readonly fetchText?: (url: string) => Promise<string>;
}

/** Longest list that is read, in bytes. */
export const MAX_LIST_BYTES = 16 * 1024 * 1024;

const FETCH_TIMEOUT_MS = 30_000;

/** Pulls all lists once; never throws. */
export async function pullLists(options: PullOptions): Promise<void> {
  const { urls, logs, events, fetchText = fetchList } = options;
  for (const url of urls) {
    try {
      const skipped: string[] = [];
      const listed = parseLogList(await fetchText(url), (reason) => skipped.push(reason));
      events.pulled(url, await logs.addListed(listed, url), skipped);
    } catch (error) {
      events.failed(url, error);
    }
  }
}

/** Pulls now and at each interval; the returned function ends it, after a pull under way. */
export function keepPulling(options: PullOptions): () => Promise<void> {
  if (options.urls.length === 0) return async () => {};
  let timer: NodeJS.Timeout | undefined;
  let isStopped = false;
  let underWay = Promise.resolve();
  const pull = (): void => {
    underWay = pullLists(options).then(() => {
      if (isStopped) return;
      timer = setTimeout(pull, options.intervalMs);
      timer.unref();
    });
  };
  pull();
  return async () => {
    isStopped = true;
    clearTimeout(timer);
    await underWay;
  };
}

/** Returns the text behind an address. Throws CONFIG_INVALID for another answer than 200, too much, or too late. */
export async function fetchList(url: string): Promise<string> {
  // Where a list redirects to is not what the operator has named.
  const signal = AbortSignal.timeout(FETCH_TIMEOUT_MS);
  const response = await fetch(url, { redirect: 'error', signal });
  if (response.status !== 200 || response.body === null) {
    await response.body?.cancel();
    throw new LogError('CONFIG_INVALID', `the log list ${url} answered ${response.status}`);
  }
  const parts: Uint8Array[] = [];
  let length = 0;
  for await (const part of response.body as AsyncIterable<Uint8Array>) {
    length += part.length;
    if (length > MAX_LIST_BYTES) {
      throw new LogError('CONFIG_INVALID', `the log list ${url} is over ${MAX_LIST_BYTES} bytes`);
    }
    parts.push(part);
  }
  return Buffer.concat(parts).toString('utf8');
}
