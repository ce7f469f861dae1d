/**
 * FEEDING: other people's logs are followed, and their checkpoints brought to a witness, so that a log which asks no witness
 * is cosigned all the same.
 *
 * Each log has a loop of its own: one that is away, slow or lies is looked at more seldom, and delays no other. In scope: when
 * to look, what is told. Out of scope: a look (feed-one.ts), what is cosigned (the witness). State: the loops.
 */

import { LONGEST_PAUSE_MS, pauseAfter } from '../client/back-off.js';
import { type BoundedFetch, RequestFailed } from '../client/bounded-fetch.js';
import type { NoteVerifier } from '../note/signed-note.js';
import type { VerifierKey } from '../note/verifier-key.js';
import { pause, type Timers } from '../timing/pause.js';
import type { FedLog } from './feed-config.js';
import { FedLogState, WitnessRefused } from './feed-one.js';

/** Time, as an argument. */
export interface FeedClock extends Timers {
  /** Monotonic milliseconds. */
  nowMs(): number;
}

/** Where it is told what happened. */
export interface FeedLogger {
  info(fields: Readonly<Record<string, unknown>>, message: string): void;
  warn(fields: Readonly<Record<string, unknown>>, message: string): void;
  error(fields: Readonly<Record<string, unknown>>, message: string): void;
}

/** What feeding needs. */
export interface FeedingOptions {
  readonly logs: readonly FedLog[];
  /** Submission prefix of the witness. */
  readonly witnessUrl: string;
  /** Returns what verifies signatures of a log's key. */
  readonly verifierOf: (key: VerifierKey) => NoteVerifier;
  readonly fetch: BoundedFetch;
  readonly clock: FeedClock;
  readonly logger: FeedLogger;
  /** For each request; default 30 s. */
  readonly timeoutMs?: number;
  /** After which a checkpoint that has not changed is cosigned anew, for the time in the cosignature; default 10 min. */
  readonly refreshMs?: number;
}

/** Logs that are being followed. */
export interface Feeding {
  /** Ends the loops and what they are waiting for; resolves when none is at work. */
  stop(): Promise<void>;
}

const DEFAULT_TIMEOUT_MS = 30_000;
const DEFAULT_REFRESH_MS = 600_000;

/** Starts to follow the logs, each at once. Never throws; what goes wrong is told to the logger. */
export function startFeeding(options: FeedingOptions): Feeding {
  const ending = new AbortController();
  const loops = options.logs.map((log) => follow(log, options, ending.signal));
  return {
    async stop() {
      ending.abort();
      await Promise.all(loops);
    },
  };
}

async function follow(log: FedLog, options: FeedingOptions, signal: AbortSignal): Promise<void> {
  const { witnessUrl, fetch, clock, verifierOf, timeoutMs = DEFAULT_TIMEOUT_MS } = options;
  const reach = { witnessUrl, fetch, timeoutMs, signal };
  const state = new FedLogState(log, verifierOf(log.key), reach);
  for (let failures = 0; !signal.aborted; ) {
    let askedPauseMs = 0;
    try {
      await lookAndTell(log, state, options);
      failures = 0;
    } catch (error) {
      if (signal.aborted) return;
      failures += 1;
      askedPauseMs = tellFailure(log, error, options.logger);
    }
    await pause(Math.max(pauseAfter(log.intervalMs, failures), askedPauseMs), clock, signal);
  }
}

async function lookAndTell(
  { origin }: FedLog,
  state: FedLogState,
  { clock, logger, refreshMs = DEFAULT_REFRESH_MS }: FeedingOptions,
): Promise<void> {
  const found = await state.look(clock.nowMs(), refreshMs);
  const fields = { origin, ...found };
  if (found.outcome === 'cosigned') logger.info(fields, 'a checkpoint was cosigned');
  if (found.outcome === 'behind') {
    logger.warn(fields, 'the log shows an older tree than the witness knows');
  }
}

/** Tells what went wrong. Returns the pause that a server has asked for, in milliseconds. */
function tellFailure({ origin }: FedLog, error: unknown, logger: FeedLogger): number {
  const err = error;
  if (error instanceof RequestFailed) {
    logger.warn({ origin, err }, 'the log or the witness could not be reached');
    return Math.min((error.retryAfterSeconds ?? 0) * 1000, LONGEST_PAUSE_MS);
  }
  if (error instanceof WitnessRefused) {
    logger.error({ origin, err, note: error.note }, 'the witness refuses the checkpoint');
  } else {
    logger.error({ origin, err }, 'the log says what it should not');
  }
  return 0;
}
