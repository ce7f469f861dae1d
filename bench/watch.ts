/**
 * How soon does a subscriber hear of an entry, and what do subscribers cost those who write?
 *
 * A real server; the subscribers are in a process of their own, the entries come from this one. Delays count from when the
 * answer to the submission was there, and from when it was sent: an event may well be there before the answer. Beside them
 * stands the limit. The cost is the server's processor time for an entry, by how many watch.
 */

import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Connection } from './harness/connection.js';
import { newSigningKey, newSubmission, submissionRequest } from './harness/entries.js';
import { percentile } from './harness/latencies.js';
import { measureLoad } from './harness/measure.js';
import type { ResultRow } from './harness/result.js';
import {
  pause,
  QUIET_FLAGS,
  type ServerProcess,
  startServer,
  waitUntilReady,
} from './harness/server-process.js';
import { type Heard, Subscribers, sharedMs } from './harness/subscribers-client.js';

export interface WatchBenchOptions {
  readonly subscribers: number;
  /** Entries of a case. */
  readonly entries: number;
  readonly connections: number;
  readonly flags: readonly string[];
}

/** What an event may take after the commit, in milliseconds. */
const LIMIT_MS = 100;

/** Of the subscribers with a condition of their own, each so many has a pattern; some of those share theirs. */
const PATTERN_EVERY = 20;
const PATTERNS = 16;

/** Time between two entries that come one by one, in milliseconds: what is asked is how soon, not how many. */
const PACE_MS = 25;
const SLOW_PACE_MS = 100;

/** Returns the figures. */
export async function watch(options: WatchBenchOptions): Promise<readonly ResultRow[]> {
  const { subscribers, entries, connections, flags } = options;
  const folder = mkdtempSync(join(tmpdir(), 'stele-watch-bench-'));
  const server = await startServer({ dataDir: folder, flags: [...QUIET_FLAGS, ...flags] });
  try {
    await waitUntilReady(server);
    const ownConditions = conditionsOf(subscribers);
    const everything = Array.from({ length: subscribers }, () => '/api/v1/watch');
    const rows: ResultRow[] = [];
    for (const [name, targets, sending] of [
      ['a condition each, one by one', ownConditions, { entries, senders: 1, paceMs: PACE_MS }],
      [
        `a condition each, ${connections} connections`,
        ownConditions,
        { entries, senders: connections, paceMs: 0 },
      ],
      [
        'everything, one by one',
        everything,
        { entries: Math.ceil(entries / 4), senders: 1, paceMs: SLOW_PACE_MS },
      ],
    ] as const) {
      const delays = await delaysOf(server, targets, sending);
      rows.push(row(`watch, ${subscribers} subscribers, ${name}`, delays));
    }
    for (const count of [0, 1, subscribers]) {
      const targets = ownConditions.slice(0, count);
      rows.push(await costOf(server, targets, entries * 4, connections));
    }
    return rows;
  } finally {
    await server.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Messages are numbered, so that a subscriber can look for the digest of one that is still to come. */
function messageOf(number: number): Buffer {
  return Buffer.from(`message ${number}`);
}

function digestOf(number: number): string {
  return createHash('sha256').update(messageOf(number)).digest('hex');
}

function conditionsOf(count: number): readonly string[] {
  return Array.from({ length: count }, (_, at) => {
    const isPattern = at % PATTERN_EVERY === PATTERN_EVERY - 1;
    const start = (Math.floor(at / PATTERN_EVERY) % PATTERNS).toString(16);
    const condition = isPattern
      ? `digest-pattern=${encodeURIComponent(`^sha256:${start}0`)}`
      : `digest=sha256:${digestOf(at)}`;
    return `/api/v1/watch?${condition}`;
  });
}

interface Sending {
  readonly entries: number;
  readonly senders: number;
  readonly paceMs: number;
}

interface Sent {
  readonly sentMs: number;
  readonly answeredMs: number;
}

interface Delays {
  readonly afterAnswer: readonly number[];
  readonly afterRequest: readonly number[];
}

async function delaysOf(
  server: ServerProcess,
  targets: readonly string[],
  { entries, senders, paceMs }: Sending,
): Promise<Delays> {
  const subscribers = await Subscribers.start(server.url, targets);
  try {
    const key = newSigningKey();
    const requests = Array.from({ length: entries }, (_, at) =>
      submissionRequest(newSubmission(key, messageOf(at))),
    );
    const expected = targets
      .map((target) => decodeURIComponent(target))
      .reduce((sum, target) => sum + heardBy(target, entries), 0);
    const sent = new Map<number, Sent>();
    const connections = await Promise.all(
      Array.from({ length: senders }, () => Connection.open(server.url)),
    );
    await Promise.all(
      connections.map(async (connection) => {
        for (let next = requests.shift(); next !== undefined; next = requests.shift()) {
          const sentMs = sharedMs();
          const { status, body } = await connection.send(next);
          const answeredMs = sharedMs();
          if (status !== 201) throw new Error(`a submission was answered ${status}`);
          const index = Number(/"logIndex":(\d+)/.exec(body.toString('latin1'))?.[1]);
          sent.set(index, { sentMs, answeredMs });
          if (paceMs > 0) await pause(paceMs);
        }
      }),
    );
    const heard = await subscribers.heard(expected);
    for (const connection of connections) connection.close();
    return {
      afterAnswer: delays(heard, sent, ({ answeredMs }) => answeredMs),
      afterRequest: delays(heard, sent, ({ sentMs }) => sentMs),
    };
  } finally {
    await subscribers.end();
  }
}

/** How many of the first messages a target is told of. */
function heardBy(target: string, entries: number): number {
  const [, condition] = target.split('?');
  if (condition === undefined) return entries;
  const wanted = condition.replace(/^digest(-pattern)?=\^?sha256:/, '');
  let count = 0;
  for (let at = 0; at < entries; at++) if (digestOf(at).startsWith(wanted)) count++;
  return count;
}

function delays(
  heard: readonly Heard[],
  sent: ReadonlyMap<number, Sent>,
  since: (sent: Sent) => number,
): number[] {
  const found = heard.map(([index, ms]) => Math.max(0, ms - since(sent.get(index) as Sent)));
  return found.sort((a, b) => a - b);
}

function row(name: string, { afterAnswer, afterRequest }: Delays): ResultRow {
  const worst = afterAnswer.at(-1) ?? Number.NaN;
  return {
    case: name,
    figures: {
      events: afterAnswer.length,
      'after the answer: p50 ms': percentile(afterAnswer, 0.5),
      'p99 ms': percentile(afterAnswer, 0.99),
      'max ms': worst,
      'limit / max': LIMIT_MS / worst,
      'after the request: p50 ms': percentile(afterRequest, 0.5),
      'after the request: max ms': afterRequest.at(-1) ?? Number.NaN,
    },
  };
}

async function costOf(
  server: ServerProcess,
  targets: readonly string[],
  entries: number,
  connections: number,
): Promise<ResultRow> {
  const subscribers =
    targets.length === 0 ? undefined : await Subscribers.start(server.url, targets);
  try {
    const key = newSigningKey();
    const requests = Array.from({ length: entries }, () => submissionRequest(newSubmission(key)));
    const { cpuMicroseconds, perSecond } = await measureLoad(server, requests, connections, [201]);
    return {
      case: `an entry, watched by ${targets.length}`,
      figures: { 'CPU us/entry': cpuMicroseconds, 'entries/s': perSecond },
    };
  } finally {
    await subscribers?.end();
  }
}
