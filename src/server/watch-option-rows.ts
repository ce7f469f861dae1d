/** The options of the log's own watch: their rows in the table of options.ts. */

import type { OptionRow } from './option-row.js';

/** All of them. */
export const WATCH_OPTIONS = [
  {
    name: 'watch',
    kind: 'boolean',
    default: true,
    meaning:
      'tell whoever asks at `/api/v1/watch` and `/api/v2/watch` of new entries; false: those paths are not there',
  },
  {
    name: 'watch-subscribers',
    kind: 'integer',
    default: 2_000,
    least: 1,
    most: 100_000,
    meaning: 'those who watch at a time; above it 503 with Retry-After',
  },
  {
    name: 'watch-config',
    kind: 'path',
    default: undefined,
    meaning:
      'file with rules and the webhooks that are told what they find; docs/watch.md; unset: none',
  },
] as const satisfies readonly OptionRow[];
