/**
 * Signature packets, versions 4 and 6: https://www.rfc-editor.org/rfc/rfc9580#section-5.2
 *
 * In scope: reading them by the rules of Rekor's library, writing them as the log stores them. Out of scope:
 * subpackets (signature-subpackets.ts), whether they verify (signature-check.ts).
 */

import { concatBytes } from '../../encoding/bytes.js';
import { ALGORITHM, hashName, saltLength } from './algorithms.js';
import { type PacketBody, readUint } from './octet-source.js';
import { serializePacket } from './packet-header.js';
import { structuralFault, unsupportedPacket } from './pgp-fault.js';
import {
  readSubpackets,
  type Subpacket,
  type SubpacketFacts,
  serializeSubpackets,
} from './signature-subpackets.js';

/** What a signature is made over (RFC 9580 section 5.2.1). */
export const SIGNATURE_TYPE = {
  binary: 0x00,
  text: 0x01,
  genericCertification: 0x10,
  positiveCertification: 0x13,
  subkeyBinding: 0x18,
  primaryKeyBinding: 0x19,
  directKey: 0x1f,
  keyRevocation: 0x20,
  subkeyRevocation: 0x28,
  certificationRevocation: 0x30,
} as const;

/** A signature packet as read. */
export interface SignaturePacket extends SubpacketFacts {
  readonly version: number;
  readonly type: number;
  /** Public key algorithm. */
  readonly algorithm: number;
  /** Name of the hash function, as node:crypto has it. */
  readonly hash: string;
  /** The hashed fields as they came: from the version to the end of the hashed subpackets. */
  readonly hashedFields: Uint8Array;
  /** The left 16 bits of the digest. */
  readonly hashTag: Uint8Array;
  readonly unhashedSubpackets: readonly Subpacket[];
  /** Version 6 hashes it first; empty before. */
  readonly salt: Uint8Array;
  /** Integers of the signature, big-endian; for Ed25519 and Ed448 one string of the fixed length. */
  readonly values: readonly Uint8Array[];
  /** The algorithm's fields as they came. */
  readonly valueFields: Uint8Array;
}

/** How deep signatures may stand in signatures; key flags need one level. */
const MAX_EMBEDDING = 4;

/** Returns the signature in a packet's body. Throws a PgpFault. */
export function readSignaturePacket(body: PacketBody, embedding = 0): SignaturePacket {
  if (embedding > MAX_EMBEDDING) throw structuralFault('signatures are embedded too deeply');
  const version = body.takeOctet();
  if (version === 5) throw unsupportedPacket(V5_DISABLED);
  if (version !== 4 && version !== 6) {
    throw unsupportedPacket(`signature packet version ${version}`);
  }
  const lengthOctets = version === 6 ? 4 : 2;
  const head = body.take(3 + lengthOctets);
  const [type, algorithm, hashId] = head as unknown as [number, number, number];
  if (!SIGNING_ALGORITHMS.has(algorithm)) {
    throw unsupportedPacket(`public key algorithm ${algorithm}`);
  }
  const hash = hashName(hashId, version);
  if (hash === undefined) throw unsupportedPacket(`hash function ${hashId}`);

  const hashedArea = body.take(readUint(head.subarray(3)));
  const readEmbedded = (embedded: PacketBody) => readSignaturePacket(embedded, embedding + 1);
  const hashed = readSubpackets(hashedArea, version, readEmbedded);
  const unhashedArea = body.take(readUint(body.take(lengthOctets)));
  const { facts, subpackets } = readSubpackets(unhashedArea, version, readEmbedded, hashed.facts);
  const hashTag = body.take(2);
  const salt = version === 6 ? readSalt(body, hash) : new Uint8Array(0);
  return {
    ...facts,
    version,
    type,
    algorithm,
    hash,
    hashedFields: concatBytes(Uint8Array.of(version), head, hashedArea),
    hashTag,
    unhashedSubpackets: subpackets,
    salt,
    ...readValues(body, algorithm),
  };
}

/**
 * Returns the packet as the log stores it: a new-format header, and the lengths of unhashed subpackets in their
 * shortest form.
 */
export function serializeSignaturePacket(signature: SignaturePacket): Uint8Array {
  const unhashed = serializeSubpackets(signature.unhashedSubpackets);
  const lengthOctets = signature.version === 6 ? 4 : 2;
  const salt =
    signature.version === 6
      ? concatBytes(Uint8Array.of(signature.salt.length), signature.salt)
      : signature.salt;
  return serializePacket(
    2,
    concatBytes(
      signature.hashedFields,
      bigEndian(unhashed.length, lengthOctets),
      unhashed,
      signature.hashTag,
      salt,
      signature.valueFields,
    ),
  );
}

/** Returns what is hashed behind the signed data (RFC 9580 section 5.2.4). */
export function hashTrailer(signature: SignaturePacket): Uint8Array {
  const { version, hashedFields } = signature;
  return concatBytes(hashedFields, Uint8Array.of(version, 0xff), bigEndian(hashedFields.length, 4));
}

/** Returns `value` in so many octets. */
export function bigEndian(value: number, octets: number): Uint8Array {
  const bytes = new Uint8Array(octets);
  for (let at = octets - 1, rest = value; at >= 0; at--, rest = Math.floor(rest / 256)) {
    bytes[at] = rest % 256;
  }
  return bytes;
}

/** Version 5 was a draft. */
export const V5_DISABLED =
  'support for parsing v5 entities is disabled; build with `-tags v5` if needed';

const SIGNING_ALGORITHMS: ReadonlySet<number> = new Set([
  ALGORITHM.rsa,
  ALGORITHM.rsaSignOnly,
  ALGORITHM.dsa,
  ALGORITHM.ecdsa,
  ALGORITHM.eddsaLegacy,
  ALGORITHM.ed25519,
  ALGORITHM.ed448,
]);

function readSalt(body: PacketBody, hash: string): Uint8Array {
  const length = body.takeOctet();
  const expected = saltLength(hash);
  if (expected === undefined) {
    throw unsupportedPacket('hash function not supported for V6 signatures');
  }
  if (length !== expected) {
    throw structuralFault('unexpected salt size for the given hash algorithm');
  }
  return body.take(length);
}

function readValues(
  body: PacketBody,
  algorithm: number,
): Pick<SignaturePacket, 'values' | 'valueFields'> {
  if (algorithm === ALGORITHM.ed25519 || algorithm === ALGORITHM.ed448) {
    const value = body.takeOrEnd(algorithm === ALGORITHM.ed25519 ? 64 : 114);
    return { values: [value], valueFields: value };
  }
  const isRsa = algorithm === ALGORITHM.rsa || algorithm === ALGORITHM.rsaSignOnly;
  const integers = Array.from({ length: isRsa ? 1 : 2 }, () => readInteger(body));
  return {
    values: integers.map(({ value }) => value),
    valueFields: concatBytes(...integers.map(({ field }) => field)),
  };
}

/** A multiprecision integer (RFC 9580 section 3.2): at most 8,192 octets by its format. */
export interface PgpInteger {
  /** Its octets as they came, leading zeros included. */
  readonly value: Uint8Array;
  /** The same with the bit count in front. */
  readonly field: Uint8Array;
}

/** Returns the integer at the position of `body`. Throws a PgpFault. */
export function readInteger(body: PacketBody): PgpInteger {
  const bitCount = body.take(2);
  const value = body.take(Math.floor((readUint(bitCount) + 7) / 8));
  return { value, field: concatBytes(bitCount, value) };
}
