/**
 * Entry bundles of C2SP tlog-tiles: for each leaf a 16-bit big-endian length and its bytes.
 * https://c2sp.org/tlog-tiles#log-entries
 */

import { LogError } from '../errors.js';
import { TILE_WIDTH } from './tile.js';

/** Longest leaf that a bundle can carry, in bytes. */
export const MAX_BUNDLE_ENTRY_SIZE = 65_535;

const LENGTH_OCTETS = 2;

/** Returns the bundle of 1 to 256 leaves. Throws TILE_MALFORMED for a leaf that is too long or another count. */
export function encodeEntryBundle(leaves: readonly Uint8Array[]): Uint8Array {
  checkCount(leaves.length);
  let length = 0;
  for (const leaf of leaves) {
    if (leaf.length > MAX_BUNDLE_ENTRY_SIZE) {
      throw new LogError('TILE_MALFORMED', `a leaf of ${leaf.length} bytes fits no entry bundle`);
    }
    length += LENGTH_OCTETS + leaf.length;
  }
  const bundle = new Uint8Array(length);
  let offset = 0;
  for (const leaf of leaves) {
    bundle[offset] = leaf.length >> 8;
    bundle[offset + 1] = leaf.length & 0xff;
    bundle.set(leaf, offset + LENGTH_OCTETS);
    offset += LENGTH_OCTETS + leaf.length;
  }
  return bundle;
}

/** Returns the leaves of a bundle, as views of its bytes. Throws TILE_MALFORMED unless they fill it exactly. */
export function parseEntryBundle(bytes: Uint8Array): Uint8Array[] {
  const leaves: Uint8Array[] = [];
  let offset = 0;
  while (offset < bytes.length) {
    const high = bytes[offset];
    const low = bytes[offset + 1];
    if (high === undefined || low === undefined) throw cutOff(leaves.length);
    const start = offset + LENGTH_OCTETS;
    offset = start + high * 256 + low;
    if (offset > bytes.length) throw cutOff(leaves.length);
    leaves.push(bytes.subarray(start, offset));
    if (leaves.length > TILE_WIDTH) break;
  }
  checkCount(leaves.length);
  return leaves;
}

function checkCount(count: number): void {
  if (count >= 1 && count <= TILE_WIDTH) return;
  throw new LogError('TILE_MALFORMED', `an entry bundle holds 1 to ${TILE_WIDTH} leaves`);
}

function cutOff(index: number): LogError {
  return new LogError('TILE_MALFORMED', `entry ${index} of the bundle is cut off`);
}
