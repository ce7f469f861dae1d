/** helm 0.0.1: the provenance file of a Helm chart, clear-signed with OpenPGP. */

import { sha256Hex } from '#sha256';
import { toBase64 } from '../../encoding/base64.js';
import { utf8 } from '../../encoding/bytes.js';
import { canonicalJson } from '../../encoding/canonical-json.js';
import { LogError } from '../../errors.js';
import { type PgpKeyRing, readPgpKeyRing } from '../../pki/pgp/key-ring.js';
import {
  type PgpSignature,
  pgpSignatureProblem,
  readPgpSignature,
} from '../../pki/pgp/signature.js';
import type { EntryVersion, SearchTerm } from '../entry-kind.js';
import { contentMissing, notInsertable } from '../shared/refusals.js';
import { readSpec } from '../shared/schema.js';
import { digestTerm, emailTerms, keyTerm, signatureTerm } from '../shared/search-terms.js';
import { type ChartHash, chartHash, readProvenance } from './provenance.js';
import { HELM_SHAPE } from './schema.js';

/** A helm entry as read. */
export interface ProposedHelm {
  /** A key ring, armoured or not, not read yet. */
  readonly publicKey: Uint8Array;
  /** The provenance file; undefined in the form that is stored. */
  readonly provenance: Uint8Array | undefined;
}

/** A helm entry whose signature has been checked. */
export interface ProvenHelm {
  readonly ring: PgpKeyRing;
  readonly signature: PgpSignature;
  readonly hash: ChartHash;
  /** Names of the chart and of the files that the provenance file speaks of. */
  readonly names: readonly string[];
}

/** How helm 0.0.1 is read, verified and stored. */
export const helmV001: EntryVersion<ProposedHelm, ProvenHelm> = {
  verifiedWhen: 'stored',

  parse(input) {
    const spec = readSpec(HELM_SHAPE, input);
    const { signature, content } = spec.chart.provenance;
    if (signature?.content === undefined && content === undefined) {
      throw contentMissing('provenance');
    }
    return { publicKey: spec.publicKey.content, provenance: content };
  },

  assertInsertable({ provenance }) {
    if (provenance === undefined) throw notInsertable('missing provenance content');
  },

  async verify(spec) {
    const ring = await readPgpKeyRing(spec.publicKey);
    const provenance = await readProvenance(spec.provenance ?? new Uint8Array(0));
    const signature = await readPgpSignature(provenance.signature);
    const problem = await pgpSignatureProblem(ring, signature, provenance.signedBytes);
    if (problem !== undefined) throw new LogError('SIGNATURE_INVALID', problem);
    return { ring, signature, hash: chartHash(provenance.files), names: provenance.names };
  },

  canonicalize({ proven }) {
    const { ring, signature, hash } = proven;
    return utf8(
      canonicalJson({
        apiVersion: '0.0.1',
        kind: 'helm',
        spec: {
          chart: {
            hash: { algorithm: hash.algorithm, value: hash.value },
            provenance: { signature: { content: toBase64(signature.canonical) } },
          },
          publicKey: { content: toBase64(ring.canonical) },
        },
      }),
    );
  },

  indexKeys({ proven }) {
    const { ring, hash } = proven;
    return [
      sha256Hex(ring.canonical),
      ...ring.emails,
      `${hash.algorithm}:${hash.value}`.toLowerCase(),
    ];
  },

  searchTerms({ proven }) {
    const { ring, signature, hash, names } = proven;
    return [
      digestTerm(hash.algorithm, hash.value),
      keyTerm(ring.canonical),
      ...emailTerms(ring.emails),
      signatureTerm(signature.content),
      ...names.map((value): SearchTerm => ({ field: 'subject-name', value })),
    ];
  },
};
