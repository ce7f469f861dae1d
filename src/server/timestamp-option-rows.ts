/** The options of the timestamp authority: their rows in the table of options.ts. */

import { SIGSTORE_POLICY } from '../timestamping/oids.js';
import type { OptionRow } from './option-row.js';

/** All of them. */
export const TIMESTAMP_OPTIONS = [
  {
    name: 'tsa',
    kind: 'boolean',
    default: false,
    meaning:
      'give timestamps (RFC 3161) at /api/v1/timestamp; `stele init --tsa`, or a first start with it, makes key and certificates',
  },
  {
    name: 'tsa-key',
    kind: 'path',
    default: undefined,
    meaning:
      "PEM key that signs timestamps (P-256, P-384, P-521, RSA), with --tsa-chain; unset: the authority's own",
  },
  {
    name: 'tsa-chain',
    kind: 'path',
    default: undefined,
    meaning: 'PEM certificates of --tsa-key: first its own, each issued by the next, the root last',
  },
  {
    name: 'tsa-policy',
    kind: 'text',
    default: SIGSTORE_POLICY,
    pattern: /^(?:[01]\.(?:\d|[12]\d|3\d)|2\.(?:0|[1-9]\d{0,8}))(?:\.(?:0|[1-9]\d{0,8})){0,30}$/,
    meaning: 'object identifier of the policy that timestamps state',
  },
  {
    name: 'tsa-status',
    kind: 'choice',
    default: '200',
    choices: ['200', '201'],
    meaning:
      "status of a timestamp: 200, or 201 for clients of the first version of Sigstore's timestamp-authority",
  },
] as const satisfies readonly OptionRow[];
