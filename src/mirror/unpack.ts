/** Packed bodies, unpacked as they come: a small piece at a time, whatever they claim to hold. */

import { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';

/** Yields what gzip has packed; of a damaged or cut one, what comes before the damage. Throws what `packed` throws. */
export async function* unpacked(packed: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const source = Readable.from(packed, { objectMode: false });
  const gunzip = createGunzip();
  source.on('error', (error) => gunzip.destroy(error));
  source.pipe(gunzip);
  try {
    yield* gunzip as AsyncIterable<Buffer>;
  } catch (error) {
    // An upload that was broken off counts up to where it broke; every package in it proves itself.
    if (!isOfZlib(error)) throw error;
  } finally {
    gunzip.destroy();
    source.destroy();
  }
}

function isOfZlib(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException;
  return code?.startsWith('Z_') === true;
}
