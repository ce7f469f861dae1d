/** Appending what a request of the v2 API asks for, whether it came as JSON or over gRPC. */

import type { EntryRequest } from '../../entries/v2-messages.js';
import { LogError } from '../../errors.js';
import type { Log, PublishedEntry } from '../../log/log.js';

/** What became of a request. */
export type V2Answer =
  | { readonly outcome: 'added'; readonly entry: PublishedEntry }
  /** The log has the entry; of one that was added just now and cannot be answered yet, a client learns as much. */
  | { readonly outcome: 'known'; readonly logIndex: number };

/** Appends requests to one log. Throws as `Log.submit` does, ENTRY_KIND_DISABLED for one that names nothing, QUORUM_MISSING. */
export type SubmitRequest = (request: EntryRequest) => Promise<V2Answer>;

/** Returns what appends to `log`; `entryAdded` is called for each entry that is new. */
export function submitterTo(log: Log, entryAdded: () => void): SubmitRequest {
  return async (request) => {
    if (request === undefined) {
      throw new LogError('ENTRY_KIND_DISABLED', 'invalid type, must be hashedrekord');
    }
    const { kind, request: spec } = request;
    const submission = await log.submit({ kind, apiVersion: '0.0.2', api: 'v2', spec });
    if (submission.outcome !== 'duplicate') entryAdded();
    if (submission.outcome === 'added') return { outcome: 'added', entry: submission.entry };
    if (submission.outcome === 'unpublished') {
      const reason = `entry ${submission.logIndex} waits for the cosignatures of witnesses`;
      throw new LogError('QUORUM_MISSING', reason);
    }
    return { outcome: 'known', logIndex: submission.logIndex };
  };
}
