/**
 * The newest findings as an Atom feed: a file that any web server can hand out.
 *
 * Spec: RFC 4287. In scope: the newest findings, newest first; one with a known ID is not listed twice. State: the feed
 * itself, and beside it the findings that it was made of, as JSON.
 */

import { readFile } from 'node:fs/promises';
import { sha256Hex } from '#sha256';
import { utf8 } from '../encoding/bytes.js';
import { replaceFile } from '../files/durable-file.js';
import type { FindingSink } from './finding-sink.js';
import type { MonitorEvent } from './monitor-event.js';

/** Most findings in the feed. */
export const MAX_FEED_ENTRIES = 100;

/** A finding with the time at which it was found. */
export interface FeedEntry {
  readonly time: string;
  readonly event: MonitorEvent;
}

/** Returns the sink that keeps the feed at `path`. */
export function atomFeed(path: string): FindingSink {
  const kept = `${path}.json`;
  return {
    async take(events, at) {
      const time = at.toISOString();
      const fresh = events.slice(-MAX_FEED_ENTRIES).reverse();
      const ids = new Set(fresh.map(({ id }) => id));
      const entries = [
        ...fresh.map((event) => ({ time, event })),
        ...(await readEntries(kept)).filter(({ event }) => !ids.has(event.id)),
      ].slice(0, MAX_FEED_ENTRIES);
      await replaceFile(kept, `${JSON.stringify(entries)}\n`);
      await replaceFile(path, printFeed(entries));
    },
  };
}

/** Returns the feed of these findings, of which there is at least one. */
export function printFeed(entries: readonly FeedEntry[]): string {
  return [
    '<?xml version="1.0" encoding="utf-8"?>',
    '<feed xmlns="http://www.w3.org/2005/Atom">',
    '<title>Stele monitor</title>',
    '<id>urn:stele:monitor</id>',
    '<author><name>Stele monitor</name></author>',
    `<updated>${entries[0]?.time ?? ''}</updated>`,
    ...entries.map(printEntry),
    '</feed>',
    '',
  ].join('\n');
}

function printEntry({ time, event }: FeedEntry): string {
  const hash = sha256Hex(utf8(event.id));
  const content = JSON.stringify(event, undefined, 1);
  return [
    '<entry>',
    `<title>${escaped(titleOf(event))}</title>`,
    `<id>urn:stele:monitor:${hash}</id>`,
    `<updated>${time}</updated>`,
    `<category term="${event.type}"/>`,
    `<content type="text">${escaped(content)}</content>`,
    '</entry>',
  ].join('\n');
}

function titleOf(event: MonitorEvent): string {
  switch (event.type) {
    case 'match':
    case 'look-alike':
      return `${event.rule}: entry ${event.index} of ${event.origin}`;
    case 'unparsable':
      return `entry ${event.index} of ${event.origin} cannot be read`;
    case 'tampering':
      return `${event.origin}: ${event.kind}, ${event.reason}`;
  }
}

/** What XML cannot carry at all becomes a question mark. */
function escaped(text: string): string {
  return text
    .replace(/[^\t\n\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu, '?')
    .replace(/&/g, '&amp;')
    .replace(/</g, '&lt;')
    .replace(/>/g, '&gt;')
    .replace(/"/g, '&quot;');
}

async function readEntries(path: string): Promise<FeedEntry[]> {
  try {
    const entries = JSON.parse(await readFile(path, 'utf8')) as unknown;
    return Array.isArray(entries) ? entries.filter(isFeedEntry) : [];
  } catch (error) {
    // A feed is a copy of what was told elsewhere: one that is lost or damaged is begun anew.
    if (error instanceof SyntaxError || (error as { code?: unknown }).code === 'ENOENT') return [];
    throw error;
  }
}

function isFeedEntry(value: unknown): value is FeedEntry {
  const { time, event } = (value ?? {}) as Partial<FeedEntry>;
  return typeof time === 'string' && typeof event?.id === 'string';
}
