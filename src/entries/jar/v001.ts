/**
 * jar 0.0.1: a signed JAR, of which the log keeps the hash, the signature block and its first certificate.
 *
 * A proposal carries the archive; what it says about the signature is read and passed over.
 */

import { sha256Hex } from '#sha256';
import { toBase64 } from '../../encoding/base64.js';
import { utf8 } from '../../encoding/bytes.js';
import { encodePem } from '../../encoding/pem.js';
import { LogError } from '../../errors.js';
import { readX509Key } from '../../pki/x509.js';
import type { EntryVersion, SearchTerm } from '../entry-kind.js';
import { artifactDigest } from '../shared/artifact-digest.js';
import { contentMissing, notInsertable } from '../shared/refusals.js';
import { readSpec } from '../shared/schema.js';
import { digestTerm, keyTerm, signatureTerm, x509KeyTerms } from '../shared/search-terms.js';
import { jarPackageTerms } from './package-terms.js';
import { JAR_SHAPE, type JarSpec } from './schema.js';
import { verifyJar } from './verify-jar.js';

/** What is stored of a JAR. */
export interface StoredJar {
  /** Hex SHA-256 of the archive. */
  readonly hash: string;
  /** PEM of the signature block. */
  readonly signature: Uint8Array;
  /** PEM of the first certificate in it. */
  readonly certificate: Uint8Array;
}

/** The stored members, and what only the archive can tell. */
export interface ProvenJar {
  readonly stored: StoredJar;
  readonly terms: readonly SearchTerm[];
}

/** How jar 0.0.1 is read, verified and stored. */
export const jarV001: EntryVersion<JarSpec, ProvenJar> = {
  verifiedWhen: 'stored',

  parse(input) {
    const spec = readSpec(JAR_SHAPE, input);
    const { archive, signature } = spec;
    if (signature === undefined && archive.content === undefined) {
      throw contentMissing('package');
    }
    if (archive.hash !== undefined && !/^[0-9A-Fa-f]{64}$/.test(archive.hash.value)) {
      throw new LogError('ENTRY_MALFORMED', 'invalid value for hash');
    }
    return spec;
  },

  assertInsertable({ archive }) {
    if (archive.content === undefined) throw notInsertable('missing archive content');
  },

  // The stored form has no content: it is read as an empty archive, and refused.
  async verify({ archive: { content = new Uint8Array(0), hash: given } }, { limits }) {
    const hash = artifactDigest({ content, hash: given });
    const jar = await verifyJar(content, limits);
    const block = utf8(encodePem('PKCS7', jar.block));
    const signerPem = utf8(encodePem('CERTIFICATE', jar.signer.certificate.der));
    return {
      stored: {
        hash,
        signature: block,
        certificate: utf8(encodePem('CERTIFICATE', jar.firstCertificate)),
      },
      terms: [
        signatureTerm(jar.signer.signer.signature),
        ...x509KeyTerms(readX509Key(signerPem)),
        ...(await jarPackageTerms(jar)),
      ],
    };
  },

  // The RFC 8785 form by hand: no member needs escaping.
  canonicalize({ proven }) {
    const { hash, signature, certificate } = proven.stored;
    return utf8(
      '{"apiVersion":"0.0.1","kind":"jar","spec":{"archive":{"hash":{"algorithm":"sha256",' +
        `"value":"${hash}"}},"signature":{"content":"${toBase64(signature)}",` +
        `"publicKey":{"content":"${toBase64(certificate)}"}}}}`,
    );
  },

  // The hash of the block where other kinds have that of the key: so it is in Rekor.
  indexKeys({ proven }) {
    const { hash, signature } = proven.stored;
    return [sha256Hex(signature), `sha256:${hash}`];
  },

  searchTerms({ proven }) {
    const { hash, signature, certificate } = proven.stored;
    return [
      digestTerm('sha256', hash),
      signatureTerm(signature),
      keyTerm(certificate),
      ...proven.terms,
    ];
  },
};
