/** What a witness writes to its log. */

import type { Logger } from 'pino';
import { isLogError } from '../errors.js';
import type { FollowedLog } from '../witness/followed-logs.js';
import type { WitnessEvents } from '../witness/open-witness.js';

/** The events of a witness as log lines. */
export interface WitnessEventLog {
  readonly events: WitnessEvents;
  /** For all that is told elsewhere. */
  readonly logger: Logger;
  ready(logs: readonly FollowedLog[]): void;
  stopping(): void;
}

/** Returns what writes the events of a witness to `logger`. */
export function witnessEventLog(logger: Logger): WitnessEventLog {
  return {
    logger,
    ready(logs) {
      const disabled = logs.filter(({ isDisabled }) => isDisabled).length;
      logger.info({ logs: logs.length - disabled, disabled }, 'ready');
    },
    stopping: () => logger.info('stopping'),
    events: {
      completed({ requestID, method, url, status, durationMs, remoteAddress, error }) {
        const line = { requestID, method, url, status, durationMs, remoteAddress };
        // A flood that is turned away must not become one of log lines.
        const isFlood = status === 503 && !isLogError(error, 'CLOCK_UNTRUSTED');
        if (status >= 500 && !isFlood) logger.error({ ...line, err: error }, 'request failed');
        else logger.debug(line, 'request');
      },
      faulted: (error) => logger.error({ err: error }, 'failed outside a request'),
      conflicted(origin, { kind, refused }) {
        logger.warn(
          { origin, kind, refused },
          'a log has signed what was not shown to go together',
        );
      },
      pulled(url, { added, otherKeys, refused }, skipped) {
        const counts = { added: added.length, skipped: skipped.length };
        logger.info({ list: url, ...counts }, 'log list read');
        if (otherKeys.length > 0) {
          logger.warn({ list: url, otherKeys }, 'other keys of known logs: a human must name them');
        }
        if (refused.length > 0)
          logger.warn({ list: url, refused: refused.length }, 'too many logs');
      },
      pullFailed: (url, error) => logger.warn({ list: url, err: error }, 'log list not read'),
    },
  };
}
