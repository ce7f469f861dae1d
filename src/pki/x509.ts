/**
 * Keys of signers in PEM, as Rekor's x509 format takes them: one public key, one certificate, or a chain of at most
 * ten certificates. Rekor v2 takes the first two, in DER.
 *
 * In scope: text or DER to key, the canonical PEM, search keys, the chain's own consistency. Out of scope: trust,
 * expiry and usage of certificates: a log records what was signed, its readers decide whom they believe.
 */

import { utf8 } from '../encoding/bytes.js';
import { trimGoSpace } from '../encoding/go-space.js';
import { fromGoUtf8 } from '../encoding/go-utf8.js';
import { decodePem, encodePem } from '../encoding/pem.js';
import { LogError } from '../errors.js';
import { type Certificate, readCertificate } from './certificate.js';
import { chainProblem } from './certificate-chain.js';
import { type PublicKey, readPublicKey } from './public-key.js';

/** A key, a certificate or a chain. */
export interface X509Key {
  /** The key that signatures are checked with: that of the first certificate. */
  readonly publicKey: PublicKey;
  /** Canonical PEM: 64 columns, LF, no headers, all certificates of a chain in order. */
  readonly canonicalPem: Uint8Array;
  /** Alternative names of the first certificate, as written. */
  readonly subjects: readonly string[];
  /** Certificates in the order given; none for a bare key. */
  readonly certificates: readonly Certificate[];
}

/** Most certificates in one chain. */
const MAX_CHAIN_LENGTH = 10;

/** Returns the key in `pem`. Throws KEY_MALFORMED with Rekor's reason. */
export function readX509Key(pem: Uint8Array): X509Key {
  const text = trimGoSpace(fromGoUtf8(pem));
  const block = decodePem(text);
  if (block === undefined) {
    throw new LogError('KEY_MALFORMED', 'invalid public key: failure decoding PEM');
  }
  // Whatever follows the first block makes the whole a chain, and then everything must be certificates.
  if (block.rest.length > 0) return keyOfChain(readChain(text));
  if (block.label === 'PUBLIC KEY') return readX509KeyInfo(block.der);
  if (block.label === 'CERTIFICATE') return readX509Certificate(block.der);
  throw new LogError('KEY_MALFORMED', `invalid public key: cannot handle type ${block.label}`);
}

/** Returns the key in `der`, one SubjectPublicKeyInfo. Throws KEY_MALFORMED with Rekor's reason. */
export function readX509KeyInfo(der: Uint8Array): X509Key {
  const publicKey = readPublicKey(der);
  return {
    publicKey,
    canonicalPem: utf8(encodePem('PUBLIC KEY', publicKey.der)),
    subjects: [],
    certificates: [],
  };
}

/** Returns the key of `der`, one certificate. Throws KEY_MALFORMED with Rekor's reason. */
export function readX509Certificate(der: Uint8Array): X509Key {
  return keyOfChain([readCertificate(der)]);
}

/** Returns why the certificates of `key` do not form a chain, in Rekor's words; undefined when they do. */
export function x509ChainProblem(key: X509Key): string | undefined {
  return key.certificates.length === 0 ? undefined : chainProblem(key.certificates);
}

function readChain(text: string): Certificate[] {
  const certificates: Certificate[] = [];
  for (let remaining = text; remaining.length > 0; ) {
    if (certificates.length === MAX_CHAIN_LENGTH) {
      throw new LogError('KEY_MALFORMED', 'too many certificates specified in PEM block');
    }
    const block = decodePem(remaining);
    if (block === undefined) throw new LogError('KEY_MALFORMED', 'error during PEM decoding');
    certificates.push(readCertificate(block.der));
    remaining = block.rest;
  }
  return certificates;
}

function keyOfChain(certificates: readonly Certificate[]): X509Key {
  const leaf = certificates[0] as Certificate;
  return {
    publicKey: leaf.publicKey,
    canonicalPem: utf8(certificates.map(({ der }) => encodePem('CERTIFICATE', der)).join('')),
    subjects: leaf.subjects,
    certificates,
  };
}
