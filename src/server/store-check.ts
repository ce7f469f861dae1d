/**
 * The check of the newest part of a store, beside the traffic: run again until it has a verdict. After it the store learns
 * its leaf hashes, which nothing waits for.
 */

import { isLogError } from '../errors.js';
import type { Pause } from '../sequencing/recovery.js';
import type { LevelStore } from '../storage/level/level-store.js';
import type { StoreCheck } from './checked-log.js';

/** Time until a check that could not be done is tried again; doubled each time. In milliseconds. */
const FIRST_RETRY_MS = 1_000;
const LONGEST_RETRY_MS = 60_000;

/** A check that runs, or has come to an end. */
export interface RunningStoreCheck extends StoreCheck {
  /** Ends the check early and waits for its end. */
  stop(): Promise<void>;
}

/**
 * Starts the check. Only STORE_CORRUPT is a verdict against the store; whatever else ends a check, such as a store
 * that is just being reopened, passes, so the check is tried again. `failed` is told each time.
 */
export function startStoreCheck(
  store: Pick<LevelStore, 'deepCheck' | 'learnLeafHashes' | 'failed' | 'recover'>,
  pause: Pause,
  failed: (error: unknown) => void,
): RunningStoreCheck {
  const ending = new AbortController();
  const { signal } = ending;
  let trouble: ReturnType<StoreCheck['trouble']> = {
    reason: 'the store is still being checked',
    isCorrupt: false,
  };
  const check = async (): Promise<void> => {
    for (let delayMs = FIRST_RETRY_MS; !signal.aborted; ) {
      try {
        // Nobody else may come by to do it: while the log is not ready, it is sent nothing.
        if (store.failed) await store.recover();
        await store.deepCheck({ signal });
        if (!signal.aborted) trouble = undefined;
        return;
      } catch (error) {
        const reason = error instanceof Error ? error.message : String(error);
        trouble = { reason, isCorrupt: isLogError(error, 'STORE_CORRUPT') };
        failed(error);
        if (trouble.isCorrupt) return;
      }
      await pause(delayMs, signal);
      delayMs = Math.min(2 * delayMs, LONGEST_RETRY_MS);
    }
  };
  const learn = async (): Promise<void> => {
    try {
      if (!signal.aborted && !trouble?.isCorrupt) await store.learnLeafHashes(signal);
    } catch (error) {
      // The database is asked about every hash then, as it was until now.
      failed(error);
    }
  };
  const done = check().then(learn);
  return {
    trouble: () => trouble,
    stop() {
      ending.abort();
      return done;
    },
  };
}
