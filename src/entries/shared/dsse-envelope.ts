/**
 * DSSE envelopes: https://github.com/secure-systems-lab/dsse/blob/master/protocol.md
 *
 * In scope: the JSON form as Go programs read it, its two alphabets of base64, the bytes that are signed.
 * Out of scope: which keys must have signed (the kinds that carry envelopes).
 */

import { fromGoBase64, fromGoBase64Url } from '../../encoding/base64.js';
import { concatBytes, utf8 } from '../../encoding/bytes.js';
import { isLogError, LogError } from '../../errors.js';
import { decodeGoStruct } from './go-struct.js';

/** One signature of an envelope; the key ID is a hint that nothing depends on. */
export interface EnvelopeSignature {
  readonly keyID: string;
  /** Base64 of either alphabet, as it stands in the envelope. */
  readonly text: string;
}

/** An envelope; nothing in it has been decoded or checked. */
export interface Envelope {
  readonly payloadType: string;
  /** Base64 of either alphabet. */
  readonly payload: string;
  readonly signatures: readonly EnvelopeSignature[];
}

const STRING = { kind: 'string', name: 'string' } as const;

const ENVELOPE = {
  kind: 'struct',
  name: 'dsse.Envelope',
  fields: {
    payloadType: STRING,
    payload: STRING,
    signatures: {
      kind: 'list',
      name: '[]dsse.Signature',
      items: { kind: 'struct', name: 'dsse.Signature', fields: { keyid: STRING, sig: STRING } },
    },
  },
} as const;

/** Returns the envelope in `text`. Throws ENTRY_MALFORMED with Go's text. */
export function readEnvelope(text: string): Envelope {
  try {
    const { payloadType, payload, signatures } = decodeGoStruct(ENVELOPE, utf8(text));
    return {
      payloadType: payloadType ?? '',
      payload: payload ?? '',
      signatures: (signatures ?? []).map(({ keyid, sig }) => ({
        keyID: keyid ?? '',
        text: sig ?? '',
      })),
    };
  } catch (cause) {
    if (!isLogError(cause, 'ENCODING_MALFORMED')) throw cause;
    throw new LogError('ENTRY_MALFORMED', cause.message, { cause });
  }
}

/** Returns the bytes of base64 `text` in the standard alphabet or, failing that, the URL-safe one; else undefined. */
export function decodeEitherBase64(text: string): Uint8Array | undefined {
  for (const decode of [fromGoBase64, fromGoBase64Url]) {
    try {
      return decode(text);
    } catch (error) {
      if (!isLogError(error)) throw error; // an alphabet that does not fit: the next one may
    }
  }
  return undefined;
}

/** Returns what an envelope's signatures are over: the pre-authentication encoding of type and payload. */
export function preAuthenticationEncoding(payloadType: string, payload: Uint8Array): Uint8Array {
  const type = utf8(payloadType);
  return concatBytes(utf8(`DSSEv1 ${type.length} `), type, utf8(` ${payload.length} `), payload);
}
