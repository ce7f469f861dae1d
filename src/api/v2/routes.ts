/** The v2 API, and every log as tiles, as one table. Spec: openapi.yaml; the recording, test/vectors/rekor-v2. */

import type { Route } from '../../http/route.js';
import type { Desks } from '../../log/log.js';
import { entryProofRoute } from '../entry-proof.js';
import { logTileRoutes } from '../tiles.js';
import { createEntryV2Route } from './create-entry.js';
import { entryV2Routes } from './entry.js';
import { submitterTo } from './submit.js';

/** What the v2 routes work on. */
export interface V2Options {
  /** The log that the v2 API writes to. */
  readonly log: Desks;
  /** Every log of the server, that of the v1 API first. */
  readonly logs: readonly Desks[];
  /** Whether checkpoint and tiles are there below /api/v2/, too. */
  readonly servesReads: boolean;
}

/** Returns the routes; `entryAdded` is called for each entry that is new. */
export function v2Routes(options: V2Options, entryAdded: () => void): readonly Route[] {
  const { log, logs, servesReads } = options;
  const ofV2First = [log, ...logs.filter((other) => other !== log)];
  return [
    createEntryV2Route(log.tileSide, submitterTo(log.tileSide, entryAdded)),
    ...entryV2Routes(ofV2First),
    entryProofRoute('/api/v2/log/entries', ofV2First),
    entryProofRoute('/api/v1/log/entries', logs),
    ...logTileRoutes(logs, log.tileSide, servesReads),
  ];
}
