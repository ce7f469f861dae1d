/**
 * OpenPGP keys put together from packets: a primary key, its user IDs and its subkeys, with the signatures that
 * tie them (RFC 9580 section 10.1).
 *
 * In scope: which parts count, by the rules of Rekor's library: a user ID needs a self-signature that verifies, and
 * one broken signature of its own costs the whole key. Out of scope: which key signed what (signature.ts), the
 * stored form (key-ring.ts). Every count is bounded; a key is not judged by any clock here.
 */

import { Buffer } from 'node:buffer';
import { concatBytes } from '../../encoding/bytes.js';
import { type KeyPacket, keyHashInput } from './key-packet.js';
import type { OctetSource } from './octet-source.js';
import { type Packet, PacketReader } from './packet-reader.js';
import { asPgpFault, PgpFault, structuralFault } from './pgp-fault.js';
import { signatureProblem } from './signature-check.js';
import { bigEndian, SIGNATURE_TYPE, type SignaturePacket } from './signature-packet.js';

/** A user ID that the key has signed. */
export interface Identity {
  readonly id: Uint8Array;
  /** The latest self-signature; undefined when there are revocations only. */
  readonly selfSignature: SignaturePacket | undefined;
  readonly revocations: readonly SignaturePacket[];
  /** All of them, those of others unchecked, in the order of the input. */
  readonly signatures: readonly SignaturePacket[];
}

/** A subkey that the primary key has bound, and that has signed back if it may sign. */
export interface Subkey {
  readonly key: KeyPacket;
  /** The latest binding. */
  readonly binding: SignaturePacket;
  readonly revocations: readonly SignaturePacket[];
}

/** One key with what belongs to it. */
export interface Entity {
  readonly primaryKey: KeyPacket;
  readonly revocations: readonly SignaturePacket[];
  /** Of version 6 only: there they carry the key's properties. */
  readonly directSignatures: readonly SignaturePacket[];
  /** The latest of them that is the key's own. */
  readonly directSelfSignature: SignaturePacket | undefined;
  /** In the order of the input. Rekor has none: its stored form differs from one time to the next. */
  readonly identities: readonly Identity[];
  readonly subkeys: readonly Subkey[];
}

/** Most keys in a ring. */
export const MAX_ENTITIES = 128;
/** Most user IDs, most subkeys of one ring. */
export const MAX_PARTS = 1024;
/** Most signatures that a ring has checked: an honest key has one or two for each of its parts. */
export const MAX_CHECKED_SIGNATURES = 256;

/** What has been read of a ring so far, over all its armoured blocks. */
export interface RingCounts {
  entities: number;
  parts: number;
  checked: number;
}

/**
 * Returns the keys in `source`, and counts them. Those that cannot be read are left out as long as another can.
 * Throws a PgpFault when the data breaks off, when no key is left, and beyond the bounds.
 */
export function readEntities(source: OctetSource, counts: RingCounts): Entity[] {
  const walk: Walk = { packets: new PacketReader(source), counts };
  const entities: Entity[] = [];
  let leftOut: PgpFault | undefined;
  let hasMore = true;
  while (hasMore) {
    try {
      const entity = readEntity(walk);
      if (entity === undefined) break;
      entities.push(entity);
      counts.entities++;
      if (counts.entities > MAX_ENTITIES) throw tooMany(`${MAX_ENTITIES} keys`);
    } catch (error) {
      const fault = asPgpFault(error);
      if (fault.reach !== 'unsupported' && fault.reach !== 'structural') throw fault;
      leftOut = fault;
      hasMore = findNextKey(walk.packets);
    }
  }
  if (entities.length === 0 && leftOut !== undefined) throw leftOut;
  return entities;
}

/**
 * Returns the self-signature that speaks for the key, and the identity that it belongs to: for version 4 that of the
 * primary user ID, for version 6 the direct one.
 */
export function primarySelfSignature(entity: Entity): {
  readonly signature: SignaturePacket | undefined;
  readonly identity: Identity | undefined;
} {
  if (entity.primaryKey.version === 6) {
    return { signature: entity.directSelfSignature, identity: undefined };
  }
  let identity: Identity | undefined;
  for (const candidate of entity.identities) {
    if (identity === undefined || isPreferred(candidate, identity)) identity = candidate;
  }
  return { signature: identity?.selfSignature, identity };
}

interface Walk {
  readonly packets: PacketReader;
  readonly counts: RingCounts;
}

/** Fewer revocations, then the primary mark, then the later self-signature. */
function isPreferred(candidate: Identity, existing: Identity): boolean {
  const byRevocations = existing.revocations.length - candidate.revocations.length;
  if (byRevocations !== 0) return byRevocations > 0;
  const [own, other] = [candidate.selfSignature, existing.selfSignature];
  if (own === undefined || other === undefined) return other === undefined;
  const [isOwnPrimary, isOtherPrimary] = [
    own.isPrimaryUserId === true,
    other.isPrimaryUserId === true,
  ];
  if (isOwnPrimary !== isOtherPrimary) return isOwnPrimary;
  return own.createdSeconds > other.createdSeconds;
}

/** Moves to the next primary key. Returns false at the end. Another fault on the way ends the ring. */
function findNextKey(packets: PacketReader): boolean {
  for (;;) {
    let packet: Packet | undefined;
    try {
      packet = packets.next();
    } catch (error) {
      const fault = asPgpFault(error);
      if (fault.reach === 'unsupported') continue;
      throw new PgpFault('fatal', fault.message);
    }
    if (packet === undefined) return false;
    if (packet.type === 'key' && !packet.key.isSubkey && !packet.key.isSecret) {
      packets.unread(packet);
      return true;
    }
  }
}

function readEntity(walk: Walk): Entity | undefined {
  const { packets } = walk;
  const first = packets.next();
  if (first === undefined) return undefined;
  if (first.type !== 'key') {
    packets.unread(first);
    throw structuralFault('first packet was not a public/private key');
  }
  const primaryKey = first.key;
  if (!CAN_SIGN.has(primaryKey.algorithm)) {
    throw structuralFault('primary key cannot be used for signatures');
  }
  const revocations: SignaturePacket[] = [];
  const direct: SignaturePacket[] = [];
  // A user ID that comes twice counts with its last signatures.
  const identities = new Map<string, Identity>();
  const subkeys: Subkey[] = [];
  for (let packet = packets.next(); packet !== undefined; packet = packets.next()) {
    if (packet.type === 'user-id') {
      const identity = readIdentity(walk, primaryKey, packet.id);
      if (identity !== undefined) {
        identities.set(Buffer.from(packet.id).toString('latin1'), identity);
      }
    } else if (packet.type === 'signature') {
      const { signature } = packet;
      if (signature.type === SIGNATURE_TYPE.keyRevocation) revocations.push(signature);
      if (signature.type === SIGNATURE_TYPE.directKey) direct.push(signature);
    } else if (packet.type === 'key') {
      if (!packet.key.isSubkey) {
        packets.unread(packet);
        break;
      }
      subkeys.push(readSubkey(walk, primaryKey, packet.key));
    }
  }
  return {
    primaryKey,
    ...readKeySignatures(walk, primaryKey, identities.size, revocations, direct),
    identities: [...identities.values()],
    subkeys,
  };
}

const CAN_SIGN: ReadonlySet<number> = new Set([1, 3, 17, 19, 22, 27, 28]);

function readKeySignatures(
  walk: Walk,
  primaryKey: KeyPacket,
  identityCount: number,
  revocations: readonly SignaturePacket[],
  direct: readonly SignaturePacket[],
): Pick<Entity, 'revocations' | 'directSignatures' | 'directSelfSignature'> {
  const isV6 = primaryKey.version === 6;
  if (identityCount === 0 && !isV6) throw structuralFault('v4 entity without any identities');
  const keyData = [keyHashInput(primaryKey)];
  let directSelfSignature: SignaturePacket | undefined;
  if (isV6) {
    if (direct.length === 0) {
      throw structuralFault('v6 entity without a valid direct-key signature');
    }
    directSelfSignature = latest(direct.filter((signature) => isMadeBy(signature, primaryKey)));
    if (directSelfSignature === undefined) {
      throw structuralFault('no valid direct-key self-signature for v6 primary key found');
    }
    if (problemOf(walk, primaryKey, directSelfSignature, keyData) !== undefined) {
      throw structuralFault('invalid direct-key self-signature for v6 primary key');
    }
  }
  for (const revocation of revocations) {
    if (problemOf(walk, primaryKey, revocation, keyData) !== undefined) {
      throw structuralFault('revocation signature signed by alternate key');
    }
  }
  return { revocations, directSignatures: isV6 ? direct : [], directSelfSignature };
}

function latest(signatures: readonly SignaturePacket[]): SignaturePacket | undefined {
  let found: SignaturePacket | undefined;
  for (const signature of signatures) {
    if (found === undefined || signature.createdSeconds > found.createdSeconds) found = signature;
  }
  return found;
}

/** Returns the identity, undefined for one that the key has not signed. */
function readIdentity(walk: Walk, primaryKey: KeyPacket, id: Uint8Array): Identity | undefined {
  countPart(walk);
  const signed = [
    keyHashInput(primaryKey),
    concatBytes(Uint8Array.of(0xb4), bigEndian(id.length, 4)),
    id,
  ];
  const signatures: SignaturePacket[] = [];
  const own: SignaturePacket[] = [];
  for (const signature of signaturesAt(walk.packets)) {
    if (!USER_ID_TYPES.has(signature.type)) {
      throw structuralFault('user ID signature with wrong type');
    }
    signatures.push(signature);
    if (!isMadeBy(signature, primaryKey)) continue;
    const problem = problemOf(walk, primaryKey, signature, signed);
    if (problem !== undefined) {
      throw structuralFault(`user ID self-signature invalid: ${problem}`);
    }
    own.push(signature);
  }
  if (own.length === 0) return undefined;
  const isRevocation = ({ type }: SignaturePacket) =>
    type === SIGNATURE_TYPE.certificationRevocation;
  return {
    id,
    selfSignature: latest(own.filter((signature) => !isRevocation(signature))),
    revocations: own.filter(isRevocation),
    signatures,
  };
}

const USER_ID_TYPES: ReadonlySet<number> = new Set([0x10, 0x11, 0x12, 0x13, 0x30]);

/** The signatures from the position of `packets` up to another packet. */
function* signaturesAt(packets: PacketReader): Generator<SignaturePacket> {
  for (let packet = packets.next(); packet !== undefined; packet = packets.next()) {
    if (packet.type !== 'signature') {
      packets.unread(packet);
      return;
    }
    yield packet.signature;
  }
}

function readSubkey(walk: Walk, primaryKey: KeyPacket, key: KeyPacket): Subkey {
  countPart(walk);
  const signed = [keyHashInput(primaryKey), keyHashInput(key)];
  const bindings: SignaturePacket[] = [];
  const revocations: SignaturePacket[] = [];
  try {
    for (const signature of signaturesAt(walk.packets)) {
      const isBinding = signature.type === SIGNATURE_TYPE.subkeyBinding;
      if (!isBinding && signature.type !== SIGNATURE_TYPE.subkeyRevocation) {
        throw new WrongSubkeySignature('subkey signature with wrong type');
      }
      const problem =
        problemOf(walk, primaryKey, signature, signed) ??
        crossSignatureProblem(walk, key, signature, signed);
      if (problem !== undefined) {
        throw new WrongSubkeySignature(`subkey signature invalid: ${problem}`);
      }
      (isBinding ? bindings : revocations).push(signature);
    }
  } catch (error) {
    if (error instanceof WrongSubkeySignature) throw structuralFault(error.message);
    throw structuralFault(`subkey signature invalid: ${asPgpFault(error).message}`);
  }
  const binding = latest(bindings);
  if (binding === undefined) throw structuralFault('subkey packet not followed by signature');
  return { key, binding, revocations };
}

class WrongSubkeySignature extends Error {
  override readonly name = 'WrongSubkeySignature';
}

/** A key flag of its own would let anybody claim a foreign key as his: what may sign has to sign back. */
function crossSignatureProblem(
  walk: Walk,
  key: KeyPacket,
  { keyFlags, embedded }: SignaturePacket,
  signed: readonly Uint8Array[],
): string | undefined {
  if (((keyFlags ?? 0) & KEY_FLAG.sign) === 0) return undefined;
  if (embedded === undefined) {
    return 'openpgp: invalid data: signing subkey is missing cross-signature';
  }
  const problem = problemOf(walk, key, embedded, signed);
  if (problem === undefined) return undefined;
  return `openpgp: invalid data: error while verifying cross-signature: ${problem}`;
}

/** Bits of the key flags (RFC 9580 section 5.2.3.29). */
export const KEY_FLAG = { sign: 0x02, encryptCommunications: 0x04, encryptStorage: 0x08 } as const;

/** Returns true when the signature names `key` as its maker. */
export function isMadeBy(signature: SignaturePacket, key: KeyPacket): boolean {
  const { issuerFingerprint, issuerKeyId } = signature;
  return issuerFingerprint === undefined
    ? issuerKeyId === key.keyId
    : issuerFingerprint === key.fingerprint;
}

function problemOf(
  walk: Walk,
  key: KeyPacket,
  signature: SignaturePacket,
  signed: readonly Uint8Array[],
): string | undefined {
  walk.counts.checked++;
  if (walk.counts.checked > MAX_CHECKED_SIGNATURES) {
    throw tooMany(`${MAX_CHECKED_SIGNATURES} signatures of its own`);
  }
  return signatureProblem(key, signature, signed);
}

function countPart(walk: Walk): void {
  walk.counts.parts++;
  if (walk.counts.parts > MAX_PARTS) throw tooMany(`${MAX_PARTS} user IDs and subkeys`);
}

function tooMany(bound: string): PgpFault {
  return new PgpFault('fatal', `key ring has more than ${bound}`);
}
