/** The spec of helm 0.0.1 as a table. */

/** A proposal has the provenance file, what the log stores has the hash and the signature from it. */
export const HELM_SHAPE = {
  type: 'object',
  members: {
    publicKey: {
      type: 'object',
      required: true,
      members: { content: { type: 'bytes', field: 'publicKey content', required: true } },
    },
    chart: {
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
