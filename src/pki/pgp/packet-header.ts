/** Headers of OpenPGP packets (RFC 4880 section 4.2): both formats read, the new one written. */

import { concatBytes } from '../../encoding/bytes.js';
import { type BodyLength, type OctetSource, readNewLength, readUint } from './octet-source.js';
import { structuralFault } from './pgp-fault.js';

/** What stands in front of a packet's body. */
export interface PacketHeader {
  readonly tag: number;
  readonly length: BodyLength;
}

/** Returns the header at the position of `source`, undefined at its end. Throws a PgpFault. */
export function readPacketHeader(source: OctetSource): PacketHeader | undefined {
  const first = source.takeSome(1)[0];
  if (first === undefined) return undefined;
  if ((first & 0x80) === 0) throw structuralFault('tag byte does not have MSB set');
  if ((first & 0x40) !== 0) return { tag: first & 0x3f, length: readNewLength(source) };
  const tag = (first & 0x3f) >> 2;
  const lengthType = first & 3;
  if (lengthType === 3) return { tag, length: { type: 'to-the-end' } };
  return { tag, length: { type: 'known', length: readUint(source.take(1 << lengthType)) } };
}

/** Returns the packet `body` with a header in the new format, its length in the shortest form. */
export function serializePacket(tag: number, body: Uint8Array): Uint8Array {
  return concatBytes(Uint8Array.of(0xc0 | tag), newLength(body.length, 8384), body);
}

/** Returns `length` in one octet, in two when it is below `limit`, else in five. */
export function newLength(length: number, limit: number): Uint8Array {
  if (length < 192) return Uint8Array.of(length);
  if (length < limit) {
    const rest = length - 192;
    return Uint8Array.of((rest >> 8) + 192, rest & 0xff);
  }
  return Uint8Array.of(
    255,
    (length >>> 24) & 0xff,
    (length >> 16) & 0xff,
    (length >> 8) & 0xff,
    length & 0xff,
  );
}
