/** The specs of intoto 0.0.1 and 0.0.2 as tables. */

import { isJsonObject, member } from '../../encoding/go-json.js';
import type { Read } from '../shared/schema.js';
import { SHA256_HASH } from '../shared/spec-parts.js';

/** Either form of 0.0.1: a proposal, or what the log stores. */
export const INTOTO_V001_SHAPE = {
  type: 'object',
  members: {
    content: {
      type: 'object',
      required: true,
      members: { envelope: { type: 'text' }, hash: SHA256_HASH, payloadHash: SHA256_HASH },
    },
    publicKey: { type: 'bytes', required: true, field: 'public key' },
  },
} as const;

/** Either form of 0.0.2. */
export const INTOTO_V002_SHAPE = {
  type: 'object',
  members: {
    content: {
      type: 'object',
      required: true,
      members: {
        envelope: {
          type: 'object',
          required: true,
          members: {
            payloadType: { type: 'text', required: true },
            payload: { type: 'bytes', field: 'payload' },
            signatures: {
              type: 'list',
              required: true,
              atLeast: 1,
              items: {
                type: 'object',
                members: {
                  keyid: { type: 'text' },
                  sig: { type: 'bytes', field: 'signature', required: true, mayBeEmpty: true },
                  publicKey: {
                    type: 'bytes',
                    field: 'public key',
                    required: true,
                    mayBeEmpty: true,
                  },
                },
              },
            },
          },
        },
        hash: SHA256_HASH,
        payloadHash: SHA256_HASH,
      },
    },
  },
} as const;

/** A digest, as a spec gives it. */
export type IntotoHash = Read<typeof SHA256_HASH>;

/** Returns `spec` with the content and the envelope that Rekor assumes where 0.0.2 has none or no object. */
export function withV002Envelope(spec: unknown): unknown {
  if (!isJsonObject(spec)) return spec;
  const content = member(spec, 'content');
  const envelope = member(content, 'envelope');
  return {
    content: {
      envelope: isJsonObject(envelope) ? envelope : {},
      hash: member(content, 'hash'),
      payloadHash: member(content, 'payloadHash'),
    },
  };
}
