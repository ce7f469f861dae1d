/** The spec of rpm 0.0.1 as a table. */

import { PUBLIC_KEY, SHA256_HASH } from '../shared/spec-parts.js';

/** The proposal and what the log stores have the same form; the headers are never taken from a client. */
export const RPM_SHAPE = {
  type: 'object',
  members: {
    publicKey: PUBLIC_KEY,
    package: {
      type: 'object',
      required: true,
      members: {
        hash: SHA256_HASH,
        content: { type: 'bytes', field: 'package content' },
      },
    },
  },
} as const;
