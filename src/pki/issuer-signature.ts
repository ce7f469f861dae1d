/**
 * The signature of one certificate held against the key of another, as Go's crypto/x509 does it.
 *
 * In scope: may this key sign certificates, did it sign this one, and why not, in Rekor's words. Out of
 * scope: names and times (certificate-chain.ts).
 */

import { X509Certificate } from 'node:crypto';
import { toHex } from '../encoding/hex.js';
import type { Certificate } from './certificate.js';
import type { PublicKey } from './public-key.js';
import { rsaKeyProblem } from './rsa-digest.js';

/** Returns why `issuer` did not sign `child`, in Rekor's words; undefined when it did. */
export function issuerSignatureProblem(
  child: Certificate,
  issuer: Certificate,
): string | undefined {
  if (!mayIssue(issuer)) {
    return 'x509: invalid signature: parent certificate cannot sign this kind of certificate';
  }
  const broken = BROKEN_SIGNATURES.get(child.signatureAlgorithm);
  if (broken !== undefined) {
    return `x509: cannot verify signature: insecure algorithm ${broken}`;
  }
  const key = issuer.publicKey;
  const expected = signingKeyType(child);
  if (expected === undefined || key.type === 'unsupported') return UNSUPPORTED;
  if (key.type !== expected) {
    const { algorithm } = KEY_TYPES[expected];
    const { goType } = KEY_TYPES[key.type];
    return `x509: signature algorithm specifies an ${algorithm} public key, but have public key of type ${goType}`;
  }
  const unusable =
    key.type === 'rsa' ? rsaKeyProblem(key.modulus, key.modulusBits, key.exponent) : undefined;
  if (unusable !== undefined) return unusable;
  return isSigned(child, issuer) ? undefined : KEY_TYPES[expected].failure;
}

const UNSUPPORTED = 'x509: cannot verify signature: algorithm unimplemented';

/** Signatures by these algorithms prove nothing any more: hashes by MD5 or SHA-1. */
const BROKEN_SIGNATURES: ReadonlyMap<string, string> = new Map([
  ['1.2.840.113549.1.1.4', 'MD5-RSA'],
  ['1.2.840.113549.1.1.5', 'SHA1-RSA'],
  ['1.3.14.3.2.29', 'SHA1-RSA'],
  ['1.2.840.10045.4.1', 'ECDSA-SHA1'],
  ['1.2.840.10040.4.3', 'DSA-SHA1'],
]);

type SigningKeyType = Exclude<PublicKey['type'], 'unsupported'>;

const KEY_TYPES: Readonly<
  Record<SigningKeyType, { algorithm: string; goType: string; failure: string }>
> = {
  rsa: { algorithm: 'RSA', goType: '*rsa.PublicKey', failure: 'crypto/rsa: verification error' },
  ecdsa: {
    algorithm: 'ECDSA',
    goType: '*ecdsa.PublicKey',
    failure: 'x509: ECDSA verification failure',
  },
  ed25519: {
    algorithm: 'Ed25519',
    goType: 'ed25519.PublicKey',
    failure: 'x509: Ed25519 verification failure',
  },
};

/** RSA and ECDSA with SHA-256, SHA-384 or SHA-512. */
const SIGNING_KEY_TYPES: ReadonlyMap<string, SigningKeyType> = new Map([
  ['1.2.840.113549.1.1.11', 'rsa'],
  ['1.2.840.113549.1.1.12', 'rsa'],
  ['1.2.840.113549.1.1.13', 'rsa'],
  ['1.2.840.10045.4.3.2', 'ecdsa'],
  ['1.2.840.10045.4.3.3', 'ecdsa'],
  ['1.2.840.10045.4.3.4', 'ecdsa'],
]);

const RSA_PSS = '1.2.840.113549.1.1.10';
const ED25519 = '1.3.101.112';

/**
 * Parameters of RSA-PSS in hexadecimal: one of the three hashes, the same in MGF1, as much salt as the hash
 * has octets. Their NULLs may be left out, the trailer field may be stated.
 */
const PSS_VARIANTS: readonly RegExp[] = [
  ['01', '20'],
  ['02', '30'],
  ['03', '40'],
].map(([hash, salt]) => {
  const identifier = `30..06096086480165030402${hash}(?:0500)?`;
  return new RegExp(
    `^30..a0..${identifier}a1..30..06092a864886f70d010108${identifier}a2030201${salt}(?:a303020101)?$`,
  );
});

function signingKeyType(child: Certificate): SigningKeyType | undefined {
  const { signatureAlgorithm, signatureParameters } = child;
  if (signatureAlgorithm === ED25519) {
    return signatureParameters.length === 0 ? 'ed25519' : undefined;
  }
  if (signatureAlgorithm !== RSA_PSS) return SIGNING_KEY_TYPES.get(signatureAlgorithm);
  const stated = toHex(signatureParameters);
  const isKnown = PSS_VARIANTS.some((variant) => variant.test(stated));
  return isKnown ? 'rsa' : undefined;
}

function mayIssue(issuer: Certificate): boolean {
  if (!issuer.mayIssue) return false;
  return issuer.basicConstraints?.isAuthority ?? issuer.version < 3;
}

function isSigned(child: Certificate, issuer: Certificate): boolean {
  try {
    return new X509Certificate(child.der).verify(new X509Certificate(issuer.der).publicKey);
  } catch {
    // OpenSSL cannot read the certificate or its key: then it proves nothing either.
    return false;
  }
}
