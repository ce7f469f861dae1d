/**
 * RFC 6962 section 2.1 hashing: https://www.rfc-editor.org/rfc/rfc6962#section-2.1
 *
 * In scope: leaf and node hashes, the root of the empty tree. Out of scope: tree shape (frontier.ts,
 * proof.ts) and storage. Pure and synchronous.
 */

import { sha256 } from '#sha256';

/** Length of every hash in this room, in bytes. */
export const HASH_SIZE = 32;

/** The root hash of a tree without leaves: SHA-256 of nothing. */
export const EMPTY_ROOT: Uint8Array = sha256(new Uint8Array(0));

// One scratch buffer for the 65 bytes of an interior node: half the cost of concatenating.
const nodeScratch = new Uint8Array(1 + 2 * HASH_SIZE);
nodeScratch[0] = 1;

/** Returns a hash as text, one character a byte: what it is looked up by in a Map. */
export function hashName(hash: Uint8Array): string {
  return String.fromCharCode.apply(null, hash as unknown as number[]);
}

// Likewise for leaves, up to the longest that a bundle holds; its first byte stays 0.
const leafScratch = new Uint8Array(1 + 65_535);

/** Returns SHA-256(0x00 ‖ leaf), the leaf hash. */
export function leafHash(leaf: Uint8Array): Uint8Array {
  const length = 1 + leaf.length;
  const isShort = length <= leafScratch.length;
  const input = isShort ? leafScratch.subarray(0, length) : new Uint8Array(length);
  input.set(leaf, 1);
  return sha256(input);
}

/** Returns SHA-256(0x01 ‖ left ‖ right), the hash of an interior node; both must be 32 bytes. */
export function nodeHash(left: Uint8Array, right: Uint8Array): Uint8Array {
  nodeScratch.set(left, 1);
  nodeScratch.set(right, 1 + HASH_SIZE);
  return sha256(nodeScratch);
}
