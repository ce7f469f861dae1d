/**
 * Verification of one signature by one SSH key, with the reasons that Rekor's library gives.
 *
 * In scope: RSA PKCS#1 v1.5 with SHA-1 and SHA-2, DSA, ECDSA, Ed25519, and what a security key signs (OpenSSH's
 * PROTOCOL.u2f: the application's hash, flags, a counter, the message's hash; somebody must have touched the key).
 * Out of scope: which bytes are signed (signature.ts).
 */

import { Buffer } from 'node:buffer';
import { createHash, createPublicKey, type KeyObject, verify } from 'node:crypto';
import { concatBytes } from '../../encoding/bytes.js';
import { isLogError } from '../../errors.js';
import type { Curve } from '../curves.js';
import { rsaKeyProblem } from '../rsa-digest.js';
import { dsaKeyInfo, ecdsaKeyInfo, ed25519KeyInfo, rsaKeyInfo } from '../subject-public-key.js';
import type { PlainSshKey, SshKeyMaterial } from './plain-key.js';
import { bitLength, isNegative, magnitudeOf, WireReader } from './wire.js';

/** A signature as SSH sends it. */
export interface SignatureBlob {
  /** The algorithm. */
  readonly format: string;
  readonly octets: Uint8Array;
  /** What follows: flags and counter of a security key, nothing that counts for other keys. */
  readonly rest: Uint8Array;
}

/** Returns why `signature` by `key` is not over `message`, in Rekor's words; undefined when it is. */
export function sshVerdict(
  key: PlainSshKey,
  message: Uint8Array,
  signature: SignatureBlob,
): string | undefined {
  const { algorithm, material } = key;
  const digest = DIGESTS.get(algorithm)?.get(signature.format);
  if (digest === undefined) {
    return `ssh: signature type ${signature.format} for key type ${algorithm}`;
  }
  try {
    switch (material.type) {
      case 'rsa':
        return rsaVerdict(material, digest, message, signature.octets);
      case 'dsa':
        return dsaVerdict(material, digest, message, signature.octets);
      case 'ecdsa':
        return ecdsaVerdict(material, digest, message, signature);
      case 'ed25519':
        return ed25519Verdict(material, message, signature);
    }
  } catch (error) {
    if (isLogError(error)) return error.message;
    throw error;
  }
}

/** Returns the DER SubjectPublicKeyInfo of a key; undefined for numbers that it cannot hold. */
export function sshKeyInfo(material: SshKeyMaterial): Uint8Array | undefined {
  switch (material.type) {
    case 'rsa':
      return rsaKeyInfo(material.modulus, material.exponent);
    case 'dsa':
      return material.q === undefined
        ? undefined
        : dsaKeyInfo(material.p, material.q, material.g, material.y);
    case 'ecdsa':
      return ecdsaKeyInfo(material.curve, material.point);
    case 'ed25519':
      return ed25519KeyInfo(material.key);
  }
}

/** For each algorithm of keys the formats of its signatures, with the hash; `none` signs the message itself. */
const DIGESTS: ReadonlyMap<string, ReadonlyMap<string, string>> = new Map([
  [
    'ssh-rsa',
    new Map([
      ['rsa-sha2-256', 'sha256'],
      ['rsa-sha2-512', 'sha512'],
      ['ssh-rsa', 'sha1'],
    ]),
  ],
  ...ofOneFormat('ssh-dss', 'sha1'),
  ...ofOneFormat('ecdsa-sha2-nistp256', 'sha256'),
  ...ofOneFormat('ecdsa-sha2-nistp384', 'sha384'),
  ...ofOneFormat('ecdsa-sha2-nistp521', 'sha512'),
  ...ofOneFormat('ssh-ed25519', 'none'),
  ...ofOneFormat('sk-ecdsa-sha2-nistp256@openssh.com', 'sha256'),
  ...ofOneFormat('sk-ssh-ed25519@openssh.com', 'none'),
]);

function ofOneFormat(name: string, digest: string): [[string, ReadonlyMap<string, string>]] {
  return [[name, new Map([[name, digest]])]];
}

const FAILURE = 'ssh: signature did not verify';
const RSA_FAILURE = 'crypto/rsa: verification error';

type Material<Type extends SshKeyMaterial['type']> = Extract<SshKeyMaterial, { type: Type }>;

function rsaVerdict(
  key: Material<'rsa'>,
  digest: string,
  message: Uint8Array,
  octets: Uint8Array,
): string | undefined {
  const { modulus, exponent } = key;
  const problem = rsaKeyProblem(modulus, bitLength(modulus), exponent);
  if (problem !== undefined) return problem;
  // Some signers leave out leading zeros; RFC 4253 once told them to.
  const padded = leftPadded(octets, modulus.length);
  if (padded === undefined) return RSA_FAILURE;
  return holds(key, digest, message, padded) ? undefined : RSA_FAILURE;
}

function dsaVerdict(
  key: Material<'dsa'>,
  digest: string,
  message: Uint8Array,
  octets: Uint8Array,
): string | undefined {
  if (octets.length !== 40) return 'ssh: DSA signature parse error';
  return holds(key, digest, message, octets) ? undefined : FAILURE;
}

function ecdsaVerdict(
  key: Material<'ecdsa'>,
  digest: string,
  message: Uint8Array,
  { octets, rest }: SignatureBlob,
): string | undefined {
  const reader = new WireReader(octets, 'SIGNATURE_INVALID');
  reader.assertMore();
  const r = fixedWidth(reader.mpint(), key.curve);
  const s = fixedWidth(reader.mpint(), key.curve);
  reader.assertEnd();
  const signed =
    key.application === undefined ? message : touchedMessage(key.application, message, rest);
  if (r === undefined || s === undefined) return FAILURE;
  return holds(key, digest, signed, concatBytes(r, s)) ? undefined : FAILURE;
}

function ed25519Verdict(
  key: Material<'ed25519'>,
  message: Uint8Array,
  { octets, rest }: SignatureBlob,
): string | undefined {
  let signed = message;
  if (key.application !== undefined) {
    new WireReader(octets, 'SIGNATURE_INVALID').assertMore();
    signed = touchedMessage(key.application, message, rest);
  }
  return octets.length === 64 && holds(key, 'none', signed, octets) ? undefined : FAILURE;
}

/** What a security key signs. Throws SIGNATURE_INVALID, also where nobody touched it. */
function touchedMessage(
  application: Uint8Array,
  message: Uint8Array,
  rest: Uint8Array,
): Uint8Array {
  const reader = new WireReader(rest, 'SIGNATURE_INVALID');
  reader.assertMore();
  const flags = reader.octets(1);
  const counter = reader.octets(4);
  reader.assertEnd();
  if (((flags[0] as number) & USER_PRESENT) === 0) {
    throw reader.failure('ssh: signature missing required user presence flag');
  }
  return concatBytes(sha256(application), flags, counter, sha256(message));
}

const USER_PRESENT = 0x01;

function sha256(bytes: Uint8Array): Uint8Array {
  return createHash('sha256').update(bytes).digest();
}

function fixedWidth(integer: Uint8Array, { fieldLength }: Curve): Uint8Array | undefined {
  if (integer.length === 0 || isNegative(integer)) return undefined;
  return leftPadded(magnitudeOf(integer), fieldLength);
}

/** `octets` with zeros before them, undefined when they are too long. */
function leftPadded(octets: Uint8Array, length: number): Uint8Array | undefined {
  if (octets.length > length) return undefined;
  const padded = new Uint8Array(length);
  padded.set(octets, length - octets.length);
  return padded;
}

function holds(
  material: SshKeyMaterial,
  digest: string,
  message: Uint8Array,
  signature: Uint8Array,
): boolean {
  const info = sshKeyInfo(material);
  if (info === undefined) return false;
  try {
    const key: KeyObject = createPublicKey({ key: Buffer.from(info), format: 'der', type: 'spki' });
    const algorithm = digest === 'none' ? null : digest;
    return verify(algorithm, message, { key, dsaEncoding: 'ieee-p1363' }, signature);
  } catch {
    // Numbers that OpenSSL does not take for a key, or a signature that it does not take for one, verify nothing.
    return false;
  }
}
