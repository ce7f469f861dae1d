/** The spec of rekord 0.0.1 as a table. */

import { SHA256_HASH, SIGNATURE_PUBLIC_KEY } from '../shared/spec-parts.js';

/** The formats of keys and signatures. */
export const REKORD_FORMATS = ['pgp', 'minisign', 'x509', 'ssh'] as const;

/** One of the formats. */
export type RekordFormat = (typeof REKORD_FORMATS)[number];

/** A proposal, and what the log stores: that has the hash in place of the content. */
export const REKORD_SHAPE = {
  type: 'object',
  members: {
    signature: {
      type: 'object',
      required: true,
      members: {
        format: { type: 'text', required: true, oneOf: REKORD_FORMATS },
        content: { type: 'bytes', required: true, field: 'signature content' },
        publicKey: SIGNATURE_PUBLIC_KEY,
      },
    },
    data: {
      type: 'object',
      required: true,
      members: {
        hash: SHA256_HASH,
        content: { type: 'bytes', field: 'data content' },
      },
    },
  },
} as const;
