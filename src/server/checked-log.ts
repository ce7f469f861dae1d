/** A log whose store is still being checked: readiness waits for the check, and what it finds stops writing. */

import { LogError } from '../errors.js';
import type { Log } from '../log/log.js';

/** What the check of the store has to say: undefined when it is done and found nothing. */
export interface StoreCheck {
  trouble(): { readonly reason: string; readonly isCorrupt: boolean } | undefined;
}

/**
 * Returns `log` with the check in its readiness. While the check runs the log works; when it has found damage
 * below a signed head, both submits throw STORE_CORRUPT, since nothing may be built on top of it.
 */
export function checkedLog(log: Log, check: StoreCheck): Log {
  return {
    identity: log.identity,
    async submit(proposed) {
      const trouble = check.trouble();
      if (trouble?.isCorrupt) throw new LogError('STORE_CORRUPT', trouble.reason);
      return log.submit(proposed);
    },
    async submitBatch(proposed, mode) {
      const trouble = check.trouble();
      if (trouble?.isCorrupt) throw new LogError('STORE_CORRUPT', trouble.reason);
      return log.submitBatch(proposed, mode);
    },
    async readiness() {
      const readiness = await log.readiness();
      const trouble = check.trouble();
      if (trouble === undefined) return readiness;
      return {
        append: trouble.isCorrupt ? trouble.reason : readiness.append,
        sign: readiness.sign,
        read: readiness.read ?? trouble.reason,
      };
    },
    leafHashOf: (proposed) => log.leafHashOf(proposed),
    entriesByIndex: (indexes) => log.entriesByIndex(indexes),
    entriesByLeafHash: (hashes) => log.entriesByLeafHash(hashes),
    checkpoint: () => log.checkpoint(),
    hasTile: (tile) => log.hasTile(tile),
    tile: (tile) => log.tile(tile),
    consistency: (firstSize, lastSize) => log.consistency(firstSize, lastSize),
    search: (keys, operator, most) => log.search(keys, operator, most),
    searchByTerms: (search) => log.searchByTerms(search),
    countByTerms: (groups, size, most) => log.countByTerms(groups, size, most),
    leavesByIndex: (indexes) => log.leavesByIndex(indexes),
    statistics: () => log.statistics(),
    close: () => log.close(),
  };
}
