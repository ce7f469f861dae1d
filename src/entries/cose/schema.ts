/** The spec of cose 0.0.1 as a table. */

const HASH = {
  type: 'object',
  members: {
    algorithm: { type: 'text', required: true, oneOf: ['sha256'] },
    value: { type: 'text', required: true },
  },
} as const;

/** Either form: a proposal, or what the log stores. */
export const COSE_SHAPE = {
  type: 'object',
  members: {
    message: { type: 'bytes', field: 'message' },
    publicKey: { type: 'bytes', required: true, field: 'publicKey' },
    data: {
      type: 'object',
      members: {
        payloadHash: HASH,
        envelopeHash: HASH,
        aad: { type: 'bytes', field: 'aad' },
      },
    },
  },
} as const;
