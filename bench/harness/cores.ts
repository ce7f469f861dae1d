/**
 * Which processors clients use, and who goes first there. A client of a real server is another machine; on a machine of
 * two processors it takes time slices from the server's thread, and waits itself for others to end theirs: both would be
 * measured as the server's time.
 *
 * In scope: keeping the clients to one processor. Out of scope: the server, which may use all.
 */

import { spawnSync } from 'node:child_process';
import { availableParallelism } from 'node:os';

/** How a benchmark keeps out of the way of the server that it measures. */
export interface ClientCores {
  /** The words before a command that may use all processors again. */
  readonly wrapper: readonly string[];
  /** What was done, for those who read the figures. */
  readonly told: string;
}

/**
 * Keeps this process, and those that it starts, to the last processor; this one, which takes the times, goes before all
 * others there, where the system allows it (root). Where there is one processor or no `taskset`, nothing changes.
 */
export function keepClientsApart(): ClientCores {
  const last = availableParallelism() - 1;
  const pid = String(process.pid);
  if (last < 1 || !succeeds('taskset', ['-a', '-p', '-c', String(last), pid])) {
    return { wrapper: [], told: 'clients and server share all processors' };
  }
  const goesFirst = succeeds('chrt', ['--reset-on-fork', '--fifo', '--pid', '1', pid]);
  return {
    wrapper: ['taskset', '-c', `0-${last}`],
    told: `all clients on one processor, the server on all; the clock's process goes first: ${goesFirst}`,
  };
}

function succeeds(program: string, args: readonly string[]): boolean {
  return spawnSync(program, args).status === 0;
}
