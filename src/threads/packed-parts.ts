/**
 * Byte strings as one block, which goes to another thread without being copied there.
 *
 * Each part: its length (4 bytes), then its bytes. Pure.
 */

const LENGTH_SIZE = 4;

/** Returns the parts in a buffer of their own. */
export function packParts(parts: readonly Uint8Array[]): ArrayBuffer {
  let size = 0;
  for (const part of parts) size += LENGTH_SIZE + part.length;
  const packed = Buffer.from(new ArrayBuffer(size));
  let at = 0;
  for (const part of parts) {
    at = packed.writeUInt32BE(part.length, at);
    packed.set(part, at);
    at += part.length;
  }
  return packed.buffer;
}

/** Returns the parts of `packParts`; their bytes lie in `packed`. */
export function unpackParts(packed: ArrayBuffer): Uint8Array[] {
  const bytes = Buffer.from(packed);
  const parts: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; ) {
    const from = at + LENGTH_SIZE;
    at = from + bytes.readUInt32BE(at);
    parts.push(bytes.subarray(from, at));
  }
  return parts;
}
