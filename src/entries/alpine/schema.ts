/** The spec of alpine 0.0.1 as a table. */

/** The proposal and what the log stores have the same form; the pairs of .PKGINFO are never taken from a client. */
export const ALPINE_SHAPE = {
  type: 'object',
  members: {
    publicKey: {
      type: 'object',
      required: true,
      presentWith: 'content',
      members: { content: { type: 'bytes', field: 'public key content', required: true } },
    },
    package: {
      type: 'object',
      required: true,
      members: {
        hash: {
          type: 'object',
          presentWith: ['algorithm', 'value'],
          members: {
            algorithm: { type: 'text', required: true, oneOf: ['sha256'] },
            value: { type: 'text', required: true },
          },
        },
        content: { type: 'bytes', field: 'package content' },
      },
    },
  },
} as const;
