/** The spec of cose 0.0.1 as a table. */

import { SHA256_HASH } from '../shared/spec-parts.js';

/** Either form: a proposal, or what the log stores. */
export const COSE_SHAPE = {
  type: 'object',
  members: {
    message: { type: 'bytes', field: 'message' },
    publicKey: { type: 'bytes', required: true, field: 'publicKey' },
    data: {
      type: 'object',
      members: {
        payloadHash: SHA256_HASH,
        envelopeHash: SHA256_HASH,
        aad: { type: 'bytes', field: 'aad' },
      },
    },
  },
} as const;
