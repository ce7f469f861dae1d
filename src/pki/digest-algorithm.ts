/**
 * The hash functions that signatures name, with what each format calls them.
 */

/** A hash function, as OpenSSL and Rekor's entries spell it. */
export type DigestAlgorithm = 'sha256' | 'sha384' | 'sha512';

/** Digest lengths in bytes. */
export const DIGEST_LENGTH: Readonly<Record<DigestAlgorithm, number>> = {
  sha256: 32,
  sha384: 48,
  sha512: 64,
};

/** Names as Go's crypto.Hash prints them, for messages. */
export const DIGEST_TITLE: Readonly<Record<DigestAlgorithm, string>> = {
  sha256: 'SHA-256',
  sha384: 'SHA-384',
  sha512: 'SHA-512',
};
