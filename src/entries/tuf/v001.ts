/**
 * tuf 0.0.1: metadata of a TUF repository under the root that it is signed under.
 *
 * The proposal and what the log stores have the same form: the stored one has both documents in base64.
 */

import { sha256Hex } from '#sha256';
import { toBase64 } from '../../encoding/base64.js';
import { utf8 } from '../../encoding/bytes.js';
import { isJsonObject, member } from '../../encoding/go-json.js';
import { isLogError, LogError } from '../../errors.js';
import {
  assertNotExpired,
  readTufRoot,
  type TufRoot,
  verifyTufMetadata,
} from '../../pki/tuf/root.js';
import {
  readSignedMetadata,
  type SignedMetadata,
  storedMetadata,
} from '../../pki/tuf/signed-metadata.js';
import type { EntryVersion } from '../entry-kind.js';
import { readSpec } from '../shared/schema.js';
import { digestTerm, keyTerm, signatureTerm } from '../shared/search-terms.js';
import { type TufContent, tufContent, tufDocument } from './document.js';

/** The two documents, not yet looked at. */
export interface TufSpec {
  readonly metadata: TufContent;
  readonly root: TufContent;
}

/** Metadata and root, both verified. */
export interface ProvenTuf {
  readonly root: TufRoot;
  readonly metadata: SignedMetadata;
  /** What is stored of the metadata. */
  readonly canonicalMetadata: Uint8Array;
}

/** How tuf 0.0.1 is read, verified and stored. */
export const tufV001: EntryVersion<TufSpec, ProvenTuf> = {
  verifiedWhen: 'stored',

  parse(input, _, specText) {
    readSpec(ANY_OBJECT, input);
    const failures = ['metadata', 'root'].flatMap((name) => contentFailure(input, name));
    if (failures.length > 0) {
      throw new LogError('ENTRY_MALFORMED', `validation failure list:\n${failures.join('\n')}`);
    }
    return {
      metadata: tufContent(input, specText, 'metadata'),
      root: tufContent(input, specText, 'root'),
    };
  },

  // Whatever the schema lets through is complete.
  assertInsertable() {},

  async verify(spec, { nowMs, limits }) {
    const metadata = readMetadata(tufDocument(spec.metadata, 'metadata'));
    const root = readTufRoot(tufDocument(spec.root, 'root'), { nowMs, limits });
    verifyTufMetadata(metadata, metadata.type, root.roles, limits.signatures);
    assertNotExpired(metadata, nowMs);
    return { root, metadata, canonicalMetadata: storedMetadata(metadata) };
  },

  canonicalize({ proven }) {
    const { root, canonicalMetadata } = proven;
    const { specVersion } = root.metadata;
    const version = specVersion === '' ? '' : `,"spec_version":${JSON.stringify(specVersion)}`;
    return utf8(
      `{"apiVersion":"0.0.1","kind":"tuf","spec":{"metadata":{"content":"${toBase64(canonicalMetadata)}"},` +
        `"root":{"content":"${toBase64(root.canonical)}"}${version}}}`,
    );
  },

  indexKeys({ proven }) {
    const { root, metadata, canonicalMetadata } = proven;
    return [
      sha256Hex(canonicalMetadata),
      metadata.type,
      `${metadata.version}`,
      sha256Hex(root.canonical),
    ];
  },

  searchTerms({ proven }) {
    const { root, metadata, canonicalMetadata } = proven;
    return [
      digestTerm('sha256', sha256Hex(canonicalMetadata)),
      digestTerm('sha256', sha256Hex(root.canonical)),
      keyTerm(root.canonical),
      ...metadata.signatures.map(({ signature }) => signatureTerm(signature)),
      { field: 'subject-name', value: metadata.type },
    ];
  },
};

/** The members are checked by hand: `content` may be a value of any type. */
const ANY_OBJECT = { type: 'object', members: {} } as const;

function contentFailure(spec: unknown, name: string): string[] {
  const object = member(spec, name);
  if (!isJsonObject(object)) return [`${name} in body is required`];
  const content = member(object, 'content') ?? null;
  return content === null ? [`${name}.${name}.content in body is required`] : [];
}

function readMetadata(document: Uint8Array): SignedMetadata {
  try {
    return readSignedMetadata(document);
  } catch (cause) {
    if (!isLogError(cause, 'ENCODING_MALFORMED')) throw cause;
    throw new LogError('ENTRY_MALFORMED', cause.message, { cause });
  }
}
