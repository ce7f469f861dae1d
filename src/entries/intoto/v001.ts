/**
 * intoto 0.0.1: a DSSE envelope with one key, of which the log keeps hashes and the key.
 *
 * The key must verify one of the signatures; a signature with a key ID counts only if that is the key's SSH
 * fingerprint. Hashes that come with an envelope are not looked at.
 */

import { sha256Hex } from '#sha256';
import { fromGoBase64, toBase64 } from '../../encoding/base64.js';
import { utf8 } from '../../encoding/bytes.js';
import { canonicalJson } from '../../encoding/canonical-json.js';
import { isLogError, LogError } from '../../errors.js';
import { readX509Key, type X509Key } from '../../pki/x509.js';
import type { EntryLimits, EntryVersion, SignatureVerifier } from '../entry-kind.js';
import { payloadAttachment } from '../shared/attachment.js';
import { type Envelope, readEnvelope } from '../shared/dsse-envelope.js';
import { notInsertable } from '../shared/refusals.js';
import { readSpec } from '../shared/schema.js';
import { digestTerm, x509KeyTerms } from '../shared/search-terms.js';
import {
  assertWithinLimits,
  firstSignatureBy,
  NONE_VERIFIES,
  NOT_BASE64,
  type OpenEnvelope,
  openEnvelope,
} from '../shared/verify-envelope.js';
import { type EnvelopeFacts, envelopeFacts, envelopeTerms } from './envelope-facts.js';
import { INTOTO_V001_SHAPE, type IntotoHash } from './schema.js';
import { sshFingerprint } from './ssh-fingerprint.js';

/** A spec as read: a proposal or the stored form. */
export type IntotoV001 =
  | {
      readonly form: 'proposed';
      readonly key: X509Key;
      readonly envelopeText: string;
      readonly envelope: Envelope;
    }
  | { readonly form: 'stored'; readonly key: X509Key; readonly stored: StoredIntotoV001 };

/** What is stored beside the key. Old entries have no payload hash. */
export interface StoredIntotoV001 {
  readonly hash: IntotoHash;
  readonly payloadHash: IntotoHash | undefined;
}

/** The stored members, and what only a proposal can tell. */
export interface ProvenIntotoV001 {
  readonly key: X509Key;
  readonly stored: StoredIntotoV001;
  readonly proposed?: EnvelopeFacts;
}

/** How intoto 0.0.1 is read, verified and stored. */
export const intotoV001: EntryVersion<IntotoV001, ProvenIntotoV001> = {
  verifiedWhen: 'read',

  parse(input, { limits }) {
    const { content, publicKey } = readSpec(INTOTO_V001_SHAPE, input);
    const key = readX509Key(publicKey);
    const { envelope, hash, payloadHash } = content;
    if (envelope !== undefined && envelope !== '') return readProposed(envelope, key, limits);
    if (hash === undefined) {
      throw new LogError('ENTRY_MALFORMED', 'missing hash value for envelope');
    }
    return { form: 'stored', key, stored: { hash, payloadHash } };
  },

  async verify(spec, { verifySignatures, limits }) {
    const { key } = spec;
    if (spec.form === 'stored') return { key, stored: spec.stored };
    const { envelope, envelopeText } = spec;
    const open = await verifyOne(envelope, key, verifySignatures);
    assertStandardBase64(envelope.payload);
    return {
      key,
      stored: {
        hash: { algorithm: 'sha256', value: sha256Hex(utf8(envelopeText)) },
        payloadHash: { algorithm: 'sha256', value: sha256Hex(open.payload) },
      },
      proposed: envelopeFacts(envelope, open, limits),
    };
  },

  assertInsertable(spec) {
    if (spec.form === 'stored') throw notInsertable('missing envelope content');
    const { payload, payloadType } = spec.envelope;
    if (payload === '' || payloadType === '') throw notInsertable('invalid DSSE envelope');
  },

  canonicalize({ proven }) {
    const { hash, payloadHash } = proven.stored;
    return utf8(
      canonicalJson({
        apiVersion: '0.0.1',
        kind: 'intoto',
        spec: {
          content: { hash: { ...hash }, ...(payloadHash && { payloadHash: { ...payloadHash } }) },
          publicKey: toBase64(proven.key.canonicalPem),
        },
      }),
    );
  },

  indexKeys({ proven }) {
    const { key, stored, proposed } = proven;
    const { hash, payloadHash } = stored;
    return [
      `${hash.algorithm}:${hash.value}`,
      `sha256:${sha256Hex(key.canonicalPem)}`,
      ...key.subjects,
      ...(payloadHash === undefined ? [] : [`${payloadHash.algorithm}:${payloadHash.value}`]),
      ...(proposed?.statementKeys ?? []),
    ];
  },

  searchTerms({ proven }) {
    const { key, stored, proposed } = proven;
    const { hash, payloadHash } = stored;
    return [
      digestTerm(hash.algorithm, hash.value),
      ...(payloadHash === undefined ? [] : [digestTerm(payloadHash.algorithm, payloadHash.value)]),
      ...x509KeyTerms(key),
      ...(proposed === undefined ? [] : envelopeTerms(proposed)),
    ];
  },

  attachment({ proven: { proposed } }, limits) {
    return proposed && payloadAttachment(proposed.open.payload, proposed.envelope.payload, limits);
  },
};

function readProposed(envelopeText: string, key: X509Key, limits: EntryLimits): IntotoV001 {
  if (key.publicKey.type === 'unsupported') {
    throw new LogError('KEY_MALFORMED', 'unsupported public key type');
  }
  const envelope = readEnvelope(envelopeText);
  assertWithinLimits(envelope, 1, limits);
  return { form: 'proposed', key, envelopeText, envelope };
}

/** Returns the envelope once `key` has verified one of its signatures. */
async function verifyOne(
  envelope: Envelope,
  { publicKey }: X509Key,
  verifySignatures: SignatureVerifier,
): Promise<OpenEnvelope> {
  if (envelope.signatures.length === 0) throw unverified('no signature found');
  const open = openEnvelope(envelope);
  if (open === undefined) throw unverified(NOT_BASE64);
  const fingerprint = sshFingerprint(publicKey);
  const signatures = open.signatures.filter(
    ({ keyID }) => keyID === '' || fingerprint === undefined || keyID === fingerprint,
  );
  const found = await firstSignatureBy(
    publicKey,
    'sha256',
    { ...open, signatures },
    verifySignatures,
  );
  if (found === undefined) throw unverified(NONE_VERIFIES);
  return open;
}

/** The signature may be over a payload in either alphabet; what is stored of it is read in one. */
function assertStandardBase64(text: string): void {
  try {
    fromGoBase64(text);
  } catch (cause) {
    if (!isLogError(cause)) throw cause;
    throw new LogError('ENTRY_MALFORMED', cause.message, { cause });
  }
}

function unverified(reason: string): LogError {
  return new LogError('SIGNATURE_INVALID', reason);
}
