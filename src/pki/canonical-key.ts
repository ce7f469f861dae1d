/**
 * Keys of signers as search terms: the hash under which the index knows them.
 *
 * In scope: the formats that index/retrieve names. Out of scope: looking anything up.
 */

import { sha256 } from '#sha256';
import { toHex } from '../encoding/hex.js';
import { isLogError, LogError } from '../errors.js';
import { readX509Key } from './x509.js';

/**
 * Returns the lower-case hex SHA-256 of the canonical form of a key. Throws KEY_MALFORMED with the API's
 * message for content that is no key of that format, and for formats that no kind of entry here uses.
 */
export function canonicalPublicKeyHash(format: string, content: Uint8Array): string {
  if (format !== 'x509') throw unparsable(`keys of format ${format} are not read by this server`);
  try {
    return toHex(sha256(readX509Key(content).canonicalPem));
  } catch (cause) {
    if (isLogError(cause)) throw unparsable(cause);
    throw cause;
  }
}

function unparsable(cause: unknown): LogError {
  return new LogError('KEY_MALFORMED', 'public key provided could not be parsed', { cause });
}
