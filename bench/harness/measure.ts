/**
 * One run of load on one server: what its clients saw, and what it cost the server.
 *
 * In scope: the figures of a run. Out of scope: which requests (the question), how they are sent (the generator).
 */

import { type GeneratorReport, runGenerator, type SendingOptions } from './generator-client.js';
import type { Spread } from './latencies.js';
import { cpuSeconds, forgetPeak, memoryBytes } from './process-figures.js';
import type { InsideFigures } from './server-probe.js';

/** A server that takes load. */
export interface Target {
  readonly url: string;
  /** Its process; unknown where it runs on another machine, and then its cost is NaN. */
  readonly pid?: number;
  /** Its further processes. */
  readonly otherPids?: readonly number[];
  /** Returns what it saw of itself since the last time, where it can (`ServerOptions.probed`). */
  readonly lookInside?: () => Promise<InsideFigures>;
}

/** The figures of one run. */
export interface LoadFigures {
  readonly connections: number;
  readonly requests: number;
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly p999Ms: number;
  /** Times of the answers with each status. */
  readonly byStatus: Readonly<Record<string, Spread>>;
  /** What clients received in a second. */
  readonly bytesPerSecond: number;
  /** Processor time of the server for one request, over all its threads. */
  readonly cpuMicroseconds: number;
  /** The most resident memory that the server had meanwhile. */
  readonly peakMiB: number;
  /** Processor time of the generator for one request. */
  readonly generatorMicroseconds: number;
  /** What the server allocated on its main thread for one request; NaN without `Target.lookInside`. */
  readonly allocatedKiB: number;
  /** How late the server's event loop was, 99th percentile; NaN without `Target.lookInside`. */
  readonly loopDelayMs: number;
}

/**
 * Sends `requests` over `connections` connections and returns the figures. Throws when an answer has another status
 * than those `expected`, or there is none: a refused request is cheap and would flatter.
 */
export async function measureLoad(
  target: Target,
  requests: readonly Uint8Array[],
  connections: number,
  expected: readonly number[],
  sending: SendingOptions = {},
): Promise<LoadFigures> {
  const pids = pidsOf(target);
  for (const pid of pids) forgetPeak(pid);
  await target.lookInside?.();
  const before = sum(pids.map(cpuSeconds));
  const report = await runGenerator(target.url, requests, connections, sending);
  const used = sum(pids.map(cpuSeconds)) - before;
  const inside = await target.lookInside?.();
  refuseOthers(report, expected, sending.repeat || sending.seconds ? undefined : requests.length);
  const known = pids.length > 0;
  return {
    connections,
    requests: report.answered,
    perSecond: report.answered / report.seconds,
    p50Ms: report.p50Ms,
    p99Ms: report.p99Ms,
    p999Ms: report.p999Ms,
    byStatus: report.byStatus,
    bytesPerSecond: report.receivedBytes / report.seconds,
    cpuMicroseconds: known ? (used / report.answered) * 1e6 : Number.NaN,
    peakMiB: known ? sum(pids.map((pid) => memoryBytes(pid).peak)) / 2 ** 20 : Number.NaN,
    generatorMicroseconds: report.ownMicroseconds,
    allocatedKiB: inside ? inside.allocatedBytes / 1024 / report.answered : Number.NaN,
    loopDelayMs: inside?.loopDelayP99Ms ?? Number.NaN,
  };
}

function pidsOf({ pid, otherPids = [] }: Target): readonly number[] {
  return pid === undefined ? otherPids : [pid, ...otherPids];
}

function refuseOthers(
  report: GeneratorReport,
  expected: readonly number[],
  count: number | undefined,
): void {
  const good = sum(expected.map((status) => report.byStatus[String(status)]?.count ?? 0));
  if (good === 0 || good !== report.answered + report.lost || good !== (count ?? good)) {
    throw new Error(
      `${count ?? 'all'} requests, ${good} answered ${expected.join(' or ')}: ${JSON.stringify(report)}`,
    );
  }
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
