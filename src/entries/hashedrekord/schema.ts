/** The spec of hashedrekord 0.0.1 as a table. */

/** The proposal and what the log stores have the same form. */
export const HASHEDREKORD_SHAPE = {
  type: 'object',
  members: {
    signature: {
      type: 'object',
      required: true,
      members: {
        content: { type: 'bytes', field: 'signature content' },
        publicKey: {
          type: 'object',
          members: { content: { type: 'bytes', field: 'public key content' } },
        },
      },
    },
    data: {
      type: 'object',
      required: true,
      presentWith: 'hash',
      members: {
        hash: {
          type: 'object',
          required: true,
          members: {
            algorithm: { type: 'text', required: true, oneOf: ['sha256', 'sha384', 'sha512'] },
            value: { type: 'text', required: true },
          },
        },
      },
    },
  },
} as const;
