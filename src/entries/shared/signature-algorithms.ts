/**
 * The names that Rekor's `--client-signing-algorithms` gives to pairs of key and hash, and what they stand for.
 */

import type { DigestAlgorithm } from '../../pki/digest-algorithm.js';
import { type PublicKey, rsaSizeBits } from '../../pki/public-key.js';

interface SignatureAlgorithm {
  readonly name: string;
  /** Undefined where the message itself is signed. */
  readonly hash: DigestAlgorithm | undefined;
  readonly fits: (key: PublicKey) => boolean;
}

const rsa = (bits: number) => (key: PublicKey) =>
  key.type === 'rsa' && rsaSizeBits(key.modulus) === bits;
const curve = (name: string) => (key: PublicKey) => key.type === 'ecdsa' && key.curve.name === name;
const ed25519 = (key: PublicKey) => key.type === 'ed25519';

const ALGORITHMS: readonly SignatureAlgorithm[] = [
  { name: 'ecdsa-sha2-256-nistp256', hash: 'sha256', fits: curve('P-256') },
  { name: 'ecdsa-sha2-384-nistp384', hash: 'sha384', fits: curve('P-384') },
  { name: 'ecdsa-sha2-256-nistp384', hash: 'sha256', fits: curve('P-384') },
  { name: 'ecdsa-sha2-512-nistp521', hash: 'sha512', fits: curve('P-521') },
  { name: 'ecdsa-sha2-256-nistp521', hash: 'sha256', fits: curve('P-521') },
  { name: 'ed25519', hash: undefined, fits: ed25519 },
  { name: 'ed25519-ph', hash: 'sha512', fits: ed25519 },
  { name: 'rsa-sign-pkcs1-2048-sha256', hash: 'sha256', fits: rsa(2048) },
  { name: 'rsa-sign-pkcs1-3072-sha256', hash: 'sha256', fits: rsa(3072) },
  { name: 'rsa-sign-pkcs1-4096-sha256', hash: 'sha256', fits: rsa(4096) },
];

/** Every name that an operator may list. */
export const SIGNATURE_ALGORITHM_NAMES: readonly string[] = ALGORITHMS.map(({ name }) => name);

/** The names that are allowed unless the operator says otherwise: Rekor's default. */
export const DEFAULT_SIGNATURE_ALGORITHMS: readonly string[] = SIGNATURE_ALGORITHM_NAMES.filter(
  (name) => name !== 'ecdsa-sha2-256-nistp384' && name !== 'ecdsa-sha2-256-nistp521',
);

/** Returns true when one of the `allowed` names stands for `key` with a digest by `hash`. */
export function isAlgorithmAllowed(
  key: PublicKey,
  hash: DigestAlgorithm,
  allowed: ReadonlySet<string>,
): boolean {
  const name = algorithmName(key, hash);
  return name !== undefined && allowed.has(name);
}

/**
 * Returns the only name that stands for `key` with a digest by `hash`, or with the message itself where `hash` is
 * undefined; undefined when none does.
 */
export function algorithmName(
  key: PublicKey,
  hash: DigestAlgorithm | undefined,
): string | undefined {
  return ALGORITHMS.find((it) => it.hash === hash && it.fits(key))?.name;
}
