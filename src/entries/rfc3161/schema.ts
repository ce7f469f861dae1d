/** The spec of rfc3161 0.0.1 as a table. */

/** The proposal and what the log stores have the same form. */
export const RFC3161_SHAPE = {
  type: 'object',
  members: {
    tsr: {
      type: 'object',
      required: true,
      members: { content: { type: 'bytes', required: true, field: 'tsr content' } },
    },
  },
} as const;
