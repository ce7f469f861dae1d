/** The v1 API as one table. Spec: openapi.yaml; the recording, test/vectors/rekor-v1. */

import type { Route } from '../../http/route.js';
import type { Shards } from '../../log/log.js';
import type { ApiMetrics } from '../metrics.js';
import { createBatchRoute } from './create-batch.js';
import { createEntryRoute } from './create-entry.js';
import { entryByIndexRoute } from './entry-by-index.js';
import { entryByUuidRoute } from './entry-by-uuid.js';
import type { AppendOptions } from './known-entry.js';
import { limitsRoute } from './limits.js';
import { logInfoRoute } from './log-info.js';
import { logProofRoute } from './log-proof.js';
import { publicKeyRoute } from './public-key.js';
import { retrieveEntriesRoute } from './retrieve-entries.js';
import { searchEntriesRoute } from './search-entries.js';
import { type SearchKeyOf, searchIndexRoute } from './search-index.js';
import type { SubmissionRules } from './submission-rules.js';
import type { WatchService } from './watch.js';

/** What the v1 routes work on. */
export interface V1Options {
  readonly shards: Shards;
  readonly enabledEndpoints: ReadonlySet<string>;
  readonly searchKeyOf: SearchKeyOf;
  readonly metrics: ApiMetrics;
  readonly rules: SubmissionRules;
  /** Longest body that is read. */
  readonly requestBodyBytes: number;
  /** Undefined: nobody can watch. */
  readonly watch?: WatchService | undefined;
  /** Told of what kept an entry that is in the log from being answered. */
  unread(error: unknown): void;
}

/** Returns the routes of the v1 API. */
export function v1Routes(options: V1Options): readonly Route[] {
  const { shards, enabledEndpoints, metrics, rules } = options;
  const { duplicates } = rules;
  const appending: AppendOptions = {
    duplicates,
    entryAdded: metrics.entryAdded,
    unread: (error) => options.unread(error),
  };
  const shard = String(shards.active.identity.treeID);
  const published = (): void => metrics.checkpointPublished(shard);
  return [
    createEntryRoute(shards, enabledEndpoints, appending),
    createBatchRoute(shards, enabledEndpoints, appending),
    entryByIndexRoute(shards, enabledEndpoints),
    entryByUuidRoute(shards, enabledEndpoints),
    retrieveEntriesRoute(shards, enabledEndpoints),
    logInfoRoute(shards, enabledEndpoints, published),
    logProofRoute(shards, enabledEndpoints),
    limitsRoute(rules, options.requestBodyBytes, options.watch),
    publicKeyRoute(shards, enabledEndpoints),
    searchIndexRoute(shards, enabledEndpoints, options.searchKeyOf),
    searchEntriesRoute(shards, enabledEndpoints),
  ];
}
