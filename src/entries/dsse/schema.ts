/** The spec of dsse 0.0.1 as a table. */

import type { Read } from '../shared/schema.js';
import { SHA256_HASH } from '../shared/spec-parts.js';

/** Either form: a proposal, or what the log stores. */
export const DSSE_SHAPE = {
  type: 'object',
  members: {
    proposedContent: {
      type: 'object',
      members: {
        envelope: { type: 'text', required: true },
        verifiers: {
          type: 'list',
          required: true,
          atLeast: 1,
          items: { type: 'bytes', field: 'verifier' },
        },
      },
    },
    signatures: {
      type: 'list',
      atLeast: 1,
      items: {
        type: 'object',
        members: {
          signature: {
            type: 'text',
            required: true,
            pattern: {
              source:
                '^(?:[A-Za-z0-9+\\/]{4})*(?:[A-Za-z0-9+\\/]{2}==|[A-Za-z0-9+\\/]{3}=|[A-Za-z0-9+\\/]{4})$',
              matches: isPaddedBase64,
            },
          },
          verifier: { type: 'bytes', required: true, field: 'signature verifier' },
        },
      },
    },
    envelopeHash: SHA256_HASH,
    payloadHash: SHA256_HASH,
  },
} as const;

/** A spec that has passed the schema. */
export type DsseSpec = Read<typeof DSSE_SHAPE>;

// By hand: the regular expression itself would backtrack over megabytes.
function isPaddedBase64(text: string): boolean {
  if (text.length === 0 || text.length % 4 !== 0) return false;
  const padding = text.endsWith('==') ? 2 : text.endsWith('=') ? 1 : 0;
  for (let at = text.length - padding - 1; at >= 0; at--) {
    if (!/[A-Za-z0-9+/]/.test(text[at] as string)) return false;
  }
  return true;
}
