/**
 * OpenPGP detached signatures, as Rekor reads, stores and verifies them:
 * https://www.rfc-editor.org/rfc/rfc9580#section-10.4
 *
 * In scope: armoured and binary signatures, the choice of the key, expiry and revocation judged at the time of the
 * signature: a key that has expired since still verifies. Out of scope: reading keys (key-ring.ts), the numbers
 * (signature-check.ts). Pure.
 */

import { LogError } from '../../errors.js';
import { decodeArmor, encodeArmor } from './armor.js';
import { canonicalText } from './canonical-text.js';
import { type Entity, isMadeBy, KEY_FLAG, primarySelfSignature } from './entity.js';
import type { KeyPacket } from './key-packet.js';
import type { PgpKeyRing } from './key-ring.js';
import { OctetSource } from './octet-source.js';
import { PacketReader, readPacket } from './packet-reader.js';
import { PgpFault } from './pgp-fault.js';
import { signatureProblem } from './signature-check.js';
import { SIGNATURE_TYPE, type SignaturePacket } from './signature-packet.js';

/** A detached signature: at least one signature packet. */
export interface PgpSignature {
  /** As stored: armour byte for byte as sent, or binary armoured without a newline at its end. */
  readonly canonical: Uint8Array;
  /** As sent. */
  readonly content: Uint8Array;
  readonly isArmored: boolean;
}

/** Longest signature, bytes as sent. Rekor has no bound. */
export const MAX_SIGNATURE_LENGTH = 1 << 20;

const NOT_DETECTED = 'valid PGP signature was not detected';

/** Returns the signature in `content`, armoured or binary. Throws SIGNATURE_INVALID with Rekor's reason. */
export async function readPgpSignature(content: Uint8Array): Promise<PgpSignature> {
  if (content.length > MAX_SIGNATURE_LENGTH) {
    throw invalid(`PGP signature is longer than ${MAX_SIGNATURE_LENGTH} bytes`);
  }
  const armor = decodeArmor(content);
  if (armor !== undefined && armor.type !== 'PGP SIGNATURE') {
    throw invalid('invalid PGP signature provided');
  }
  const packet = guarded(
    () => new PacketReader(armor?.body ?? new OctetSource(content)).next(),
    (fault) => {
      throw invalid(`invalid PGP signature: ${fault.message}`, fault);
    },
  );
  if (packet === undefined) throw invalid('invalid PGP signature: EOF');
  if (packet.type !== 'signature') throw invalid(NOT_DETECTED);
  const isArmored = armor !== undefined;
  const canonical = isArmored ? content : encodeArmor('PGP SIGNATURE', content);
  return { canonical, content, isArmored };
}

/** Returns why `signature` by a key of `ring` over `message` does not verify, undefined when it does. */
export async function pgpSignatureProblem(
  ring: PgpKeyRing,
  signature: PgpSignature,
  message: Uint8Array,
): Promise<string | undefined> {
  const first = firstSignature(sourceOf(signature));
  if (typeof first === 'string') return first;
  return guarded(
    () => detachedProblem(ring, sourceOf(signature), message, first.createdSeconds),
    (fault) => fault.message,
  );
}

/**
 * Returns why the one signature packet in `packets` by a key of `ring` over `message` does not verify, undefined
 * when it does. This is the check of RPM packages: expiry, revocation and key flags have no say.
 */
export async function pgpPacketProblem(
  ring: PgpKeyRing,
  packets: Uint8Array,
  message: Uint8Array,
): Promise<string | undefined> {
  const source = new OctetSource(packets);
  return guarded(
    () => {
      const packet = readPacket(source);
      if (packet === undefined) return 'EOF';
      if (!source.isAtEnd) return 'trailing garbage after PGP signature packet';
      if (packet === 'marker' || packet.type !== 'signature') return NO_PACKET;
      const { signature } = packet;
      if (signature.issuerKeyId === undefined) return NO_PACKET;
      // The library that Rekor reads packages with leaves the salt of version 6 out: none verifies.
      if (signature.version === 6) return "openpgp: invalid signature: hash tag doesn't match";
      const key = keysOf(ring).find((candidate) => isMadeBy(signature, candidate));
      if (key === undefined) {
        const id = BigInt(`0x${signature.issuerKeyId}`).toString(16).padStart(8, '0');
        return `keyid ${id} not found`;
      }
      return signatureProblem(key, signature, [message]);
    },
    (fault) => fault.message,
  );
}

const NO_PACKET = 'no supported PGP signature packet found';

function sourceOf({ content, isArmored }: PgpSignature): OctetSource {
  const armor = isArmored ? decodeArmor(content) : undefined;
  return armor?.body ?? new OctetSource(content);
}

/** The packet whose time the whole check is judged at; a reason when the first packet is no signature. */
function firstSignature(source: OctetSource): SignaturePacket | string {
  return guarded<SignaturePacket | string>(
    () => {
      const packet = readPacket(source);
      if (packet === undefined) return 'error reading PGP signature: EOF';
      if (packet === 'marker' || packet.type !== 'signature') return NOT_DETECTED;
      return packet.signature;
    },
    (fault) => `error reading PGP signature: ${fault.message}`,
  );
}

/** The first signature by a signing key of the ring decides; the ones before it are passed over. */
function detachedProblem(
  ring: PgpKeyRing,
  source: OctetSource,
  message: Uint8Array,
  atSeconds: number,
): string | undefined {
  const packets = new PacketReader(source);
  for (let packet = packets.next(); packet !== undefined; packet = packets.next()) {
    if (packet.type !== 'signature') return 'openpgp: invalid data: non signature packet found';
    const { signature } = packet;
    if (signature.issuerKeyId === undefined) {
      return "openpgp: invalid data: signature doesn't have an issuer";
    }
    const signer = findSigner(ring, signature.issuerKeyId);
    if (signer === undefined) continue;
    const signed = signedMessage(signature, message);
    if (typeof signed === 'string') return signed;
    return (
      signatureProblem(signer.key, signature, [signed]) ??
      policyProblem(signer, signature, atSeconds)
    );
  }
  return 'openpgp: signature made by unknown entity';
}

interface Signer {
  readonly entity: Entity;
  readonly key: KeyPacket;
  /** The binding of a subkey; undefined for a primary key. */
  readonly binding: SignaturePacket | undefined;
  readonly revocations: readonly SignaturePacket[];
}

/** The first key with that id whose flags let it sign. A second one with the same id never verifies in Rekor. */
function findSigner(ring: PgpKeyRing, keyId: string): Signer | undefined {
  for (const entity of ring.entities) {
    const { primaryKey: key, revocations, subkeys } = entity;
    if (key.keyId === keyId && maySign(primarySelfSignature(entity).signature)) {
      return { entity, key, binding: undefined, revocations };
    }
    for (const subkey of subkeys) {
      if (subkey.key.keyId === keyId && maySign(subkey.binding)) return { entity, ...subkey };
    }
  }
  return undefined;
}

function maySign(signature: SignaturePacket | undefined): boolean {
  return ((signature?.keyFlags ?? 0) & KEY_FLAG.sign) !== 0;
}

function signedMessage(signature: SignaturePacket, message: Uint8Array): Uint8Array | string {
  if (signature.type === SIGNATURE_TYPE.binary) return message;
  if (signature.type === SIGNATURE_TYPE.text) return canonicalText(message);
  return `openpgp: unsupported feature: unsupported signature type: ${signature.type}`;
}

/** What speaks against a signature whose numbers are right, at a time in seconds since 1970. */
function policyProblem(
  { entity, key, binding, revocations }: Signer,
  signature: SignaturePacket,
  atSeconds: number,
): string | undefined {
  const { signature: self, identity } = primarySelfSignature(entity);
  // Rekor's library stumbles over a key whose only self-signatures are revocations.
  if (self === undefined) return 'openpgp: signature made by revoked key';
  const relevant = [signature, self];
  if (binding !== undefined) relevant.push(binding);
  if (binding?.embedded !== undefined) relevant.push(binding.embedded);
  for (const { criticalNotations } of relevant) {
    if (criticalNotations.length > 0) {
      return `openpgp: invalid signature: unknown critical notation: ${criticalNotations[0]}`;
    }
  }
  const isRevoked =
    isRevokedBy(entity.revocations, atSeconds) ||
    (binding !== undefined && isRevokedBy(revocations, atSeconds)) ||
    isRevokedBy(identity?.revocations ?? [], atSeconds);
  if (isRevoked) return 'openpgp: signature made by revoked key';
  const isKeyExpired =
    isExpired(entity.primaryKey.createdSeconds, self.keyLifetimeSeconds, atSeconds) ||
    (binding !== undefined && isExpired(key.createdSeconds, binding.keyLifetimeSeconds, atSeconds));
  if (isKeyExpired) return 'openpgp: key expired';
  const isSignatureExpired = relevant.some((one) => isSignatureExpiredAt(one, atSeconds));
  return isSignatureExpired ? 'openpgp: signature expired' : undefined;
}

const KEY_COMPROMISED = 2;

/** A key that was lost to somebody else was never good; any other revocation counts from its own time on. */
function isRevokedBy(revocations: readonly SignaturePacket[], atSeconds: number): boolean {
  return revocations.some(
    (revocation) =>
      revocation.revocationReason === KEY_COMPROMISED ||
      !isSignatureExpiredAt(revocation, atSeconds),
  );
}

function isSignatureExpiredAt(signature: SignaturePacket, atSeconds: number): boolean {
  return isExpired(signature.createdSeconds, signature.lifetimeSeconds, atSeconds);
}

/** What begins later counts as expired too; a lifetime of 0 has no end. */
function isExpired(createdSeconds: number, lifetimeSeconds: number, atSeconds: number): boolean {
  if (createdSeconds > atSeconds) return true;
  return lifetimeSeconds !== 0 && atSeconds > createdSeconds + lifetimeSeconds;
}

function keysOf(ring: PgpKeyRing): KeyPacket[] {
  return ring.entities.flatMap(({ primaryKey, subkeys }) => [
    primaryKey,
    ...subkeys.map(({ key }) => key),
  ]);
}

/** Returns what `read` returns, or what `otherwise` makes of a fault in the data. */
function guarded<T>(read: () => T, otherwise: (fault: PgpFault) => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof PgpFault) return otherwise(error);
    throw error;
  }
}

function invalid(reason: string, cause?: unknown): LogError {
  return new LogError('SIGNATURE_INVALID', reason, { cause });
}
