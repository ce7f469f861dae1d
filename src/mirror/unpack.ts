/** Packed bodies: as much of one as a bound allows, whatever it claims to hold. */

import { createGunzip } from 'node:zlib';

/** Returns the first `most` bytes of what gzip has packed; of a damaged or cut one, what comes before the damage. */
export async function unpackedPrefix(packed: Uint8Array, most: number): Promise<Uint8Array> {
  const gunzip = createGunzip();
  gunzip.end(packed);
  const chunks: Buffer[] = [];
  let room = most;
  try {
    for await (const chunk of gunzip as AsyncIterable<Buffer>) {
      chunks.push(chunk.subarray(0, room));
      room -= chunk.length;
      // Leaving the loop ends the unpacking.
      if (room <= 0) break;
    }
  } catch {
    // An upload that was broken off counts up to where it broke; every package in it proves itself.
  }
  return Buffer.concat(chunks);
}
