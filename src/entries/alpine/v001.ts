/** alpine 0.0.1: an Alpine package, signed by a key in PEM. */

import { createHash } from 'node:crypto';
import { sha256Hex } from '#sha256';
import { toBase64 } from '../../encoding/base64.js';
import { utf8 } from '../../encoding/bytes.js';
import { canonicalJson } from '../../encoding/canonical-json.js';
import { LogError } from '../../errors.js';
import { readX509Key, type X509Key } from '../../pki/x509.js';
import type { EntryVersion } from '../entry-kind.js';
import { artifactDigest, type GivenArtifact, readArtifact } from '../shared/artifact-digest.js';
import { packageIdentityTerms } from '../shared/package-url.js';
import { assertContent, notInsertable } from '../shared/refusals.js';
import { readSpec } from '../shared/schema.js';
import { digestTerm, signatureTerm, x509KeyTerms } from '../shared/search-terms.js';
import { type AlpinePackage, readAlpinePackage } from './package.js';
import { ALPINE_SHAPE } from './schema.js';
import { sha1SignatureProblem } from './signature.js';

/** An alpine entry as read. */
export interface ProposedAlpine {
  readonly artifact: GivenArtifact;
  /** PEM, not read yet. */
  readonly publicKey: Uint8Array;
}

/** An alpine entry whose package has been unpacked and whose signature has been checked. */
export interface ProvenAlpine {
  /** SHA-256 of the package in hex. */
  readonly digest: string;
  readonly key: X509Key;
  readonly content: AlpinePackage;
}

/** How alpine 0.0.1 is read, verified and stored. */
export const alpineV001: EntryVersion<ProposedAlpine, ProvenAlpine> = {
  verifiedWhen: 'stored',

  parse(input) {
    const spec = readSpec(ALPINE_SHAPE, input);
    const publicKey = spec.publicKey.content;
    assertContent(publicKey, 'publicKey');
    return { artifact: readArtifact('package', spec.package), publicKey };
  },

  assertInsertable({ artifact }) {
    if (artifact.content.length === 0) throw notInsertable('missing package content');
  },

  async verify({ artifact, publicKey }, { limits }) {
    const key = readX509Key(publicKey);
    const digest = artifactDigest(artifact);
    const content = await readAlpinePackage(artifact.content, limits.apkMetadataBytes);
    const problem = sha1SignatureProblem(key.publicKey, content.control, content.signature);
    if (problem !== undefined) throw new LogError('SIGNATURE_INVALID', problem);
    return { digest, key, content };
  },

  canonicalize({ proven }) {
    const { digest, key, content } = proven;
    return utf8(
      canonicalJson({
        apiVersion: '0.0.1',
        kind: 'alpine',
        spec: {
          package: {
            hash: { algorithm: 'sha256', value: digest },
            pkginfo: Object.fromEntries(content.pkginfo),
          },
          publicKey: { content: toBase64(key.canonicalPem) },
        },
      }),
    );
  },

  indexKeys({ proven }) {
    const { digest, key } = proven;
    return [sha256Hex(key.canonicalPem), ...key.subjects, `sha256:${digest}`];
  },

  searchTerms({ proven }) {
    const { digest, key, content } = proven;
    const fact = (name: string) => content.pkginfo.get(name) ?? '';
    return [
      digestTerm('sha256', digest),
      digestTerm('sha256', fact('datahash')),
      // The identity that Alpine's package index has for the package.
      digestTerm('sha1', createHash('sha1').update(content.control).digest('hex')),
      ...x509KeyTerms(key),
      signatureTerm(content.signature),
      ...packageIdentityTerms({
        type: 'apk',
        namespace: 'alpine',
        name: fact('pkgname'),
        version: fact('pkgver'),
        qualifiers: { arch: fact('arch') },
      }),
    ];
  },
};
