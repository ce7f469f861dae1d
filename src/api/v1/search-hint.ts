/** Why a search found nothing: what is known of its parts, and what each field is taken from. */

import type { SearchField, SearchTerm } from '../../entries/entry-kind.js';
import type { SearchCondition, SearchIdentity } from './search-cursor.js';

/**
 * Returns a hint for a search without a result. `isThere` tells whether any entry has one of some terms.
 */
export async function hintFor(
  { conditions, operator }: Omit<SearchIdentity, 'order'>,
  isThere: (terms: readonly SearchTerm[]) => Promise<boolean>,
): Promise<string> {
  const missing: SearchCondition[] = [];
  for (const condition of conditions) {
    // Of a search for any of them, none is there.
    if (operator === 'or' || conditions.length === 1 || !(await isThere(condition.terms))) {
      missing.push(condition);
    }
  }
  if (missing.length === 0) {
    return 'Each of these is in some entry, but no entry has them all; operator=or finds those that have any.';
  }
  const names = missing.slice(0, NAMED).map(({ name, value }) => `${name}=${shortened(value)}`);
  const more = missing.length > NAMED ? ` and ${missing.length - NAMED} more` : '';
  const sources = new Set(missing.map(({ name }) => SOURCES[name as keyof typeof SOURCES]));
  return [`No entry has ${names.join(', ')}${more}.`, ...sources].join(' ');
}

const NAMED = 3;
const SHOWN = 100;

function shortened(value: string): string {
  return value.length > SHOWN ? `${value.slice(0, SHOWN)}…` : value;
}

const CERTIFICATE_NAMES =
  'Names are the alternative names of signing certificates, and the e-mail addresses of PGP user IDs, whole; an ' +
  'entry that was signed with a bare key has none: search for its key.';
const BUILDS =
  "This is taken, whole, from Sigstore's extensions in signing certificates; other keys and certificates do not " +
  'say it.';
const STATEMENTS =
  'This is taken from in-toto statements and from packages that were submitted as they are; a log of digests and ' +
  'signatures alone does not know it.';
const HASHES = 'It is the SHA-256, in hex, of';

const SOURCES: Readonly<Record<SearchField | 'identity', string>> = {
  kind: 'There is no entry of this kind in the log.',
  digest:
    'A digest is found as the entry names it: that of the artifact, the payload, the envelope, or of a subject or ' +
    'material of a statement. The log does not compute others: a sha512 does not lead to an entry that names a ' +
    'sha256, and the digest of an image index not to that of one of its images.',
  signature: `${HASHES} the signature's bytes, not of their base64.`,
  key: `${HASHES} the public key's DER, or of the PEM of the key or certificate chain as the entry has it.`,
  identity: CERTIFICATE_NAMES,
  email: CERTIFICATE_NAMES,
  uri: CERTIFICATE_NAMES,
  dns: CERTIFICATE_NAMES,
  ip: CERTIFICATE_NAMES,
  'other-name': CERTIFICATE_NAMES,
  'certificate-issuer':
    'It is the whole name of the issuer as RFC 4514 writes it: CN=sigstore-intermediate,O=sigstore.dev.',
  issuer: BUILDS,
  repository: BUILDS,
  workflow: BUILDS,
  ref: BUILDS,
  commit: BUILDS,
  run: BUILDS,
  'predicate-type': STATEMENTS,
  'subject-name': STATEMENTS,
  package: STATEMENTS,
};
