/**
 * The check of the newest part of a store, beside the traffic: run again until it has a verdict. After it the store learns
 * its leaf hashes, in as many attempts as that takes; nothing waits for it.
 */

import { isLogError } from '../errors.js';
import type { Pause } from '../sequencing/recovery.js';
import type { LevelStore } from '../storage/level/level-store.js';
import type { StoreCheck } from './checked-log.js';

/** Time until what could not be done is tried again; doubled each time. In milliseconds. */
const FIRST_RETRY_MS = 1_000;
const LONGEST_RETRY_MS = 60_000;

/** A check that runs, or has come to an end. */
export interface RunningStoreCheck extends StoreCheck {
  /** Ends the check early and waits for its end. */
  stop(): Promise<void>;
}

/**
 * Starts the check. Only STORE_CORRUPT is a verdict against the store, also when it comes late, while leaf hashes are
 * learnt; whatever else ends one of the two, such as a store that is just being reopened, passes, so it is tried again.
 * `failed` is told each time, and what could not be done.
 */
export function startStoreCheck(
  store: Pick<LevelStore, 'deepCheck' | 'learnLeafHashes' | 'failed' | 'recover'>,
  pause: Pause,
  failed: (what: string, error: unknown) => void,
): RunningStoreCheck {
  const ending = new AbortController();
  const { signal } = ending;
  let trouble: ReturnType<StoreCheck['trouble']> = {
    reason: 'the store is still being checked',
    isCorrupt: false,
  };
  const insist = async (attempt: () => Promise<void>, whenFailed: string): Promise<void> => {
    for (let delayMs = FIRST_RETRY_MS; !signal.aborted; ) {
      try {
        // Nobody else may come by to do it: while the log is not ready, it is sent nothing.
        if (store.failed) await store.recover();
        return await attempt();
      } catch (error) {
        failed(whenFailed, error);
        const reason = error instanceof Error ? error.message : String(error);
        const isCorrupt = isLogError(error, 'STORE_CORRUPT');
        // A store that was found sound is so until it is found damaged.
        if (isCorrupt || trouble !== undefined) trouble = { reason, isCorrupt };
        if (isCorrupt) return;
      }
      await pause(delayMs, signal);
      delayMs = Math.min(2 * delayMs, LONGEST_RETRY_MS);
    }
  };
  const check = async (): Promise<void> => {
    await store.deepCheck({ signal });
    if (!signal.aborted) trouble = undefined;
  };
  const checkAndLearn = async (): Promise<void> => {
    await insist(check, 'the check of the store failed');
    if (trouble !== undefined) return;
    await insist(
      () => store.learnLeafHashes(signal),
      'the leaf hashes could not be read into memory',
    );
  };
  const done = checkAndLearn();
  return {
    trouble: () => trouble,
    stop() {
      ending.abort();
      return done;
    },
  };
}
