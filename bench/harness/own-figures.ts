/** What this process has used so far, by thread, and what a folder takes on disk. Linux only: figures of /proc. */

import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';

/** Clock ticks a second in /proc: 100 on every Linux that Node 20 runs on. */
const TICKS_PER_SECOND = 100;

/** Processor seconds, user and system. */
export interface ThreadSeconds {
  readonly all: number;
  /** Of the thread that runs the event loop. */
  readonly loop: number;
  /** Of each other thread, by its number. */
  readonly others: ReadonlyMap<string, number>;
}

/** Returns the processor time of this process so far. */
export function threadSeconds(): ThreadSeconds {
  const others = new Map<string, number>();
  let loop = 0;
  for (const id of readdirSync('/proc/self/task')) {
    const stat = readFileSync(`/proc/self/task/${id}/stat`, 'latin1');
    // The second field is the thread's name in parentheses and may hold spaces.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const seconds = (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
    if (Number(id) === process.pid) loop = seconds;
    else others.set(id, seconds);
  }
  const { user, system } = process.cpuUsage();
  return { all: (user + system) / 1e6, loop, others };
}

/** Returns the length of all files in a folder, in bytes. */
export function folderBytes(folder: string): number {
  let bytes = 0;
  for (const name of readdirSync(folder)) {
    // LevelDB deletes merged tables while this looks.
    bytes += statSync(join(folder, name), { throwIfNoEntry: false })?.size ?? 0;
  }
  return bytes;
}
