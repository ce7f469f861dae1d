/** The spec of jar 0.0.1 as a table. */

import type { Read } from '../shared/schema.js';
import { SHA256_HASH, SIGNATURE_PUBLIC_KEY } from '../shared/spec-parts.js';

/** The proposal, and what the log stores: the one has content, the other a hash and a signature. */
export const JAR_SHAPE = {
  type: 'object',
  members: {
    archive: {
      type: 'object',
      required: true,
      members: {
        content: { type: 'bytes', field: 'archive content' },
        hash: SHA256_HASH,
      },
    },
    signature: {
      type: 'object',
      members: {
        content: { type: 'bytes', required: true, field: 'signature content' },
        publicKey: SIGNATURE_PUBLIC_KEY,
      },
    },
  },
} as const;

/** A spec as JAR_SHAPE reads it. */
export type JarSpec = Read<typeof JAR_SHAPE>;
