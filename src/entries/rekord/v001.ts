/**
 * rekord 0.0.1: a detached signature over an artifact that comes with it, of which the log keeps the hash.
 *
 * A proposal carries the artifact; the stored form carries its hash alone and can only be read.
 */

import { sha256Hex } from '#sha256';
import { toBase64 } from '../../encoding/base64.js';
import { utf8 } from '../../encoding/bytes.js';
import { LogError } from '../../errors.js';
import type { EntryVersion, SearchTerm } from '../entry-kind.js';
import { artifactDigest, type GivenArtifact, readArtifact } from '../shared/artifact-digest.js';
import { assertContent, notInsertable } from '../shared/refusals.js';
import { readSpec } from '../shared/schema.js';
import { digestTerm, signatureTerm } from '../shared/search-terms.js';
import { DETACHED_SIGNATURE_READERS } from './formats.js';
import { REKORD_SHAPE, type RekordFormat } from './schema.js';

/** A rekord as read. */
export interface Rekord {
  readonly format: RekordFormat;
  readonly signature: Uint8Array;
  readonly key: Uint8Array;
  readonly artifact: GivenArtifact;
}

/** A rekord whose signature is over its content, in the forms that are stored. */
export interface ProvenRekord {
  readonly format: RekordFormat;
  readonly signature: Uint8Array;
  readonly key: Uint8Array;
  /** SHA-256 of the content, lower-case hex. */
  readonly hash: string;
  readonly subjects: readonly string[];
  readonly keyTerms: readonly SearchTerm[];
}

/** How rekord 0.0.1 is read, verified and stored. */
export const rekordV001: EntryVersion<Rekord, ProvenRekord> = {
  verifiedWhen: 'stored',

  parse(input) {
    const { signature, data } = readSpec(REKORD_SHAPE, input);
    assertContent(signature.content, 'signature');
    assertContent(signature.publicKey.content, 'publicKey');
    if (data.hash?.value === '') throw new LogError('ENTRY_MALFORMED', 'missing hash value');
    return {
      format: signature.format as RekordFormat,
      signature: signature.content,
      key: signature.publicKey.content,
      artifact: readArtifact('data', { content: data.content, hash: data.hash }),
    };
  },

  assertInsertable({ artifact }) {
    if (artifact.content.length === 0) throw notInsertable('missing data content');
  },

  async verify({ format, signature, key, artifact }, { verifySignatures }) {
    const hash = artifactDigest(artifact);
    const signed = await DETACHED_SIGNATURE_READERS[format](signature, key);
    const problem = await signed.problem(artifact.content, verifySignatures);
    if (problem !== undefined) throw new LogError('SIGNATURE_INVALID', problem);
    const { subjects, keyTerms } = signed;
    return { format, signature: signed.signature, key: signed.key, hash, subjects, keyTerms };
  },

  // The RFC 8785 form by hand: no member needs escaping.
  canonicalize({ proven: { format, signature, key, hash } }) {
    return utf8(
      `{"apiVersion":"0.0.1","kind":"rekord","spec":{"data":{"hash":{"algorithm":"sha256",` +
        `"value":"${hash}"}},"signature":{"content":"${toBase64(signature)}","format":"${format}",` +
        `"publicKey":{"content":"${toBase64(key)}"}}}}`,
    );
  },

  indexKeys({ proven: { key, subjects, hash } }) {
    return [sha256Hex(key), ...subjects, `sha256:${hash}`];
  },

  searchTerms({ proven: { signature, keyTerms, hash } }) {
    return [...keyTerms, signatureTerm(signature), digestTerm('sha256', hash)];
  },
};
