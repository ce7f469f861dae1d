/**
 * Subpackets of signatures: https://www.rfc-editor.org/rfc/rfc9580#section-5.2.3.7
 *
 * In scope: walking them, the facts that decide whether a signature counts, and refusing what Rekor's library
 * refuses. Out of scope: preferences, which have no say here. A walk is as long as its area, and an area is at most
 * as long as its packet.
 */

import { Buffer } from 'node:buffer';
import { concatBytes } from '../../encoding/bytes.js';
import { toHex } from '../../encoding/hex.js';
import { PacketBody, readUint } from './octet-source.js';
import { newLength } from './packet-header.js';
import { PgpFault, structuralFault, unsupportedPacket } from './pgp-fault.js';
import type { SignaturePacket } from './signature-packet.js';

/** One subpacket, its length left out. */
export interface Subpacket {
  /** Its type, and the bit that makes it critical. */
  readonly typeOctet: number;
  readonly content: Uint8Array;
}

/** What a signature says about itself. Times are seconds since 1970, lifetimes are seconds. */
export interface SubpacketFacts {
  readonly createdSeconds: number;
  readonly lifetimeSeconds: number;
  readonly keyLifetimeSeconds: number;
  /** 16 hex digits. */
  readonly issuerKeyId?: string;
  /** Hex. */
  readonly issuerFingerprint?: string;
  /** Undefined when the signature has no key flags at all. */
  readonly keyFlags?: number;
  readonly isPrimaryUserId?: boolean;
  readonly revocationReason?: number;
  /** Names of critical notations; none is known. */
  readonly criticalNotations: readonly string[];
  readonly embedded?: SignaturePacket;
}

const TYPE = {
  creationTime: 2,
  expiration: 3,
  exportable: 4,
  trust: 5,
  regularExpression: 6,
  keyExpiration: 9,
  preferredSymmetric: 11,
  issuer: 16,
  notation: 20,
  preferredHash: 21,
  preferredCompression: 22,
  keyServerPreferences: 23,
  preferredKeyServer: 24,
  primaryUserId: 25,
  policyUri: 26,
  keyFlags: 27,
  signerUserId: 28,
  revocationReason: 29,
  features: 30,
  embeddedSignature: 32,
  issuerFingerprint: 33,
  intendedRecipient: 35,
  preferredCipherSuites: 39,
} as const;

/** The types that count outside the hashed area, where everybody can put them. */
const UNHASHED_TYPES: ReadonlySet<number> = new Set([
  TYPE.issuer,
  TYPE.issuerFingerprint,
  TYPE.embeddedSignature,
]);
const KNOWN_TYPES: ReadonlySet<number> = new Set(Object.values(TYPE));

type Facts = { -readonly [Name in keyof SubpacketFacts]: SubpacketFacts[Name] };

/** How an embedded signature is read. */
type ReadEmbedded = (body: PacketBody) => SignaturePacket;

/**
 * Returns the subpackets of one area and the facts in them, on top of those of the hashed area, which is read
 * first: without `hashed` this is the hashed one. Throws a PgpFault.
 */
export function readSubpackets(
  area: Uint8Array,
  version: number,
  readEmbedded: ReadEmbedded,
  hashed?: SubpacketFacts,
): { subpackets: readonly Subpacket[]; facts: SubpacketFacts } {
  const facts: Partial<Facts> = {
    lifetimeSeconds: 0,
    keyLifetimeSeconds: 0,
    criticalNotations: [],
    ...hashed,
  };
  const subpackets: Subpacket[] = [];
  const reading = { facts, version, isHashed: hashed === undefined, readEmbedded };
  for (let at = 0; at < area.length; ) {
    const { start, end } = readSubpacketLength(area, at);
    const subpacket = {
      typeOctet: area[start] as number,
      content: area.subarray(start + 1, end),
    };
    subpackets.push(subpacket);
    applySubpacket(reading, subpacket);
    at = end;
  }
  if (facts.createdSeconds === undefined) {
    throw structuralFault('no creation time in signature');
  }
  return { subpackets, facts: facts as Facts };
}

/** Returns subpackets with their lengths in the shortest form. */
export function serializeSubpackets(subpackets: readonly Subpacket[]): Uint8Array {
  return concatBytes(
    ...subpackets.flatMap(({ typeOctet, content }) => [
      newLength(content.length + 1, 16320),
      Uint8Array.of(typeOctet),
      content,
    ]),
  );
}

function readSubpacketLength(area: Uint8Array, at: number): { start: number; end: number } {
  const first = area[at] as number;
  const octets = first < 192 ? 1 : first < 255 ? 2 : 5;
  const start = at + octets;
  if (start > area.length) throw structuralFault('signature subpacket truncated');
  const length =
    octets === 1
      ? first
      : octets === 2
        ? ((first - 192) << 8) + (area[at + 1] as number) + 192
        : readUint(area.subarray(at + 1, start));
  if (length > area.length - start) throw structuralFault('signature subpacket truncated');
  if (length === 0) throw structuralFault('zero length signature subpacket');
  return { start, end: start + length };
}

interface Reading {
  readonly facts: Partial<Facts>;
  readonly version: number;
  readonly isHashed: boolean;
  readonly readEmbedded: ReadEmbedded;
}

function applySubpacket(reading: Reading, { typeOctet, content }: Subpacket): void {
  const { facts, isHashed } = reading;
  const type = typeOctet & 0x7f;
  const isCritical = typeOctet >= 0x80;
  if (!isHashed && !UNHASHED_TYPES.has(type)) return;
  switch (type) {
    case TYPE.creationTime:
      facts.createdSeconds = number32(content, 'signature creation time not four bytes');
      return;
    case TYPE.expiration:
      facts.lifetimeSeconds = number32(content, 'expiration subpacket with bad length');
      return;
    case TYPE.keyExpiration:
      facts.keyLifetimeSeconds = number32(content, 'key expiration subpacket with bad length');
      return;
    case TYPE.issuer:
      applyIssuer(reading, content);
      return;
    case TYPE.issuerFingerprint:
      applyFingerprint(facts, content);
      return;
    case TYPE.notation:
      applyNotation(facts, content, isCritical);
      return;
    case TYPE.primaryUserId:
      requireShape(content.length === 1, 'primary user id subpacket with bad length');
      facts.isPrimaryUserId = content[0] !== 0;
      return;
    case TYPE.keyFlags:
      // Several of them add up: none takes a flag away.
      facts.keyFlags = (facts.keyFlags ?? 0) | (content[0] ?? 0);
      return;
    case TYPE.revocationReason:
      requireShape(content.length > 0, 'empty revocation reason subpacket');
      facts.revocationReason = content[0] as number;
      return;
    case TYPE.embeddedSignature:
      applyEmbedded(reading, content);
      return;
    default:
      checkOther(type, content, isCritical);
  }
}

/** Types without a say are still refused in the wrong shape. */
function checkOther(type: number, content: Uint8Array, isCritical: boolean): void {
  switch (type) {
    case TYPE.exportable:
      if (content.length === 0) throw new PgpFault('fatal', 'empty exportable subpacket');
      if (content[0] === 0) {
        throw unsupportedPacket('signature with non-exportable certification');
      }
      return;
    case TYPE.trust:
      requireShape(content.length === 2, 'trust subpacket with bad length');
      return;
    case TYPE.regularExpression:
      requireShape(content.length > 0, 'regexp subpacket with bad length');
      requireShape(content.at(-1) === 0, 'expected regular expression to be null-terminated');
      return;
    case TYPE.intendedRecipient: {
      requireShape(content.length > 0, 'invalid intended recipient fingerpring length');
      const isSound = content.length - 1 === fingerprintLength(content[0] as number);
      requireShape(isSound, 'invalid fingerprint length');
      return;
    }
    case TYPE.preferredCipherSuites:
      requireShape(content.length % 2 === 0, 'invalid aead cipher suite length');
      return;
    default:
      if (isCritical && !KNOWN_TYPES.has(type)) {
        throw unsupportedPacket(`unknown critical signature subpacket type ${type}`);
      }
  }
}

function applyIssuer({ facts, version, isHashed }: Reading, content: Uint8Array): void {
  requireShape(version === 4 || !isHashed, 'issuer subpacket found in v6 key');
  requireShape(content.length === 8, 'issuer subpacket with bad length');
  if (version === 4) facts.issuerKeyId = toHex(content);
}

function applyFingerprint(facts: Partial<Facts>, content: Uint8Array): void {
  requireShape(content.length > 0, 'empty issuer fingerprint subpacket');
  const keyVersion = content[0] as number;
  const fingerprint = content.subarray(1);
  requireShape(fingerprint.length === fingerprintLength(keyVersion), 'bad fingerprint length');
  facts.issuerFingerprint = toHex(fingerprint);
  facts.issuerKeyId = toHex(
    keyVersion >= 5 ? fingerprint.subarray(0, 8) : fingerprint.subarray(12),
  );
}

function applyNotation(facts: Partial<Facts>, content: Uint8Array, isCritical: boolean): void {
  const nameLength = readUint(content.subarray(4, 6));
  const isSound =
    content.length >= 8 && content.length === 8 + nameLength + readUint(content.subarray(6, 8));
  requireShape(isSound, 'notation data subpacket with bad length');
  if (!isCritical) return;
  const name = Buffer.from(content.subarray(8, 8 + nameLength)).toString('latin1');
  facts.criticalNotations = [...(facts.criticalNotations ?? []), name];
}

function applyEmbedded({ facts, readEmbedded }: Reading, content: Uint8Array): void {
  requireShape(facts.embedded === undefined, 'Cannot have multiple embedded signatures');
  const embedded = readEmbedded(PacketBody.of(content));
  requireShape(embedded.type === 0x19, `cross-signature has unexpected type ${embedded.type}`);
  facts.embedded = embedded;
}

function fingerprintLength(keyVersion: number): number {
  return keyVersion >= 5 ? 32 : 20;
}

function number32(content: Uint8Array, reason: string): number {
  requireShape(content.length === 4, reason);
  return readUint(content);
}

function requireShape(isSound: boolean, reason: string): void {
  if (!isSound) throw structuralFault(reason);
}
