/** What a mirror tells: to its log, to its figures, and of contradictions to a folder. */

import type { Logger } from 'pino';
import type { CompletedRequest } from '../http/exchange.js';
import type { EvidenceFolder } from '../mirror/evidence.js';
import type { FollowEvents } from '../mirror/follow-loop.js';
import { LogForked } from '../mirror/follower.js';
import type { MirrorMetrics } from '../mirror/metrics.js';

/** Everybody who is told. */
export interface MirrorEvents extends FollowEvents {
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
    async failed(origin, error, isContradiction) {
      metrics.failed(origin, isContradiction);
      if (!isContradiction) {
        logger.warn({ origin, err: error }, 'the log could not be followed');
        return;
      }
      logger.error({ origin, err: error }, 'the log contradicts what it has signed');
      if (error instanceof LogForked) await contradicted(origin, error.notes);
    },
    completed({ method, url, status, durationMs, error }) {
      if (status >= 500) logger.error({ method, url, status, durationMs, err: error }, 'failed');
      else logger.debug({ method, url, status, durationMs }, 'completed request');
    },
    faulted: (error) => logger.error({ err: error }, 'an answer could not be written'),
    contradicted,
  };
}
