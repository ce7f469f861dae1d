/**
 * The packets of an OpenPGP message one after the other, the ones that Rekor's library passes over left out.
 *
 * In scope: which packet is read how far, and what a fault in it means for the next. Out of scope: what packets mean
 * together (entity.ts). A reader belongs to the walk that made it.
 */

import { hashName, isKnownCipher } from './algorithms.js';
import { type KeyPacket, readKeyPacket } from './key-packet.js';
import { type OctetSource, PacketBody, readUint } from './octet-source.js';
import { type PacketHeader, readPacketHeader } from './packet-header.js';
import { asPgpFault, PgpFault, structuralFault, unsupportedPacket } from './pgp-fault.js';
import { readSignaturePacket, type SignaturePacket } from './signature-packet.js';

/** A packet, as far as keys and signatures need it. */
export type Packet =
  | { readonly type: 'signature'; readonly signature: SignaturePacket }
  | { readonly type: 'key'; readonly key: KeyPacket }
  | { readonly type: 'user-id'; readonly id: Uint8Array }
  | { readonly type: 'other' };

/** Most packets that are read of one source, those that are passed over included. */
export const MAX_PACKETS = 8192;

/** Walks packets, with room for one that was read too early. */
export class PacketReader {
  readonly #source: OctetSource;
  #unread: Packet | undefined;
  #hasEnded = false;
  #count = 0;

  constructor(source: OctetSource) {
    this.#source = source;
  }

  /** Returns the next packet that counts, undefined at the end. Throws a PgpFault that is not `skipped`. */
  next(): Packet | undefined {
    const unread = this.#unread;
    if (unread !== undefined) {
      this.#unread = undefined;
      return unread;
    }
    while (!this.#hasEnded) {
      this.#count++;
      if (this.#count > MAX_PACKETS)
        throw new PgpFault('fatal', `more than ${MAX_PACKETS} packets`);
      try {
        const packet = readPacket(this.#source);
        if (packet === undefined) break;
        if (packet !== 'marker') return packet;
      } catch (error) {
        const fault = asPgpFault(error);
        if (fault.reach === 'end') break;
        if (fault.reach !== 'skipped') throw fault;
      }
    }
    this.#hasEnded = true;
    return undefined;
  }

  /** Makes `packet` the next one again. */
  unread(packet: Packet): void {
    this.#unread = packet;
  }
}

/**
 * Returns the packet at the position of `source`, undefined at its end. A packet with a fault is passed over whole
 * before it is thrown.
 */
export function readPacket(source: OctetSource): Packet | 'marker' | undefined {
  const header = readPacketHeader(source);
  if (header === undefined) return undefined;
  const body = new PacketBody(source, header.length);
  try {
    return readBody(header, body);
  } catch (error) {
    body.skipRest();
    throw error;
  }
}

function readBody({ tag, length }: PacketHeader, body: PacketBody): Packet | 'marker' {
  switch (tag) {
    case 2:
      return { type: 'signature', signature: readSignaturePacket(body) };
    case 5:
    case 7:
      return { type: 'key', key: readKeyPacket(body, tag === 7, true) };
    case 6:
    case 14:
      return { type: 'key', key: readKeyPacket(body, tag === 14, false) };
    case 13:
      return { type: 'user-id', id: body.takeRest() };
    case 10:
      readMarker(body);
      return 'marker';
    case 12:
      throw new PgpFault('skipped', `openpgp: unknown packet type: ${tag}`);
    case 21:
      if (length.type === 'known') body.take(length.length);
      return { type: 'other' };
    default:
      readForeign(tag, body);
      return { type: 'other' };
  }
}

function readMarker(body: PacketBody): void {
  const text = body.takeOrEnd(3);
  if (readUint(text) !== 0x504750) throw structuralFault('invalid marker packet');
}

/** Packets of messages and attributes have no say here, but a fault in one still ends what it stands in. */
function readForeign(tag: number, body: PacketBody): void {
  switch (tag) {
    case 1:
      readVersioned(body, [3, 6], 'unknown EncryptedKey version');
      return;
    case 3:
      readVersioned(body, [4, 6], 'unknown SymmetricKeyEncrypted version');
      return;
    case 4:
      readOnePassSignature(body);
      return;
    case 8: {
      const algorithm = body.takeOctet();
      if (algorithm > 3) throw unread(`unknown compression algorithm: ${algorithm}`);
      return;
    }
    case 9:
      return;
    case 11: {
      const nameLength = body.take(2)[1] as number;
      body.take(nameLength);
      body.take(4);
      return;
    }
    case 17:
      readAttributes(body.takeRest());
      return;
    case 18:
      readProtected(body);
      return;
    case 20:
      readAead(body);
      return;
    default:
      if (tag < 40) throw new PgpFault('fatal', `openpgp: unknown critical packet type: ${tag}`);
      throw new PgpFault('skipped', `openpgp: unknown packet type: ${tag}`);
  }
}

function readVersioned(body: PacketBody, known: readonly number[], reason: string): void {
  const version = body.takeOctet();
  if (!known.includes(version)) throw unsupportedPacket(`${reason} ${version}`);
  body.skipRest();
}

function readOnePassSignature(body: PacketBody): void {
  const [version, , hash] = body.take(4) as unknown as [number, number, number];
  if (version !== 3 && version !== 6) {
    throw unsupportedPacket(`one-pass-signature packet version ${version}`);
  }
  if (hashName(hash, 4) === undefined) throw unsupportedPacket(`hash function: ${hash}`);
  if (version === 3) body.take(9);
  else body.takeRest();
}

function readProtected(body: PacketBody): void {
  const version = body.takeOctet();
  if (version === 1) return;
  if (version !== 2) throw unread('unknown SymmetricallyEncrypted version');
  const [cipher, mode, chunkSize] = body.take(3) as unknown as [number, number, number];
  if (cipher < 7 || cipher > 9) throw unread(`invalid aead cipher: ${cipher}`);
  if (mode < 1 || mode > 3) throw unread(`unknown aead mode: ${mode}`);
  if (chunkSize > 16) throw unread(`invalid aead chunk size byte: ${chunkSize}`);
  body.take(32);
}

/** Encrypted data of a draft (tag 20): nothing that has one is a ring. */
function readAead(body: PacketBody): void {
  const [, cipher, mode] = body.take(4) as unknown as [number, number, number];
  if (mode !== 1 && mode !== 2) throw new PgpFault('fatal', 'openpgp: aead error: unknown mode');
  body.take(mode === 1 ? 16 : 15);
  if (!isKnownCipher(cipher)) throw unread(`unknown cipher: ${cipher}`);
}

/** A user attribute is a row of subpackets (RFC 4880 section 5.12). */
function readAttributes(area: Uint8Array): void {
  for (let at = 0; at < area.length; ) {
    const first = area[at] as number;
    const octets = first < 192 ? 1 : first < 255 ? 2 : 5;
    const start = at + octets;
    const length =
      octets === 1
        ? first
        : octets === 2
          ? ((first - 192) << 8) + (area[at + 1] ?? 0) + 192
          : readUint(area.subarray(at + 1, start));
    if (length === 0 || start + length > area.length) throw structuralFault('subpacket truncated');
    at = start + length;
  }
}

/** A packet that hides what may stand in it: unlike others that are unsupported, it is not passed over. */
function unread(reason: string): PgpFault {
  return new PgpFault('unsupported', `openpgp: unsupported feature: ${reason}`);
}
