/**
 * The identity of a leaf, RFC 6962 section 2.1. The tree has the same function; kinds do not know the tree.
 */

import { sha256 } from '#sha256';

/** Returns SHA-256(0x00 ‖ leaf), 32 bytes. */
export function leafHash(leaf: Uint8Array): Uint8Array {
  const input = new Uint8Array(1 + leaf.length);
  input.set(leaf, 1);
  return sha256(input);
}
