/**
 * Keys of signers as search terms: the hash under which the index knows them.
 *
 * In scope: the formats that index/retrieve names. Out of scope: looking anything up.
 */

import { sha256Hex } from '#sha256';
import { isLogError, LogError } from '../errors.js';

/**
 * Returns the lower-case hex SHA-256 of the canonical form of a key. Throws KEY_MALFORMED with the API's
 * message for content that is no key of that format, and for formats that no kind of entry here uses.
 */
export async function canonicalPublicKeyHash(format: string, content: Uint8Array): Promise<string> {
  const read = CANONICAL_FORMS.get(format);
  if (read === undefined) throw unparsable(`keys of format ${format} are not read by this server`);
  try {
    return sha256Hex(await read(content));
  } catch (cause) {
    if (isLogError(cause)) throw unparsable(cause);
    throw cause;
  }
}

/** What reads each format is loaded when the first key of that format is asked for. */
const CANONICAL_FORMS: ReadonlyMap<string, (content: Uint8Array) => Promise<Uint8Array>> = new Map([
  ['x509', async (content) => (await import('./x509.js')).readX509Key(content).canonicalPem],
  [
    'pgp',
    async (content) =>
      (await (await import('./pgp/key-ring.js')).readPgpKeyRing(content)).canonical,
  ],
  [
    'ssh',
    async (content) =>
      (await import('./ssh/authorized-keys.js')).readAuthorizedKey(content).canonical,
  ],
  [
    'minisign',
    async (content) => (await import('./minisign.js')).readMinisignKey(content).canonical,
  ],
  ['tuf', async (content) => (await import('./tuf/root.js')).readTufRoot(content).canonical],
]);

function unparsable(cause: unknown): LogError {
  return new LogError('KEY_MALFORMED', 'public key provided could not be parsed', { cause });
}
