/**
 * Public key packets, versions 4 and 6, and the public half of secret ones:
 * https://www.rfc-editor.org/rfc/rfc9580#section-5.5.2
 *
 * In scope: reading by the rules of Rekor's library, fingerprints, the form that is stored and hashed. Out of scope:
 * checking signatures (signature-check.ts). Numbers stay bytes here; the sizes that are worth arithmetic are bounded
 * there.
 */

import { Buffer } from 'node:buffer';
import { createHash, ECDH } from 'node:crypto';
import { concatBytes } from '../../encoding/bytes.js';
import { toHex } from '../../encoding/hex.js';
import { ALGORITHM, isKnownCipher, isKnownHash } from './algorithms.js';
import { type PacketBody, readUint } from './octet-source.js';
import { serializePacket } from './packet-header.js';
import { PgpFault, structuralFault, unsupportedPacket } from './pgp-fault.js';
import { bigEndian, readInteger, V5_DISABLED } from './signature-packet.js';

/** The numbers of a key, as far as signatures need them. */
export type KeyMaterial =
  | { readonly type: 'rsa'; readonly n: Uint8Array; readonly e: Uint8Array }
  | {
      readonly type: 'dsa';
      readonly p: Uint8Array;
      readonly q: Uint8Array;
      readonly g: Uint8Array;
      readonly y: Uint8Array;
    }
  /** `oid` is the content of a DER object identifier, `point` 0x04 ‖ x ‖ y. */
  | { readonly type: 'ecdsa'; readonly oid: Uint8Array; readonly point: Uint8Array }
  | { readonly type: 'ed25519' | 'ed448'; readonly point: Uint8Array }
  | { readonly type: 'encryption' };

/** A key packet as read. */
export interface KeyPacket {
  readonly version: number;
  readonly isSubkey: boolean;
  readonly isSecret: boolean;
  readonly createdSeconds: number;
  readonly algorithm: number;
  readonly material: KeyMaterial;
  /** The public packet's body. */
  readonly body: Uint8Array;
  /** Hex. */
  readonly fingerprint: string;
  /** 16 hex digits. */
  readonly keyId: string;
}

interface Curve {
  readonly use: 'prime' | 'eddsa' | 'ecdh';
  /** OpenSSL's name, where there is arithmetic to do. */
  readonly name: string;
  /** Length of a point in bytes, its prefix included; 0 where Rekor's library does not look. */
  readonly pointLength: number;
}

/** By the object identifier in hex. */
const CURVES: ReadonlyMap<string, Curve> = new Map([
  ['2a8648ce3d030107', { use: 'prime', name: 'prime256v1', pointLength: 65 }],
  ['2b81040022', { use: 'prime', name: 'secp384r1', pointLength: 97 }],
  ['2b81040023', { use: 'prime', name: 'secp521r1', pointLength: 133 }],
  ['2b8104000a', { use: 'prime', name: 'secp256k1', pointLength: 65 }],
  ['2b2403030208010107', { use: 'prime', name: 'brainpoolP256r1', pointLength: 65 }],
  ['2b240303020801010b', { use: 'prime', name: 'brainpoolP384r1', pointLength: 97 }],
  ['2b240303020801010d', { use: 'prime', name: 'brainpoolP512r1', pointLength: 129 }],
  ['2b06010401da470f01', { use: 'eddsa', name: 'ed25519', pointLength: 33 }],
  ['2b6571', { use: 'eddsa', name: 'ed448', pointLength: 58 }],
  ['2b060104019755010501', { use: 'ecdh', name: 'Curve25519', pointLength: 33 }],
  ['2b656f', { use: 'ecdh', name: 'Curve448', pointLength: 57 }],
]);

/** Returns the key in the body of a packet. Throws a PgpFault. */
export function readKeyPacket(body: PacketBody, isSubkey: boolean, isSecret: boolean): KeyPacket {
  const head = body.take(6);
  const version = head[0] as number;
  if (version === 5) throw unsupportedPacket(V5_DISABLED);
  if (version !== 4 && version !== 6) throw unsupportedPacket(`public key version ${version}`);
  // The octet count of version 6 is not believed; it is written anew.
  if (version === 6) body.take(4);
  const algorithm = head[5] as number;
  const { material, fields } = readMaterial(body, algorithm, version);
  if (isSecret) passOverSecret(body, version);
  const ownBody =
    version === 6
      ? concatBytes(head, bigEndian(fields.length, 4), fields)
      : concatBytes(head, fields);
  const fingerprint = createHash(version === 6 ? 'sha256' : 'sha1')
    .update(keyHashInput({ version, body: ownBody }))
    .digest('hex');
  return {
    version,
    isSubkey,
    isSecret,
    createdSeconds: readUint(head.subarray(1, 5)),
    algorithm,
    material,
    body: ownBody,
    fingerprint,
    keyId: version === 6 ? fingerprint.slice(0, 16) : fingerprint.slice(24),
  };
}

/** Returns what signatures over a key hash of it (RFC 9580 section 5.2.4). */
export function keyHashInput({ version, body }: Pick<KeyPacket, 'version' | 'body'>): Uint8Array {
  const prefix =
    version === 6
      ? concatBytes(Uint8Array.of(0x9b), bigEndian(body.length, 4))
      : concatBytes(Uint8Array.of(0x99), bigEndian(body.length & 0xffff, 2));
  return concatBytes(prefix, body);
}

/** Returns the public packet as the log stores it. */
export function serializeKeyPacket(key: KeyPacket): Uint8Array {
  return serializePacket(key.isSubkey ? 14 : 6, key.body);
}

interface Material {
  readonly material: KeyMaterial;
  readonly fields: Uint8Array;
}

function readMaterial(body: PacketBody, algorithm: number, version: number): Material {
  switch (algorithm) {
    case ALGORITHM.rsa:
    case ALGORITHM.rsaEncryptOnly:
    case ALGORITHM.rsaSignOnly:
      return readRsa(body);
    case ALGORITHM.dsa: {
      const [p, q, g, y] = [1, 2, 3, 4].map(() => readInteger(body)) as [Int, Int, Int, Int];
      const fields = concatBytes(p.field, q.field, g.field, y.field);
      return {
        material: { type: 'dsa', p: p.value, q: q.value, g: g.value, y: y.value },
        fields,
      };
    }
    case ALGORITHM.elgamal:
      return encryption(...[1, 2, 3].map(() => readInteger(body).field));
    case ALGORITHM.ecdsa:
      return readEcdsa(body);
    case ALGORITHM.ecdh:
      return readEcdh(body, version);
    case ALGORITHM.eddsaLegacy:
      return readEddsa(body, version);
    case ALGORITHM.x25519:
      return encryption(body.takeOrEnd(32));
    case ALGORITHM.x448:
      return encryption(body.takeOrEnd(56));
    case ALGORITHM.ed25519: {
      const point = body.takeOrEnd(32);
      return { material: { type: 'ed25519', point }, fields: point };
    }
    case ALGORITHM.ed448: {
      const point = body.takeOrEnd(57);
      return { material: { type: 'ed448', point }, fields: point };
    }
    default:
      throw unsupportedPacket(`public key type: ${algorithm}`);
  }
}

type Int = ReturnType<typeof readInteger>;

function encryption(...fields: readonly Uint8Array[]): Material {
  return { material: { type: 'encryption' }, fields: concatBytes(...fields) };
}

function readRsa(body: PacketBody): Material {
  const n = readInteger(body);
  const e = readInteger(body);
  if (e.value.length > 3) throw unsupportedPacket('large public exponent');
  return {
    material: { type: 'rsa', n: n.value, e: e.value },
    fields: concatBytes(n.field, e.field),
  };
}

function readEcdsa(body: PacketBody): Material {
  const oid = readShortField(body);
  const curve = curveOf(oid);
  const point = readInteger(body);
  if (curve.use !== 'prime') throw unsupportedPacket(`unsupported oid: ${toHex(oid.value)}`);
  if (!isOnCurve(curve, point.value)) {
    throw new PgpFault('fatal', 'ecdsa: failed to parse EC point');
  }
  return {
    material: { type: 'ecdsa', oid: oid.value, point: point.value },
    fields: concatBytes(oid.field, point.field),
  };
}

function readEcdh(body: PacketBody, version: number): Material {
  const oid = readShortField(body);
  const curve = curveOf(oid);
  // Rekor's library gives both 25519 curves one name, and refuses that name here.
  if (version === 6 && (curve.name === 'Curve25519' || curve.name === 'ed25519')) {
    throw structuralFault('cannot read v6 key with deprecated OID: Curve25519Legacy');
  }
  const point = readInteger(body);
  const derivation = readShortField(body);
  if (curve.use === 'eddsa') throw unsupportedPacket(`unsupported oid: ${toHex(oid.value)}`);
  const [reserved, hash, cipher] = derivation.value;
  if (derivation.value.length < 3) {
    throw unsupportedPacket(`unsupported ECDH KDF length: ${derivation.value.length}`);
  }
  if (reserved !== 1) throw unsupportedPacket(`unsupported KDF reserved field: ${reserved}`);
  if (!isKnownHash(hash as number)) throw unsupportedPacket(`unsupported ECDH KDF hash: ${hash}`);
  if (!isKnownCipher(cipher as number)) {
    throw unsupportedPacket(`unsupported ECDH KDF cipher: ${cipher}`);
  }
  if (curve.use === 'ecdh' && point.value.length !== curve.pointLength) {
    throw new PgpFault('fatal', 'ecdh: failed to parse EC point');
  }
  return encryption(oid.field, point.field, derivation.field);
}

function readEddsa(body: PacketBody, version: number): Material {
  if (version === 6) {
    throw structuralFault('cannot generate v6 key with deprecated algorithm: EdDSALegacy');
  }
  const oid = readShortField(body);
  const curve = curveOf(oid);
  if (curve.use !== 'eddsa') throw unsupportedPacket(`unsupported oid: ${toHex(oid.value)}`);
  const point = readInteger(body);
  if (point.value.length === 0) throw structuralFault('empty EdDSA public key');
  if (point.value[0] !== 0x40) {
    throw unsupportedPacket(`unsupported EdDSA compression: ${point.value[0]}`);
  }
  if (point.value.length !== curve.pointLength) {
    throw new PgpFault('fatal', 'eddsa: failed to parse EC point');
  }
  return {
    material: {
      type: curve.name === 'ed25519' ? 'ed25519' : 'ed448',
      point: point.value.subarray(1),
    },
    fields: concatBytes(oid.field, point.field),
  };
}

/** A field behind one octet of length: an object identifier, or parameters of key derivation. */
function readShortField(body: PacketBody): Int {
  const length = body.takeOctet();
  if (length === 0 || length === 0xff) throw unsupportedPacket('reserved for future extensions');
  const value = body.take(length);
  return { value, field: concatBytes(Uint8Array.of(length), value) };
}

function curveOf(oid: Int): Curve {
  const curve = CURVES.get(toHex(oid.value));
  if (curve === undefined) throw unsupportedPacket(`unknown oid: ${toHex(oid.value)}`);
  return curve;
}

function isOnCurve(curve: Curve, point: Uint8Array): boolean {
  if (point.length !== curve.pointLength || point[0] !== 0x04) return false;
  try {
    ECDH.convertKey(Buffer.from(point), curve.name, undefined, undefined, 'uncompressed');
    return true;
  } catch {
    // OpenSSL looks at the equation, and so does Rekor's library.
    return false;
  }
}

/** The secret part is looked at as far as it says whether it arrived whole, and never kept. */
function passOverSecret(body: PacketBody, version: number): void {
  const protection = body.takeOctet();
  if (version === 6 && protection !== 0) body.take(1);
  if (protection !== 0) {
    if (protection < 253) {
      throw unsupportedPacket('deprecated s2k function in private key');
    }
    const cipher = body.takeOctet();
    if (cipher !== 0 && !isKnownCipher(cipher)) {
      throw unsupportedPacket('unsupported cipher function in private key');
    }
  }
  const secret = body.takeRest();
  if (protection !== 0) return;
  if (secret.length < 2) throw structuralFault('truncated private key data');
  if (version === 6) return;
  let sum = 0;
  for (const octet of secret.subarray(0, -2)) sum = (sum + octet) & 0xffff;
  if (sum !== readUint(secret.subarray(-2))) {
    throw structuralFault('private key checksum failure');
  }
}
