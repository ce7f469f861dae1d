/**
 * dsse 0.0.1: a DSSE envelope, of which the log keeps hashes and signatures.
 *
 * A proposal carries the envelope and the keys; the stored form carries what the server computed. Both can be
 * looked up, only a proposal can be stored.
 */

import { sha256Hex } from '#sha256';
import { toBase64 } from '../../encoding/base64.js';
import { utf8 } from '../../encoding/bytes.js';
import { canonicalJson } from '../../encoding/canonical-json.js';
import { LogError } from '../../errors.js';
import { readX509Key } from '../../pki/x509.js';
import type { EntryLimits, EntryVersion, SearchTerm } from '../entry-kind.js';
import { payloadAttachment } from '../shared/attachment.js';
import { type Envelope, readEnvelope } from '../shared/dsse-envelope.js';
import { notInsertable } from '../shared/refusals.js';
import { readSpec } from '../shared/schema.js';
import { digestTerm, signatureTerm, x509KeyTerms } from '../shared/search-terms.js';
import {
  assertSubjectCount,
  digestKeys,
  STATEMENT_TYPE,
  statementDigests,
} from '../shared/statement-keys.js';
import { statementTerms } from '../shared/statement-terms.js';
import {
  assertWithinLimits,
  type VerifiedEnvelope,
  verifyEnvelope,
} from '../shared/verify-envelope.js';
import { DSSE_SHAPE, type DsseSpec } from './schema.js';

/** A spec as read: a proposal or the stored form. */
export type Dsse =
  | {
      readonly form: 'proposed';
      readonly envelopeText: string;
      readonly envelope: Envelope;
      readonly verifiers: readonly Uint8Array[];
    }
  | { readonly form: 'stored'; readonly stored: StoredDsse };

/** What is stored of an envelope. */
export interface StoredDsse {
  readonly envelopeHash: { readonly algorithm: string; readonly value: string };
  readonly payloadHash: { readonly algorithm: string; readonly value: string };
  readonly signatures: readonly {
    readonly signature: string;
    /** PEM. */
    readonly verifier: Uint8Array;
  }[];
}

/** The stored members, and what only a proposal can tell. */
export interface ProvenDsse {
  readonly stored: StoredDsse;
  readonly proposed?: ProposedDsse;
}

/** What is not stored of an envelope. */
export interface ProposedDsse {
  readonly envelope: Envelope;
  readonly verified: VerifiedEnvelope;
  /** `alg:digest` from the statement in the payload. */
  readonly statementKeys: readonly string[];
}

/** How dsse 0.0.1 is read, verified and stored. */
export const dsseV001: EntryVersion<Dsse, ProvenDsse> = {
  verifiedWhen: 'read',

  parse(input, { limits }) {
    const spec = readSpec(DSSE_SHAPE, input);
    return spec.proposedContent === undefined ? readStored(spec) : readProposed(spec, limits);
  },

  async verify(spec, { verifySignatures, limits }) {
    if (spec.form === 'stored') return { stored: spec.stored };
    const { envelope, envelopeText, verifiers } = spec;
    const verified = await verifyEnvelope(envelope, verifiers, verifySignatures, 'ignore');
    const { payload, keys } = verified;
    const digests = envelope.payloadType === STATEMENT_TYPE ? statementDigests(payload) : [];
    assertSubjectCount(digests, limits.subjects);
    return {
      stored: {
        envelopeHash: { algorithm: 'sha256', value: sha256Hex(utf8(envelopeText)) },
        payloadHash: { algorithm: 'sha256', value: sha256Hex(payload) },
        signatures: [...keys].map(([signature, key]) => ({
          signature,
          verifier: key.canonicalPem,
        })),
      },
      proposed: { envelope, verified, statementKeys: digestKeys(digests) },
    };
  },

  assertInsertable({ form }) {
    if (form === 'stored') throw notInsertable('missing proposed content');
  },

  // The RFC 8785 form by hand, as of hashedrekord.
  canonicalize({ proven }) {
    const { envelopeHash, payloadHash, signatures } = proven.stored;
    const signed = [...signatures].sort(bySignature).map(({ signature, verifier }) => {
      return `{"signature":${canonicalJson(signature)},"verifier":"${toBase64(verifier)}"}`;
    });
    return utf8(
      `{"apiVersion":"0.0.1","kind":"dsse","spec":{"envelopeHash":${hashJson(envelopeHash)},` +
        `"payloadHash":${hashJson(payloadHash)},"signatures":[${signed.join(',')}]}}`,
    );
  },

  indexKeys({ proven }) {
    const { envelopeHash, payloadHash, signatures } = proven.stored;
    const keys: string[] = [];
    for (const { signature, verifier } of [...signatures].sort(bySignature)) {
      const key = proven.proposed?.verified.keys.get(signature) ?? readX509Key(verifier);
      keys.push(`sha256:${sha256Hex(key.canonicalPem)}`, ...key.subjects);
    }
    keys.push(`${payloadHash.algorithm}:${payloadHash.value}`);
    keys.push(`${envelopeHash.algorithm}:${envelopeHash.value}`);
    return [...keys, ...(proven.proposed?.statementKeys ?? [])];
  },

  searchTerms({ proven: { stored, proposed } }) {
    const { envelopeHash, payloadHash } = stored;
    return [
      digestTerm(envelopeHash.algorithm, envelopeHash.value),
      digestTerm(payloadHash.algorithm, payloadHash.value),
      ...(proposed === undefined ? [] : proposedTerms(proposed)),
    ];
  },

  attachment({ proven }, limits) {
    if (proven.proposed === undefined || !limits.dsseAttestations) return undefined;
    const { envelope, verified } = proven.proposed;
    return payloadAttachment(verified.payload, envelope.payload, limits);
  },
};

function proposedTerms({ envelope, verified, statementKeys }: ProposedDsse): SearchTerm[] {
  const isStatement = envelope.payloadType === STATEMENT_TYPE;
  return [
    ...[...verified.keys.values()].flatMap(x509KeyTerms),
    ...verified.signatures.map(({ bytes }) => signatureTerm(bytes)),
    ...statementKeys.map((value): SearchTerm => ({ field: 'digest', value })),
    ...(isStatement ? statementTerms(verified.payload) : []),
  ];
}

function hashJson({ algorithm, value }: StoredDsse['envelopeHash']): string {
  return `{"algorithm":"${algorithm}","value":${canonicalJson(value)}}`;
}

/** By the signature's text, which is ASCII: base64 has been decoded from it. */
function bySignature(a: { signature: string }, b: { signature: string }): number {
  return a.signature < b.signature ? -1 : a.signature > b.signature ? 1 : 0;
}

const EITHER =
  'either proposedContent or envelopeHash, payloadHash, and signatures must be present';

function readStored({ envelopeHash, payloadHash, signatures }: DsseSpec): Dsse {
  if (envelopeHash === undefined || payloadHash === undefined || signatures === undefined) {
    throw new LogError('ENTRY_MALFORMED', EITHER);
  }
  return { form: 'stored', stored: { envelopeHash, payloadHash, signatures } };
}

function readProposed(spec: DsseSpec, limits: EntryLimits): Dsse {
  const { proposedContent, envelopeHash, payloadHash, signatures } = spec;
  if (proposedContent === undefined) throw new LogError('ENTRY_MALFORMED', EITHER);
  if (envelopeHash !== undefined || payloadHash !== undefined || signatures !== undefined) {
    throw new LogError('ENTRY_MALFORMED', `${EITHER} but not both`);
  }
  const { envelope: envelopeText, verifiers } = proposedContent;
  const envelope = readEnvelope(envelopeText);
  if (envelope.signatures.length === 0) {
    throw new LogError('ENTRY_MALFORMED', 'DSSE envelope must contain 1 or more signatures');
  }
  assertWithinLimits(envelope, verifiers.length, limits);
  return { form: 'proposed', envelopeText, envelope, verifiers };
}
