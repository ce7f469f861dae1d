/**
 * dsse 0.0.1: a DSSE envelope, of which the log keeps hashes and signatures.
 *
 * A proposal carries the envelope and the keys; the stored form carries what the server computed. Both can be
 * looked up, only a proposal can be stored.
 */

import { sha256 } from '#sha256';
import { toBase64 } from '../../encoding/base64.js';
import { utf8 } from '../../encoding/bytes.js';
import { canonicalJson } from '../../encoding/canonical-json.js';
import { toHex } from '../../encoding/hex.js';
import { LogError } from '../../errors.js';
import { readX509Key } from '../../pki/x509.js';
import type { EntryVersion } from '../entry-kind.js';
import { type Envelope, readEnvelope } from '../shared/dsse-envelope.js';
import { readSpec } from '../shared/schema.js';
import { STATEMENT_TYPE, statementKeys } from '../shared/statement-keys.js';
import { DSSE_SHAPE, type DsseSpec } from './schema.js';
import { assertWithinLimits, verifyEnvelope } from './verify-envelope.js';

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

/** The stored members, and what only a proposal can tell about its payload. */
export interface ProvenDsse {
  readonly form: Dsse['form'];
  readonly stored: StoredDsse;
  /** Search keys from the statement in the payload. */
  readonly statementKeys: readonly string[];
}

/** How dsse 0.0.1 is read, verified and stored. */
export const dsseV001: EntryVersion<Dsse, ProvenDsse> = {
  verifiedWhen: 'read',

  parse(input) {
    const spec = readSpec(DSSE_SHAPE, input);
    return spec.proposedContent === undefined ? readStored(spec) : readProposed(spec);
  },

  async verify(spec, { verifySignatures }) {
    if (spec.form === 'stored') return { ...spec, statementKeys: [] };
    const { envelope, envelopeText, verifiers } = spec;
    const { payload, keys } = await verifyEnvelope(envelope, verifiers, verifySignatures);
    const isStatement = envelope.payloadType === STATEMENT_TYPE;
    return {
      form: 'proposed',
      stored: {
        envelopeHash: { algorithm: 'sha256', value: toHex(sha256(utf8(envelopeText))) },
        payloadHash: { algorithm: 'sha256', value: toHex(sha256(payload)) },
        signatures: [...keys].map(([signature, key]) => ({
          signature,
          verifier: key.canonicalPem,
        })),
      },
      statementKeys: isStatement ? statementKeys(payload) : [],
    };
  },

  assertInsertable({ form }) {
    if (form === 'stored') {
      throw new LogError(
        'ENTRY_NOT_INSERTABLE',
        'entry not insertable into log: missing proposed content',
      );
    }
  },

  canonicalize({ proven }) {
    const { envelopeHash, payloadHash, signatures } = proven.stored;
    return utf8(
      canonicalJson({
        apiVersion: '0.0.1',
        kind: 'dsse',
        spec: {
          envelopeHash: { ...envelopeHash },
          payloadHash: { ...payloadHash },
          signatures: [...signatures].sort(bySignature).map(({ signature, verifier }) => ({
            signature,
            verifier: toBase64(verifier),
          })),
        },
      }),
    );
  },

  indexKeys({ proven }) {
    const { envelopeHash, payloadHash, signatures } = proven.stored;
    const keys: string[] = [];
    for (const { verifier } of [...signatures].sort(bySignature)) {
      const key = readX509Key(verifier);
      keys.push(`sha256:${toHex(sha256(key.canonicalPem))}`, ...key.subjects);
    }
    keys.push(`${payloadHash.algorithm}:${payloadHash.value}`);
    keys.push(`${envelopeHash.algorithm}:${envelopeHash.value}`);
    return [...keys, ...proven.statementKeys];
  },

  searchTerms() {
    return [];
  },
};

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

function readProposed(spec: DsseSpec): Dsse {
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
  assertWithinLimits(envelope, verifiers);
  return { form: 'proposed', envelopeText, envelope, verifiers };
}
