/** The spec of jar 0.0.1 as a table. */

import type { Read } from '../shared/schema.js';

/** The proposal, and what the log stores: the one has content, the other a hash and a signature. */
export const JAR_SHAPE = {
  type: 'object',
  members: {
    archive: {
      type: 'object',
      required: true,
      members: {
        content: { type: 'bytes', field: 'archive content' },
        hash: {
          type: 'object',
          members: {
            algorithm: { type: 'text', required: true, oneOf: ['sha256'] },
            value: { type: 'text', required: true },
          },
        },
      },
    },
    signature: {
      type: 'object',
      members: {
        content: { type: 'bytes', required: true, field: 'signature content' },
        publicKey: {
          type: 'object',
          required: true,
          members: {
            content: { type: 'bytes', required: true, field: 'signature publicKey content' },
          },
        },
      },
    },
  },
} as const;

/** A spec as JAR_SHAPE reads it. */
export type JarSpec = Read<typeof JAR_SHAPE>;
