/** The options that say who cosigns the checkpoints of the log: their rows in the table of options.ts. */

import type { OptionRow } from './option-row.js';

/** All of them. */
export const WITNESS_OPTIONS = [
  {
    name: 'witness-policy',
    kind: 'path',
    default: undefined,
    meaning:
      'file that names witnesses and how many of them must have cosigned a checkpoint (C2SP tlog-policy, with URLs); unset: nobody is asked',
  },
  {
    name: 'witness-mode',
    kind: 'choice',
    default: 'closed',
    choices: ['closed', 'open', 'async'],
    meaning:
      'until the quorum is met: `closed` publishes nothing, `open` publishes without it after a time, `async` lets answers of the v2 API go out at once besides',
  },
  {
    name: 'witness-wait-ms',
    kind: 'integer',
    default: 5_000,
    least: 10,
    most: 600_000,
    meaning: 'time that a checkpoint, and an answer with it, waits for the quorum, milliseconds',
  },
  {
    name: 'witness-timeout-ms',
    kind: 'integer',
    default: 3_000,
    least: 10,
    most: 600_000,
    meaning: 'time that one request to a witness may take, milliseconds',
  },
  {
    name: 'witness-logs',
    kind: 'list',
    default: ['v2'],
    choices: ['v1', 'v2'],
    meaning:
      'logs that are witnessed, by the API that writes to them: each has an origin of its own',
  },
  {
    name: 'witness-guard',
    kind: 'choice',
    default: 'proof',
    choices: ['proof', 'claim'],
    meaning:
      'what stops submissions: a witness that shows a larger or another tree under a signature of this log, or one that merely claims to know a larger one',
  },
  {
    name: 'witness-allow-own',
    kind: 'boolean',
    default: false,
    meaning:
      'accept witnesses that have a key, the name or the address of the log itself: they prove nothing to anybody else',
  },
] as const satisfies readonly OptionRow[];
