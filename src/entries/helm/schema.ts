/** The spec of helm 0.0.1 as a table. */

import { PUBLIC_KEY, SHA256_HASH } from '../shared/spec-parts.js';

/** A proposal has the provenance file, what the log stores has the hash and the signature from it. */
export const HELM_SHAPE = {
  type: 'object',
  members: {
    publicKey: PUBLIC_KEY,
    chart: {
      type: 'object',
      required: true,
      members: {
        hash: SHA256_HASH,
        provenance: {
          type: 'object',
          required: true,
          members: {
            signature: {
              type: 'object',
              members: {
                content: { type: 'bytes', field: 'provenance signature content', required: true },
              },
            },
            content: { type: 'bytes', field: 'provenance content' },
          },
        },
      },
    },
  },
} as const;
