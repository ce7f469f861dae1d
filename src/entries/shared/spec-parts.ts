/** Parts that the tables of several kinds have in common. */

/** A SHA-256 in hex with its name. */
export const SHA256_HASH = {
  type: 'object',
  members: {
    algorithm: { type: 'text', required: true, oneOf: ['sha256'] },
    value: { type: 'text', required: true },
  },
} as const;

/** A key that must be there, under the name that packages and charts have for it. */
export const PUBLIC_KEY = {
  type: 'object',
  required: true,
  members: { content: { type: 'bytes', field: 'publicKey content', required: true } },
} as const;

/** A key that must be there, under the name that it has inside a signature. */
export const SIGNATURE_PUBLIC_KEY = {
  type: 'object',
  required: true,
  members: { content: { type: 'bytes', required: true, field: 'signature publicKey content' } },
} as const;
