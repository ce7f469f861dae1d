/**
 * Which processors clients use: on a machine of two, a client that runs where the server's thread runs makes it wait
 * for a time slice, and measures that. A client of a real server is another machine.
 *
 * In scope: keeping the clients to one processor. Out of scope: the server, which may use all.
 */

import { spawnSync } from 'node:child_process';
import { availableParallelism } from 'node:os';

/**
 * Keeps this process, and those that it starts, to the last processor; returns the words before a command that may
 * use all of them again. Where that cannot be done (one processor, no `taskset`), nothing changes.
 */
export function keepToOneProcessor(): readonly string[] {
  const last = availableParallelism() - 1;
  if (last < 1) return [];
  const kept = spawnSync('taskset', ['-a', '-p', '-c', String(last), String(process.pid)]);
  return kept.status === 0 ? ['taskset', '-c', `0-${last}`] : [];
}
