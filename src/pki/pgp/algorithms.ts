/** Numbers of algorithms in OpenPGP (RFC 9580 section 9), and what node:crypto calls them. */

/** Public key algorithms. */
export const ALGORITHM = {
  rsa: 1,
  rsaEncryptOnly: 2,
  rsaSignOnly: 3,
  elgamal: 16,
  dsa: 17,
  ecdh: 18,
  ecdsa: 19,
  eddsaLegacy: 22,
  x25519: 25,
  x448: 26,
  ed25519: 27,
  ed448: 28,
} as const;

/** MD5 and RIPEMD-160 are not among them: Rekor's library knows no such signature. */
const HASHES: ReadonlyMap<number, string> = new Map([
  [8, 'sha256'],
  [9, 'sha384'],
  [10, 'sha512'],
  [11, 'sha224'],
  [12, 'sha3-256'],
  [14, 'sha3-512'],
]);

const SALT_LENGTHS: ReadonlyMap<string, number> = new Map([
  ['sha224', 16],
  ['sha256', 16],
  ['sha3-256', 16],
  ['sha384', 24],
  ['sha512', 32],
  ['sha3-512', 32],
]);

/** Returns the name of a hash function that signatures of `version` may use: SHA-1 in version 4 only. */
export function hashName(id: number, version: number): string | undefined {
  if (id === 2) return version < 5 ? 'sha1' : undefined;
  return HASHES.get(id);
}

/** Returns the number of salt octets that version 6 wants with a hash function. */
export function saltLength(hash: string): number | undefined {
  return SALT_LENGTHS.get(hash);
}

/** Returns true for a hash function that key derivation in ECDH may name. */
export function isKnownHash(id: number): boolean {
  return HASHES.has(id);
}

/** Returns true for a cipher that Rekor's library has: 3DES, CAST5, AES. */
export function isKnownCipher(id: number): boolean {
  return id === 2 || id === 3 || (id >= 7 && id <= 9);
}
