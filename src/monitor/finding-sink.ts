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
export function jsonLines(write: (line: string) => Promise<void>): FindingSink {
  return {
    async take(events, at) {
      for (const event of events) await write(jsonOf(event, at));
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

/** Returns a sink that hands look-alikes to the one and everything else to the other; neither is bothered with nothing. */
export function sortedSinks(lookAlikes: FindingSink, others: FindingSink): FindingSink {
  return {
    async take(events, at) {
      const isAlike = ({ type }: MonitorEvent) => type === 'look-alike';
      const alike = events.filter(isAlike);
      const other = events.filter((event) => !isAlike(event));
      if (alike.length > 0) await lookAlikes.take(alike, at);
      if (other.length > 0) await others.take(other, at);
    },
  };
}

/** Returns a sink for findings of several logs at a time: the next are handed on when the ones before are taken. */
export function oneAtATime(sink: FindingSink): FindingSink {
  let before: Promise<unknown> = Promise.resolve();
  return {
    take(events, at) {
      const taken = before.then(() => sink.take(events, at));
      // Whoever handed them over hears of it.
      before = taken.catch(() => undefined);
      return taken;
    },
  };
}

function jsonOf(event: MonitorEvent, at: Date): string {
  return JSON.stringify({ time: at.toISOString(), ...event });
}
