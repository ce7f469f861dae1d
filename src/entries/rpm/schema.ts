/** The spec of rpm 0.0.1 as a table. */

/** The proposal and what the log stores have the same form; the headers are never taken from a client. */
export const RPM_SHAPE = {
  type: 'object',
  members: {
    publicKey: {
      type: 'object',
      required: true,
      members: { content: { type: 'bytes', field: 'publicKey content', required: true } },
    },
    package: {
      type: 'object',
      required: true,
      members: {
        hash: {
          type: 'object',
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
