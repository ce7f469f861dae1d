/**
 * Who signed an entry of the v2 API: a key or a certificate in DER, and what the submitter says of its algorithm.
 *
 * In scope: reading it in Rekor v2's order and with its reasons, which algorithms are permitted, its form in a leaf.
 * Out of scope: signatures. Validity and issuer of a certificate are nobody's business here.
 */

import { toBase64 } from '../../encoding/base64.js';
import { isLogError, LogError } from '../../errors.js';
import { DIGEST_TITLE, type DigestAlgorithm } from '../../pki/digest-algorithm.js';
import { type PublicKey, rsaSizeBits } from '../../pki/public-key.js';
import { readX509Certificate, readX509KeyInfo, type X509Key } from '../../pki/x509.js';
import type { EntryPolicy } from '../entry-kind.js';
import type { VerifierMessage } from '../v2-messages.js';
import {
  type AlgorithmDescription,
  describedAlgorithm,
  keyDetailsOf,
  publicKeyDetailsName,
} from './public-key-details.js';
import { algorithmName } from './signature-algorithms.js';

/** A verifier as read. */
export interface Verifier {
  readonly form: 'publicKey' | 'x509Certificate';
  /** As received: what the leaf holds. */
  readonly rawBytes: Uint8Array;
  readonly key: X509Key;
  readonly described: AlgorithmDescription;
}

/** Throws ENTRY_MALFORMED unless there is a key or a certificate of at least one byte. */
export function assertVerifier({ form, rawBytes }: VerifierMessage): void {
  if (form !== undefined && rawBytes.length > 0) return;
  const what = form === undefined ? 'signature public key or X.509 certificate' : FORMS[form].bytes;
  throw new LogError('ENTRY_MALFORMED', `invalid verifier: missing ${what}`);
}

/**
 * Returns the key of a verifier that `assertVerifier` has passed. Throws KEY_MALFORMED with Rekor's reason, behind
 * what is being read: by kind of entry `verifier`, or once more what it is.
 */
export function readVerifierKey(
  { form, rawBytes }: VerifierMessage,
  called: 'verifier' | 'as it is',
): X509Key {
  const isCertificate = form === 'x509Certificate';
  try {
    return isCertificate ? readX509Certificate(rawBytes) : readX509KeyInfo(rawBytes);
  } catch (cause) {
    if (!isLogError(cause)) throw cause;
    const { name } = FORMS[form ?? 'publicKey'];
    const outer = called === 'as it is' ? name : called;
    const reason = `parsing ${outer}: parsing ${name}: ${cause.message}`;
    throw new LogError('KEY_MALFORMED', reason, { cause });
  }
}

/** Returns the verifier with its key. Throws ALGORITHM_NOT_ALLOWED for details that describe nothing known. */
export function describedVerifier(message: VerifierMessage, key: X509Key): Verifier {
  const described = describedAlgorithm(message.keyDetails);
  if (described === undefined) {
    throw new LogError(
      'ALGORITHM_NOT_ALLOWED',
      'getting key algorithm details: could not find algorithm details for known signature algorithm: ' +
        publicKeyDetailsName(message.keyDetails),
    );
  }
  const { form = 'publicKey', rawBytes } = message;
  return { form, rawBytes, key, described };
}

/**
 * Throws ALGORITHM_NOT_ALLOWED unless the key with the hash of its details is one of the `permitted` algorithms and of
 * those that the policy allows; under strict details, also unless the details name that very algorithm.
 */
export function assertVerifierPermitted(
  { key, described }: Verifier,
  permitted: ReadonlySet<string>,
  { allowedAlgorithms, v2 }: EntryPolicy,
): void {
  const { keyDetails, hash } = described;
  const algorithm = algorithmName(key.publicKey, hash);
  if (algorithm === undefined || !permitted.has(algorithm) || !allowedAlgorithms.has(algorithm)) {
    throw new LogError('ALGORITHM_NOT_ALLOWED', unsupportedPair(key.publicKey, hash));
  }
  if (v2.strictKeyDetails && described.algorithm !== algorithm) {
    throw new LogError(
      'ALGORITHM_NOT_ALLOWED',
      `keyDetails ${keyDetails} is not what the key signs with: ${keyDetailsOf(algorithm)}`,
    );
  }
}

/** The algorithms, under their names in `--client-signing-algorithms`, that sign a digest. */
export const DIGEST_ALGORITHMS: ReadonlySet<string> = new Set([
  'ecdsa-sha2-256-nistp256',
  'ecdsa-sha2-384-nistp384',
  'ecdsa-sha2-512-nistp521',
  'ed25519-ph',
  'rsa-sign-pkcs1-2048-sha256',
  'rsa-sign-pkcs1-3072-sha256',
  'rsa-sign-pkcs1-4096-sha256',
]);

/** Returns a signature with its verifier as RFC 8785 JSON. By hand: base64 and our own names need no escaping. */
export function signatureJson(content: Uint8Array, verifier: Verifier): string {
  const { form, rawBytes, described } = verifier;
  return (
    `{"content":"${toBase64(content)}","verifier":{"keyDetails":"${described.keyDetails}",` +
    `"${form}":{"rawBytes":"${toBase64(rawBytes)}"}}}`
  );
}

/** Names of hashes in dev.sigstore.common.v1.HashAlgorithm. */
export const PROTOBUF_HASH: Readonly<Record<DigestAlgorithm, string>> = {
  sha256: 'SHA2_256',
  sha384: 'SHA2_384',
  sha512: 'SHA2_512',
};

const FORMS = {
  publicKey: { name: 'public key', bytes: 'public key raw bytes' },
  x509Certificate: { name: 'certificate', bytes: 'X.509 certificate raw bytes' },
} as const;

function unsupportedPair(key: PublicKey, hash: DigestAlgorithm | undefined): string {
  const digest = hash === undefined ? 'unknown hash value 0' : DIGEST_TITLE[hash];
  switch (key.type) {
    case 'rsa':
      return `unsupported entry algorithm for RSA key, size ${rsaSizeBits(key.modulus)}, digest ${digest}`;
    case 'ecdsa':
      return `unsupported entry algorithm for ECDSA key, curve ${key.curve.name}, digest ${digest}`;
    case 'ed25519':
      return `unsupported entry algorithm for Ed25519 key, digest ${digest}`;
    case 'unsupported':
      return `unsupported key type ${key.algorithm}, digest ${digest}`;
  }
}
