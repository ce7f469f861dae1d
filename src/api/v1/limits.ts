/**
 * `GET /api/v1/limits`: every bound that a submitter or a reader can meet, so that nobody finds it out by failing.
 * Ours, not Rekor's; openapi.yaml. The names of the bounds on entries are those of entries/entry-kind.ts.
 */

import {
  isEnabled,
  MAX_INDEX_KEY_LENGTH,
  MAX_LEAF_LENGTH,
  MAX_SEARCH_TERM_LENGTH,
  mostSearchTerms,
} from '../../entries/accept.js';
import type { EntryPolicy } from '../../entries/entry-kind.js';
import { ENTRY_KINDS } from '../../entries/registry.js';
import { JSON_TYPE, payloadReply } from '../../http/reply.js';
import { type Route, route } from '../../http/route.js';
import { MAX_QUERIES } from './retrieve-entries.js';
import { MAX_FOUND, MAX_SUBJECT_LENGTH } from './search-index.js';
import { MAX_CONDITIONS, MAX_PAGE } from './search-query.js';
import { MAX_BATCH_ENTRIES, type SubmissionRules } from './submission-rules.js';
import { type WatchService, watchLimits } from './watch.js';

/** Returns the route; `requestBodyBytes` is the longest body that is read. */
export function limitsRoute(
  rules: SubmissionRules,
  requestBodyBytes: number,
  watch: WatchService | undefined,
): Route {
  const limits = {
    ...publishedLimits(rules, requestBodyBytes),
    ...(watch !== undefined && { watch: watchLimits(watch) }),
  };
  return route<undefined>({
    method: 'GET',
    path: '/api/v1/limits',
    hot: false,
    produces: [JSON_TYPE],
    noCache: false,
    measured: true,
    read: () => undefined,
    handle: async (_, request) => payloadReply(request.format, 200, limits),
  });
}

function publishedLimits(rules: SubmissionRules, requestBodyBytes: number): object {
  const { policy, duplicates, pendingEntries, pendingBytes, entryTimeMs } = rules;
  return {
    requestBodyBytes,
    duplicates,
    entryTypes: enabledVersions(policy),
    clientSigningAlgorithms: [...policy.allowedAlgorithms],
    entry: {
      leafBytes: MAX_LEAF_LENGTH,
      ...policy.limits,
      indexKeyLength: MAX_INDEX_KEY_LENGTH,
      searchTerms: mostSearchTerms(policy.limits.indexKeys),
      searchTermLength: MAX_SEARCH_TERM_LENGTH,
      timeMs: entryTimeMs,
    },
    batchEntries: Math.min(MAX_BATCH_ENTRIES, pendingEntries ?? MAX_BATCH_ENTRIES),
    pendingEntries,
    pendingBytes,
    retrieve: { entries: MAX_QUERIES },
    searchIndex: { entries: MAX_FOUND, subjectLength: MAX_SUBJECT_LENGTH },
    search: { conditions: MAX_CONDITIONS, pageEntries: MAX_PAGE },
  };
}

/** Returns what may be written: kinds with their versions. */
function enabledVersions(policy: EntryPolicy): Readonly<Record<string, string[]>> {
  const enabled: Record<string, string[]> = {};
  for (const { kind, versions } of Object.values(ENTRY_KINDS)) {
    const written = Object.keys(versions).filter((version) => isEnabled(kind, version, policy));
    if (written.length > 0) enabled[kind] = written;
  }
  return enabled;
}
