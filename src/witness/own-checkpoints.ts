/**
 * The way of the witness's own checkpoints to the distributor: one after the other, so that a head that came later is not
 * taken for an older one, and of each log the newest alone, so that what waits has an end.
 *
 * In scope: order. Out of scope: merging (distributor.ts). Mutable state: the heads that wait.
 */

import type { Distributor } from './distributor.js';
import type { FollowedLog } from './followed-logs.js';
import type { Head } from './head-row.js';

/** Brings heads to a distributor. */
export interface OwnCheckpoints {
  /** Takes a head that is on disk. */
  advanced(log: FollowedLog, head: Head): void;
  /** Resolves when none waits. */
  settled(): Promise<void>;
}

/** Returns what brings the heads of the witness `name`; `faulted` is told of those that did not get there. */
export function bringOwnCheckpoints(
  distributor: Pick<Distributor, 'take'>,
  name: string,
  faulted: (error: unknown) => void,
): OwnCheckpoints {
  const waiting = new Map<string, { readonly log: FollowedLog; readonly head: Head }>();
  let underWay: Promise<void> | undefined;
  const bringAll = async (): Promise<void> => {
    for (const [id, { log, head }] of waiting) {
      waiting.delete(id);
      try {
        await distributor.take(log, name, head.note);
      } catch (error) {
        // The state has the checkpoint; the distributor gets the next one.
        faulted(error);
      }
    }
    underWay = undefined;
  };
  return {
    advanced(log, head) {
      // Behind those of other logs: none of them waits for ever.
      waiting.delete(log.id);
      waiting.set(log.id, { log, head });
      underWay ??= bringAll();
    },
    settled: async () => underWay,
  };
}
