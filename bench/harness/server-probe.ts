/**
 * What only the server's process can know of itself: how late its event loop is, and what it allocates.
 *
 * Loaded into the server with `--import`, before its own code, by `startServer({ probed: true })`; the server knows
 * nothing of it. Each message of the parent is answered with the figures since the one before. Owns the histogram and
 * the recorder of garbage collections of the process's main thread.
 */

import { monitorEventLoopDelay } from 'node:perf_hooks';
import { GCProfiler, getHeapStatistics } from 'node:v8';
import { isMainThread } from 'node:worker_threads';
import { allocatedBytes, type HeapSizes } from './allocation.js';

/** Figures of the main thread since the last time it was asked. */
export interface InsideFigures {
  /** How late a timer was called, in milliseconds: half of the time, one time in a hundred, at worst. */
  readonly loopDelayP50Ms: number;
  readonly loopDelayP99Ms: number;
  readonly loopDelayMaxMs: number;
  /** See allocation.ts for what counts. */
  readonly allocatedBytes: number;
  /** Time that collecting garbage took, in microseconds. */
  readonly collectingMicroseconds: number;
}

/** A timer each millisecond: with a longer one, turns that are shorter than its interval would not be seen at all. */
const RESOLUTION_MS = 1;
const NANOSECONDS = 1e6;

function watch(): () => InsideFigures {
  const delays = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  delays.enable();
  let profiler = new GCProfiler();
  profiler.start();
  let first = heapNow();
  // The histogram holds intervals between two calls, of which one resolution is as it should be.
  const late = (nanoseconds: number): number =>
    Math.max(0, nanoseconds / NANOSECONDS - RESOLUTION_MS);
  return () => {
    const last = heapNow();
    const { statistics } = profiler.stop();
    const collections = statistics.map(({ beforeGC, afterGC }) => ({
      before: beforeGC.heapStatistics,
      after: afterGC.heapStatistics,
    }));
    const figures: InsideFigures = {
      loopDelayP50Ms: late(delays.percentile(50)),
      loopDelayP99Ms: late(delays.percentile(99)),
      loopDelayMaxMs: late(delays.max),
      allocatedBytes: allocatedBytes(first, collections, last),
      collectingMicroseconds: statistics.reduce((sum, { cost }) => sum + cost, 0),
    };
    delays.reset();
    profiler = new GCProfiler();
    profiler.start();
    first = heapNow();
    return figures;
  };
}

function heapNow(): HeapSizes {
  const { used_heap_size, external_memory } = getHeapStatistics();
  return { usedHeapSize: used_heap_size, externalMemory: external_memory };
}

// Threads of the server load this module as well: they inherit the flags of their process.
if (isMainThread && process.send !== undefined) {
  const look = watch();
  process.on('message', () => process.send?.(look()));
  // Nothing of the bench may keep a server alive that has stopped.
  process.channel?.unref();
}
