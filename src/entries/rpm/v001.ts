/** rpm 0.0.1: an RPM package, signed by a key of an OpenPGP key ring. */

import { sha256Hex } from '#sha256';
import { toBase64 } from '../../encoding/base64.js';
import { utf8 } from '../../encoding/bytes.js';
import { canonicalJson } from '../../encoding/canonical-json.js';
import { LogError } from '../../errors.js';
import { type PgpKeyRing, readPgpKeyRing } from '../../pki/pgp/key-ring.js';
import { pgpPacketProblem } from '../../pki/pgp/signature.js';
import type { EntryVersion } from '../entry-kind.js';
import { artifactDigest, type GivenArtifact, readArtifact } from '../shared/artifact-digest.js';
import { packageIdentityTerms } from '../shared/package-url.js';
import { assertContent, notInsertable } from '../shared/refusals.js';
import { readSpec } from '../shared/schema.js';
import { digestTerm, emailTerms, keyTerm, signatureTerm } from '../shared/search-terms.js';
import { type PackageHeaders, packageHeaders, type RpmPackage, readRpmPackage } from './package.js';
import { RPM_SHAPE } from './schema.js';

/** An rpm entry as read. */
export interface ProposedRpm {
  readonly artifact: GivenArtifact;
  /** A key ring, armoured or not, not read yet. */
  readonly publicKey: Uint8Array;
}

/** An rpm entry whose digests and signatures have been checked. */
export interface ProvenRpm {
  /** SHA-256 of the package in hex. */
  readonly digest: string;
  readonly ring: PgpKeyRing;
  readonly content: RpmPackage;
  readonly headers: PackageHeaders;
}

/** How rpm 0.0.1 is read, verified and stored. */
export const rpmV001: EntryVersion<ProposedRpm, ProvenRpm> = {
  verifiedWhen: 'stored',

  parse(input) {
    const spec = readSpec(RPM_SHAPE, input);
    const publicKey = spec.publicKey.content;
    assertContent(publicKey, 'publicKey');
    return { artifact: readArtifact('package', spec.package), publicKey };
  },

  assertInsertable({ artifact }) {
    if (artifact.content.length === 0) throw notInsertable('missing package content');
  },

  async verify({ artifact, publicKey }) {
    const ring = await readPgpKeyRing(publicKey);
    const digest = artifactDigest(artifact);
    const content = readRpmPackage(artifact.content);
    // All have to be right: a package with one good and one bad signature is a damaged package.
    for (const { packets, message } of content.signatures) {
      const problem = await pgpPacketProblem(ring, packets, message);
      if (problem !== undefined) throw new LogError('SIGNATURE_INVALID', problem);
    }
    if (content.signatures.length === 0) {
      throw new LogError('SIGNATURE_INVALID', 'no supported PGP signature found in RPM');
    }
    return { digest, ring, content, headers: packageHeaders(content) };
  },

  canonicalize({ proven }) {
    const { digest, ring, headers } = proven;
    return utf8(
      canonicalJson({
        apiVersion: '0.0.1',
        kind: 'rpm',
        spec: {
          package: { hash: { algorithm: 'sha256', value: digest }, headers },
          publicKey: { content: toBase64(ring.canonical) },
        },
      }),
    );
  },

  indexKeys({ proven }) {
    const { digest, ring } = proven;
    return [sha256Hex(ring.canonical), ...ring.emails, `sha256:${digest}`];
  },

  searchTerms({ proven }) {
    const { digest, ring, content, headers } = proven;
    const { Name, Epoch, Version, Release, Architecture } = headers;
    return [
      digestTerm('sha256', digest),
      ...content.digests.map(([algorithm, value]) => digestTerm(algorithm, value)),
      keyTerm(ring.canonical),
      ...emailTerms(ring.emails),
      ...content.signatures.map(({ packets }) => signatureTerm(packets)),
      ...packageIdentityTerms({
        type: 'rpm',
        name: Name,
        version: `${Version}-${Release}`,
        qualifiers: { arch: Architecture, epoch: Epoch === '0' ? '' : Epoch },
      }),
    ];
  },
};
