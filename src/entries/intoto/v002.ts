/**
 * intoto 0.0.2: a DSSE envelope in members of its own, each signature beside a key, of which the log keeps all but the
 * payload.
 *
 * Payload and signatures are base64 of the base64 in the envelope. Every signature needs a key among those listed,
 * not necessarily its own, and every key must verify a signature. The hash of the envelope is the client's word: the
 * envelope's text is not there to be hashed.
 */

import { sha256Hex } from '#sha256';
import { fromGoBase64, toBase64 } from '../../encoding/base64.js';
import { utf8 } from '../../encoding/bytes.js';
import { canonicalJson } from '../../encoding/canonical-json.js';
import { fromGoUtf8 } from '../../encoding/go-utf8.js';
import { isLogError, LogError } from '../../errors.js';
import { readX509Key } from '../../pki/x509.js';
import type { EntryLimits, EntryVersion } from '../entry-kind.js';
import { payloadAttachment } from '../shared/attachment.js';
import type { Envelope } from '../shared/dsse-envelope.js';
import { notInsertable } from '../shared/refusals.js';
import { type Read, readSpec } from '../shared/schema.js';
import { digestTerm, x509KeyTerms } from '../shared/search-terms.js';
import {
  assertWithinLimits,
  type VerifiedEnvelope,
  verifyEnvelope,
} from '../shared/verify-envelope.js';
import { type EnvelopeFacts, envelopeFacts, envelopeTerms } from './envelope-facts.js';
import { INTOTO_V002_SHAPE, type IntotoHash, withV002Envelope } from './schema.js';

/** A spec as read: a proposal or the stored form. */
export type IntotoV002 =
  | { readonly form: 'proposed'; readonly envelope: Envelope; readonly stored: StoredIntotoV002 }
  | { readonly form: 'stored'; readonly stored: StoredIntotoV002 };

/** What is stored. The hashes are there once an entry has been accepted. */
export interface StoredIntotoV002 {
  readonly payloadType: string;
  readonly signatures: Content['envelope']['signatures'];
  readonly hash: IntotoHash | undefined;
  readonly payloadHash: IntotoHash | undefined;
}

type Content = Read<typeof INTOTO_V002_SHAPE>['content'];

/** The stored members, and what only a proposal can tell. */
export interface ProvenIntotoV002 {
  readonly stored: StoredIntotoV002;
  readonly proposed?: EnvelopeFacts & { readonly open: VerifiedEnvelope };
}

/** How intoto 0.0.2 is read, verified and stored. */
export const intotoV002: EntryVersion<IntotoV002, ProvenIntotoV002> = {
  verifiedWhen: 'read',

  parse(input, { limits }) {
    const { content } = readSpec(INTOTO_V002_SHAPE, withV002Envelope(input));
    const { payload, payloadType, signatures } = content.envelope;
    const { hash, payloadHash } = content;
    const stored = { payloadType, signatures, hash, payloadHash };
    if (payload === undefined || payload.length === 0) return { form: 'stored', stored };
    return { form: 'proposed', stored, envelope: readEnvelopeMembers(payload, stored, limits) };
  },

  async verify(spec, { verifySignatures, limits }) {
    const { stored } = spec;
    if (spec.form === 'stored') return { stored };
    const { envelope } = spec;
    const verifiers = stored.signatures.map(({ publicKey }) => publicKey);
    const open = await verifyEnvelope(envelope, verifiers, verifySignatures, 'must verify');
    assertStandardBase64(envelope.payload);
    const payloadHash = { algorithm: 'sha256', value: sha256Hex(open.payload) };
    return {
      stored: { ...stored, payloadHash },
      proposed: { ...envelopeFacts(envelope, open, limits), open },
    };
  },

  assertInsertable(spec) {
    if (spec.form === 'stored') throw notInsertable('missing envelope content');
    if (spec.envelope.payloadType === '') throw notInsertable('missing payloadType content');
    if (spec.stored.signatures.some(({ sig }) => sig.length === 0)) {
      throw notInsertable('missing signature content');
    }
  },

  canonicalize({ proven }) {
    const { payloadType, signatures, hash, payloadHash } = proven.stored;
    if (hash === undefined) throw new LogError('ENTRY_MALFORMED', 'missing envelope digest');
    if (payloadHash === undefined) throw new LogError('ENTRY_MALFORMED', 'missing payload digest');
    return utf8(
      canonicalJson({
        apiVersion: '0.0.2',
        kind: 'intoto',
        spec: {
          content: {
            envelope: {
              payloadType,
              signatures: signatures.map(({ keyid, publicKey, sig }) => ({
                ...(keyid !== undefined && keyid !== '' && { keyid }),
                publicKey: toBase64(publicKey),
                sig: toBase64(sig),
              })),
            },
            hash: { ...hash },
            payloadHash: { ...payloadHash },
          },
        },
      }),
    );
  },

  indexKeys({ proven: { stored, proposed } }) {
    // Rekor gives up on all keys when a payload that should be a statement is none.
    if (proposed !== undefined && proposed.statementKeys === undefined) return [];
    const keys = stored.signatures.flatMap(({ publicKey }) => {
      const key = readX509Key(publicKey);
      return [`sha256:${sha256Hex(key.canonicalPem)}`, ...key.subjects];
    });
    const { payloadHash } = stored;
    if (payloadHash !== undefined) keys.push(`${payloadHash.algorithm}:${payloadHash.value}`);
    return [...keys, ...(proposed?.statementKeys ?? [])];
  },

  searchTerms({ proven: { stored, proposed } }) {
    const { signatures, payloadHash } = stored;
    // Without the hash of the envelope: nobody has signed or computed what the client says it is.
    return [
      ...(payloadHash === undefined ? [] : [digestTerm(payloadHash.algorithm, payloadHash.value)]),
      ...signatures.flatMap(({ publicKey }) => x509KeyTerms(readX509Key(publicKey))),
      ...(proposed === undefined ? [] : envelopeTerms(proposed)),
    ];
  },

  attachment({ proven: { proposed } }, limits) {
    return proposed && payloadAttachment(proposed.open.payload, proposed.envelope.payload, limits);
  },
};

function readEnvelopeMembers(
  payload: Uint8Array,
  { payloadType, signatures }: StoredIntotoV002,
  limits: EntryLimits,
): Envelope {
  // Bytes that are no base64 stay none, whatever text they are read as.
  const envelope = {
    payloadType,
    payload: fromGoUtf8(payload),
    signatures: signatures.map(({ keyid, sig }) => ({
      keyID: keyid ?? '',
      text: fromGoUtf8(sig),
    })),
  };
  assertWithinLimits(envelope, signatures.length, limits);
  return envelope;
}

function assertStandardBase64(text: string): void {
  try {
    fromGoBase64(text);
  } catch (cause) {
    if (!isLogError(cause)) throw cause;
    const reason = `could not decode envelope payload: ${cause.message}`;
    throw new LogError('ENTRY_MALFORMED', reason, { cause });
  }
}
