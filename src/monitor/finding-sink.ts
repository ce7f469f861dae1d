/**
 * Where findings go. Everybody of a list gets every finding; the place in the log is saved only after all of them have
 * taken it, so what is told twice after a crash has the same ID, and nothing is never told.
 */

import { appendLines } from '../files/durable-file.js';
import type { MonitorEvent } from './monitor-event.js';

/** Takes findings. */
export interface FindingSink {
  /** Resolves when they are where they will be read; rejects when they are not. */
  take(events: readonly MonitorEvent[], at: Date): Promise<void>;
}

/** Returns a sink that writes a line of JSON for each, through `write`. */
export function jsonLines(write: (line: string) => void): FindingSink {
  return {
    async take(events, at) {
      for (const event of events) write(jsonOf(event, at));
    },
  };
}

/** Returns a sink that appends lines of JSON to a file and syncs it. */
export function jsonFile(path: string): FindingSink {
  return {
    take: (events, at) =>
      appendLines(
        path,
        events.map((event) => jsonOf(event, at)),
      ),
  };
}

/** Returns a sink that hands everything to each of these, one after the other. */
export function allSinks(sinks: readonly FindingSink[]): FindingSink {
  return {
    async take(events, at) {
      for (const sink of sinks) await sink.take(events, at);
    },
  };
}

function jsonOf(event: MonitorEvent, at: Date): string {
  return JSON.stringify({ time: at.toISOString(), ...event });
}
