/**
 * cose 0.0.1: a COSE_Sign1 message with its payload, of which the log keeps hashes and the key.
 *
 * The stored form has no message, and without one there is no leaf to compute: it can be read, and that is all.
 */

import { sha256Hex } from '#sha256';
import { toBase64 } from '../../encoding/base64.js';
import { utf8 } from '../../encoding/bytes.js';
import { canonicalJson } from '../../encoding/canonical-json.js';
import { LogError } from '../../errors.js';
import { readX509Key, type X509Key } from '../../pki/x509.js';
import type { EntryVersion, SearchTerm } from '../entry-kind.js';
import { readHexDigest } from '../shared/hex-digest.js';
import { notInsertable } from '../shared/refusals.js';
import { readSpec } from '../shared/schema.js';
import { digestTerm, signatureTerm, x509KeyTerms } from '../shared/search-terms.js';
import {
  assertSubjectCount,
  digestKeys,
  STATEMENT_TYPE,
  statementDigests,
  subjectDigests,
} from '../shared/statement-keys.js';
import { statementTerms } from '../shared/statement-terms.js';
import { LABEL, parameter } from './headers.js';
import { COSE_SHAPE } from './schema.js';
import {
  type AttachedMessage,
  assertAlgorithm,
  coseAlgorithm,
  readSign1,
  verifySign1,
} from './sign1.js';

/** A spec as read: a proposal or the stored form. */
export type Cose =
  | {
      readonly form: 'proposed';
      readonly key: X509Key;
      readonly messageBytes: Uint8Array;
      readonly message: AttachedMessage;
      /** External additional authenticated data; empty when there is none. */
      readonly externalData: Uint8Array;
    }
  | { readonly form: 'stored' };

/** A message that its key has signed. */
export interface ProvenCose {
  readonly key: X509Key;
  readonly messageBytes: Uint8Array;
  readonly message: AttachedMessage;
  /** Digests of the message and of its payload, hex of SHA-256. */
  readonly envelopeHash: string;
  readonly payloadHash: string;
}

/** How cose 0.0.1 is read, verified and stored. The stored form proves nothing. */
export const coseV001: EntryVersion<Cose, ProvenCose | undefined> = {
  verifiedWhen: 'read',

  parse(input) {
    const { message: messageBytes, publicKey, data } = readSpec(COSE_SHAPE, input);
    const key = readX509Key(publicKey);
    if (messageBytes === undefined || messageBytes.length === 0) {
      assertHex(data?.envelopeHash?.value);
      return { form: 'stored' };
    }
    const algorithm = coseAlgorithm(key.publicKey);
    const message = readSign1(messageBytes);
    if (data === undefined) throw malformed('cose object data cannot be nil');
    const { payload } = message;
    if (payload === undefined) throw malformed('missing payload');
    const externalData = data.aad ?? new Uint8Array(0);
    assertAlgorithm(message, algorithm, externalData.length > 0);
    return {
      form: 'proposed',
      key,
      messageBytes,
      message: { ...message, payload },
      externalData,
    };
  },

  async verify(spec, { verifySignatures, limits }) {
    if (spec.form === 'stored') return undefined;
    const { key, message, messageBytes, externalData } = spec;
    await verifySign1(message, externalData, key.publicKey, verifySignatures);
    if (isStatement(message)) {
      assertSubjectCount(statementDigests(message.payload), limits.subjects);
    }
    return {
      key,
      messageBytes,
      message,
      envelopeHash: sha256Hex(messageBytes),
      payloadHash: sha256Hex(message.payload),
    };
  },

  assertInsertable({ form }) {
    if (form === 'stored') throw notInsertable('missing COSE Sign1 message');
  },

  canonicalize({ proven }) {
    if (proven === undefined) throw malformed('signed message uninitialized');
    const { key, envelopeHash, payloadHash } = proven;
    return utf8(
      canonicalJson({
        apiVersion: '0.0.1',
        kind: 'cose',
        spec: {
          data: {
            envelopeHash: { algorithm: 'sha256', value: envelopeHash },
            payloadHash: { algorithm: 'sha256', value: payloadHash },
          },
          publicKey: toBase64(key.canonicalPem),
        },
      }),
    );
  },

  indexKeys({ proven }) {
    if (proven === undefined) return [];
    const { key, message, envelopeHash, payloadHash } = proven;
    const subjects = isStatement(message) ? subjectDigests(message.payload) : [];
    return [
      sha256Hex(key.canonicalPem),
      ...key.subjects,
      `sha256:${envelopeHash}`,
      `sha256:${payloadHash}`,
      ...digestKeys(subjects ?? []),
    ];
  },

  searchTerms({ proven }) {
    if (proven === undefined) return [];
    const { key, message, envelopeHash, payloadHash } = proven;
    return [
      digestTerm('sha256', envelopeHash),
      digestTerm('sha256', payloadHash),
      signatureTerm(message.signature),
      ...x509KeyTerms(key),
      ...(isStatement(message) ? termsOfStatement(message.payload) : []),
    ];
  },

  attachment({ proven }, { attestationBytes }) {
    const isShort = proven !== undefined && proven.messageBytes.length <= attestationBytes;
    return isShort ? proven.messageBytes : undefined;
  },
};

function isStatement({ headers }: AttachedMessage): boolean {
  const contentType = parameter(headers.protected, LABEL.contentType);
  return contentType?.kind === 'text' && contentType.value === STATEMENT_TYPE;
}

/** Materials too, of which Rekor's index knows nothing here. */
function termsOfStatement(payload: Uint8Array): SearchTerm[] {
  const digests = digestKeys(statementDigests(payload));
  return [
    ...digests.map((value): SearchTerm => ({ field: 'digest', value })),
    ...statementTerms(payload),
  ];
}

/** The envelope hash of a stored form may have any length. */
function assertHex(value: string | undefined): void {
  if (value === undefined) {
    throw malformed('envelope hash should have been previously computed');
  }
  const octets = utf8(value).length;
  const isOdd = octets % 2 === 1;
  readHexDigest(isOdd ? `${value}0` : value, Math.ceil(octets / 2));
  if (isOdd) throw malformed('encoding/hex: odd length hex string');
}

function malformed(reason: string): LogError {
  return new LogError('ENTRY_MALFORMED', reason);
}
