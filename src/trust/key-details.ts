/** The names of PublicKeyDetails (sigstore_common.proto) for the keys of logs. */

import { LogError } from '../errors.js';
import { type PublicKey, readPublicKey } from '../pki/public-key.js';

/**
 * Returns the name for the key of our own log, which signs SHA-256 whatever its curve; most clients know no name of an
 * ECDSA key but that of P-256 with that hash. Throws KEY_MALFORMED for a key that no log signs with.
 */
export function logKeyDetails(publicKeyDer: Uint8Array): string {
  const key = readPublicKey(publicKeyDer);
  return key.type === 'ecdsa'
    ? nameOf(key, { 'P-384': 'PKIX_ECDSA_P384_SHA_256', 'P-521': 'PKIX_ECDSA_P521_SHA_256' })
    : nameOf(key, {});
}

/** Returns the name for the key of somebody else's log. Throws KEY_MALFORMED for a key that has none. */
export function publicKeyDetails(publicKeyDer: Uint8Array): string {
  return nameOf(readPublicKey(publicKeyDer), {
    'P-384': 'PKIX_ECDSA_P384_SHA_384',
    'P-521': 'PKIX_ECDSA_P521_SHA_512',
  });
}

function nameOf(key: PublicKey, largeCurves: Readonly<Record<string, string>>): string {
  switch (key.type) {
    case 'ed25519':
      return 'PKIX_ED25519';
    case 'rsa':
      return rsaName(key.modulusBits);
    case 'ecdsa': {
      const { name } = key.curve;
      const details = name === 'P-256' ? 'PKIX_ECDSA_P256_SHA_256' : largeCurves[name];
      if (details !== undefined) return details;
      throw new LogError('KEY_MALFORMED', `clients know no ECDSA key on ${name}`);
    }
    default:
      throw new LogError('KEY_MALFORMED', `clients know no key of the algorithm ${key.algorithm}`);
  }
}

/** Three sizes have a name; clients take from it padding and hash alone, so any other size goes by the next smaller. */
function rsaName(bits: number): string {
  if (bits < 2048) throw new LogError('KEY_MALFORMED', `clients know no RSA key of ${bits} bits`);
  const size = bits >= 4096 ? 4096 : bits >= 3072 ? 3072 : 2048;
  return `PKIX_RSA_PKCS1V15_${size}_SHA256`;
}
