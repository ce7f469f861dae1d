/**
 * What the operating system knows about a process: processor time over all its threads, and its memory.
 * Linux only: these are the figures of /proc. Processor time is the steady figure on a shared machine; wall
 * time is not.
 */

import { readFileSync, writeFileSync } from 'node:fs';

/** Clock ticks a second in /proc/PID/stat: 100 on every Linux that Node 20 runs on. */
const TICKS_PER_SECOND = 100;
/** proc(5): "5" written to clear_refs resets VmHWM. */
const RESET_PEAK = '5';

/** Returns the processor seconds (user and system, all threads) that process `pid` has used so far. */
export function cpuSeconds(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
  // The second field is the program's name in parentheses and may hold spaces.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
}

/** Resident memory of a process, in bytes. */
export interface Memory {
  /** Now, with the pages of mapped files: LevelDB maps its tables, and the system may drop those pages at will. */
  readonly now: number;
  /** Now, without mapped files: what the process needs for itself. */
  readonly own: number;
  /** The most there ever was, with mapped files. */
  readonly peak: number;
}

/** Returns the memory of process `pid`. */
export function memoryBytes(pid: number): Memory {
  const status = readFileSync(`/proc/${pid}/status`, 'latin1');
  return {
    now: kilobytes(status, 'VmRSS'),
    own: kilobytes(status, 'RssAnon'),
    peak: kilobytes(status, 'VmHWM'),
  };
}

/** Makes the peak of process `pid` start anew from what it has now; nothing happens where that is not allowed. */
export function forgetPeak(pid: number): void {
  try {
    writeFileSync(`/proc/${pid}/clear_refs`, RESET_PEAK);
  } catch {
    // A kernel without this file, or somebody else's process: the peak is then the one since its start.
  }
}

function kilobytes(status: string, field: string): number {
  const match = new RegExp(`^${field}:\\s+(\\d+) kB$`, 'm').exec(status);
  if (match === null) throw new Error(`/proc has no ${field} for this process`);
  return Number(match[1]) * 1024;
}
