/**
 * The load generator: a process of its own, so that its processor time is not the server's.
 *
 * Argument: a GeneratorTask as JSON. A connection sends the next request as soon as it has its answer; a request is
 * sent once, or all of them over and over, until none is left or the time is up. Prints a GeneratorReport as JSON.
 */

import { readFileSync } from 'node:fs';
import {
  type GeneratorReport,
  type GeneratorTask,
  unpackRequests,
} from './harness/generator-client.js';
import { type Spread, Times } from './harness/latencies.js';
import { LoadConnection } from './harness/load-connection.js';

const task = JSON.parse(process.argv[2] ?? '') as GeneratorTask;
const requests = unpackRequests(readFileSync(task.file));
const timesByStatus = new Map<number, Times>();
let next = 0;
let lost = 0;
let receivedBytes = 0;
let open = 0;
let working = task.connections;
let started = 0;
let ownTime = process.cpuUsage();
const starters: (() => void)[] = [];

function takeRequest(): Buffer | undefined {
  if (next === requests.length && task.repeat) next = 0;
  const timeIsUp = task.seconds !== undefined && performance.now() - started > task.seconds * 1000;
  return timeIsUp ? undefined : requests[next++];
}

/** Keeps one connection busy, over a new one where it is lost, until there is nothing to send. */
function drive(begin: (send: () => void) => void): void {
  let sent = 0;
  let opened = false;
  let ended = false;
  const sendNext = (): void => {
    const request = takeRequest();
    if (request === undefined) {
      ended = true;
      connection.close();
      if (--working === 0) report();
      return;
    }
    sent = performance.now();
    connection.send(request);
  };
  const connection = new LoadConnection(task.url, {
    opened: () => {
      opened = true;
      begin(sendNext);
    },
    answered: (status, bytes) => {
      record(status, performance.now() - sent);
      receivedBytes += bytes;
      if (connection.usable) sendNext();
    },
    lost: (unanswered) => {
      if (ended) return;
      if (!opened) throw new Error(`nobody listens at ${task.url}`);
      if (unanswered) lost++;
      drive((send) => send());
    },
  });
}

function record(status: number, milliseconds: number): void {
  let times = timesByStatus.get(status);
  if (times === undefined) {
    times = new Times();
    timesByStatus.set(status, times);
  }
  times.add(milliseconds);
}

function report(): void {
  const seconds = (performance.now() - started) / 1000;
  const { user, system } = process.cpuUsage(ownTime);
  const all = new Times();
  const byStatus: Record<string, Spread> = {};
  for (const [status, times] of timesByStatus) {
    all.addAll(times);
    byStatus[status] = times.spread();
  }
  const { count, p50Ms, p99Ms, p999Ms } = all.spread();
  const result: GeneratorReport = {
    answered: count,
    byStatus,
    lost,
    seconds,
    p50Ms,
    p99Ms,
    p999Ms,
    receivedBytes,
    ownMicroseconds: (user + system) / Math.max(1, count),
  };
  console.log(JSON.stringify(result));
  process.exit(0);
}

for (let n = 0; n < task.connections; n++) {
  drive((send) => {
    starters.push(send);
    if (++open < task.connections) return;
    started = performance.now();
    ownTime = process.cpuUsage();
    for (const start of starters) start();
  });
}
