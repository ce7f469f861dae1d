/** What a mirror tells: to its log, to its figures, and of contradictions to a folder. */

import type { Logger } from 'pino';
import type { CompletedRequest } from '../http/exchange.js';
import { RefusedRequest } from '../http/reply.js';
import type { EvidenceFolder } from '../mirror/evidence.js';
import { isContradiction } from '../mirror/follow-loop.js';
import { type FollowOutcome, LogForked } from '../mirror/follower.js';
import type { MirrorMetrics } from '../mirror/metrics.js';
import type { PushOutcome } from '../mirror/upload-client.js';

/** What is told. */
export interface MirrorEvents {
  looked(origin: string, outcome: FollowOutcome): void;
  /** Resolves when what proves it is kept. */
  failed(origin: string, error: unknown): Promise<void>;
  pushed(origin: string, url: string, outcome: PushOutcome): void;
  pushFailed(origin: string, url: string, error: unknown): void;
  completed(request: CompletedRequest): void;
  faulted(error: unknown): void;
  /** Of two notes of a log that cannot both be true; resolves when they are kept, or cannot be. */
  contradicted(origin: string, notes: readonly string[]): Promise<void>;
}

/** Whom a mirror tells. */
export interface MirrorListeners {
  readonly logger: Logger;
  readonly metrics: MirrorMetrics;
  readonly evidence: EvidenceFolder;
  readonly nowSeconds: () => number;
}

/** Returns what tells them. */
export function mirrorEvents(listeners: MirrorListeners): MirrorEvents {
  const { logger, metrics, evidence, nowSeconds } = listeners;
  const contradicted = async (origin: string, notes: readonly string[]): Promise<void> => {
    try {
      const file = await evidence.keep(origin, notes);
      if (file === undefined) return;
      metrics.accused(origin);
      logger.error({ origin, file }, 'notes that contradict each other were kept as evidence');
    } catch (error) {
      logger.error({ origin, err: error, notes }, 'evidence cannot be written');
    }
  };
  return {
    looked(origin, found) {
      metrics.looked(origin, found, nowSeconds());
      const fields = { origin, ...found };
      if (found.outcome === 'copied') logger.info(fields, 'the copy is complete');
      if (found.outcome === 'behind') logger.warn(fields, 'the log shows an older tree');
    },
    async failed(origin, error) {
      const contradicts = isContradiction(error);
      metrics.failed(origin, contradicts);
      if (!contradicts) {
        logger.warn({ origin, err: error }, 'the log could not be followed');
        return;
      }
      logger.error({ origin, err: error }, 'the log contradicts what it has signed');
      if (error instanceof LogForked) await contradicted(origin, error.notes);
    },
    pushed(origin, url, { outcome, size }) {
      metrics.pushed(origin, outcome);
      if (outcome === 'pushed') logger.info({ origin, url, size }, 'another mirror holds the copy');
      if (outcome === 'behind') logger.warn({ origin, url, size }, 'another mirror holds more');
    },
    pushFailed(origin, url, error) {
      metrics.pushed(origin, 'failed');
      logger.warn({ origin, url, err: error }, 'the copy could not be pushed');
    },
    completed({ method, url, status, durationMs, error }) {
      const isFailure = status >= 500 && !(error instanceof RefusedRequest);
      if (isFailure) logger.error({ method, url, status, durationMs, err: error }, 'failed');
      // Of a flood that is refused, nothing: it would fill the disk.
      else logger.debug({ method, url, status, durationMs }, 'completed request');
    },
    faulted: (error) => logger.error({ err: error }, 'an answer could not be written'),
    contradicted,
  };
}
