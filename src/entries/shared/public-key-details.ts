/**
 * The numbers and names of dev.sigstore.common.v1.PublicKeyDetails, by which Rekor v2's messages say what a key is, and
 * what those that it knows stand for.
 *
 * Spec: protos/sigstore_common.proto of sigstore/protobuf-specs. In scope: the table. Out of scope: whether a key is
 * what its details say (v2-verifier.ts).
 */

import type { DigestAlgorithm } from '../../pki/digest-algorithm.js';

/** Every name with its number, 0 included. */
export const PUBLIC_KEY_DETAILS: ReadonlyMap<string, number> = new Map([
  ['PUBLIC_KEY_DETAILS_UNSPECIFIED', 0],
  ['PKCS1_RSA_PKCS1V5', 1],
  ['PKCS1_RSA_PSS', 2],
  ['PKIX_RSA_PKCS1V5', 3],
  ['PKIX_RSA_PSS', 4],
  ['PKIX_ECDSA_P256_SHA_256', 5],
  ['PKIX_ECDSA_P256_HMAC_SHA_256', 6],
  ['PKIX_ED25519', 7],
  ['PKIX_ED25519_PH', 8],
  ['PKIX_RSA_PKCS1V15_2048_SHA256', 9],
  ['PKIX_RSA_PKCS1V15_3072_SHA256', 10],
  ['PKIX_RSA_PKCS1V15_4096_SHA256', 11],
  ['PKIX_ECDSA_P384_SHA_384', 12],
  ['PKIX_ECDSA_P521_SHA_512', 13],
  ['LMS_SHA256', 14],
  ['LMOTS_SHA256', 15],
  ['PKIX_RSA_PSS_2048_SHA256', 16],
  ['PKIX_RSA_PSS_3072_SHA256', 17],
  ['PKIX_RSA_PSS_4096_SHA256', 18],
  ['PKIX_ECDSA_P384_SHA_256', 19],
  ['PKIX_ECDSA_P521_SHA_256', 20],
  ['ML_DSA_65', 21],
  ['ML_DSA_87', 22],
  ['ML_DSA_44', 23],
]);

/** What a value that Rekor v2 knows stands for. */
export interface AlgorithmDescription {
  readonly keyDetails: string;
  /** The name in `--client-signing-algorithms` of both APIs. */
  readonly algorithm: string;
  /** What the message is hashed with; undefined where the message itself is signed. */
  readonly hash: DigestAlgorithm | undefined;
}

/** Returns the name of a number; of one that has none, its digits. */
export function publicKeyDetailsName(number: number): string {
  return NAMES.get(number) ?? String(number);
}

/** Returns what a number stands for, undefined for one that Rekor v2 does not know. */
export function describedAlgorithm(number: number): AlgorithmDescription | undefined {
  return DESCRIPTIONS.get(number);
}

/** Returns the details of an algorithm by its name in `--client-signing-algorithms`, undefined for an unknown one. */
export function keyDetailsOf(algorithm: string): string | undefined {
  return [...DESCRIPTIONS.values()].find((one) => one.algorithm === algorithm)?.keyDetails;
}

const NAMES: ReadonlyMap<number, string> = new Map(
  [...PUBLIC_KEY_DETAILS].map(([name, number]) => [number, name]),
);

const DESCRIPTIONS: ReadonlyMap<number, AlgorithmDescription> = new Map(
  (
    [
      ['PKIX_RSA_PKCS1V15_2048_SHA256', 'rsa-sign-pkcs1-2048-sha256', 'sha256'],
      ['PKIX_RSA_PKCS1V15_3072_SHA256', 'rsa-sign-pkcs1-3072-sha256', 'sha256'],
      ['PKIX_RSA_PKCS1V15_4096_SHA256', 'rsa-sign-pkcs1-4096-sha256', 'sha256'],
      ['PKIX_RSA_PSS_2048_SHA256', 'rsa-sign-pss-2048-sha256', 'sha256'],
      ['PKIX_RSA_PSS_3072_SHA256', 'rsa-sign-pss-3072-sha256', 'sha256'],
      ['PKIX_RSA_PSS_4096_SHA256', 'rsa-sign-pss-4096-sha256', 'sha256'],
      ['PKIX_ECDSA_P256_SHA_256', 'ecdsa-sha2-256-nistp256', 'sha256'],
      ['PKIX_ECDSA_P384_SHA_384', 'ecdsa-sha2-384-nistp384', 'sha384'],
      ['PKIX_ECDSA_P384_SHA_256', 'ecdsa-sha2-256-nistp384', 'sha256'],
      ['PKIX_ECDSA_P521_SHA_512', 'ecdsa-sha2-512-nistp521', 'sha512'],
      ['PKIX_ECDSA_P521_SHA_256', 'ecdsa-sha2-256-nistp521', 'sha256'],
      ['PKIX_ED25519', 'ed25519', undefined],
      ['PKIX_ED25519_PH', 'ed25519-ph', 'sha512'],
    ] as const
  ).map(([keyDetails, algorithm, hash]) => [
    PUBLIC_KEY_DETAILS.get(keyDetails) as number,
    { keyDetails, algorithm, hash },
  ]),
);
