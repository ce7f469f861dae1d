/**
 * Public keys of SSH without a certificate around them: RSA and DSA (RFC 4253 section 6.6), ECDSA (RFC 5656
 * section 3.1), Ed25519 (RFC 8709), and the two that live in security keys (OpenSSH's PROTOCOL.u2f).
 *
 * In scope: the members after the algorithm's name, to a key and back. Out of scope: certificates, text files,
 * verification.
 */

import { Buffer } from 'node:buffer';
import { compareBytes } from '../../encoding/bytes.js';
import { goQuoteOctets } from '../../encoding/go-quote.js';
import { CURVES, type Curve, readPoint } from '../curves.js';
import { bitLength, isNegative, magnitudeOf, type WireReader, wireStrings } from './wire.js';

/** The numbers of a key. */
export type SshKeyMaterial =
  /** `modulus` is unsigned: of a negative one Rekor takes the absolute value when it verifies. */
  | { readonly type: 'rsa'; readonly exponent: number; readonly modulus: Uint8Array }
  /** Unsigned numbers. `q` is absent where it was negative: nothing verifies then. */
  | {
      readonly type: 'dsa';
      readonly p: Uint8Array;
      readonly q: Uint8Array | undefined;
      readonly g: Uint8Array;
      readonly y: Uint8Array;
    }
  /** `point` is 0x04 ‖ x ‖ y, on the curve. */
  | {
      readonly type: 'ecdsa';
      readonly curve: Curve;
      readonly point: Uint8Array;
      readonly application?: Uint8Array;
    }
  /** `key` has 32 bytes. With an application the key lives in a security key. */
  | { readonly type: 'ed25519'; readonly key: Uint8Array; readonly application?: Uint8Array };

/** A key without a certificate. */
export interface PlainSshKey {
  /** The name of its algorithm. */
  readonly algorithm: string;
  /** The members after the name, as Rekor writes them again. */
  readonly members: Uint8Array;
  readonly material: SshKeyMaterial;
}

/** Returns true for the name of an algorithm that `readPlainKey` reads. */
export function isPlainAlgorithm(algorithm: string): boolean {
  return READERS.has(algorithm);
}

/**
 * Returns the key whose members come next; `algorithm` is one that `isPlainAlgorithm` knows. Throws the
 * reader's code, with the reasons of Rekor's library.
 */
export function readPlainKey(reader: WireReader, algorithm: string): PlainSshKey {
  const read = READERS.get(algorithm);
  if (read === undefined) throw reader.failure(`ssh: unknown key algorithm: ${algorithm}`);
  reader.assertMore();
  return { algorithm, ...read(reader) };
}

type ReadMembers = (reader: WireReader) => Omit<PlainSshKey, 'algorithm'>;

const READERS: ReadonlyMap<string, ReadMembers> = new Map([
  ['ssh-rsa', readRsa],
  ['ssh-dss', readDsa],
  ['ecdsa-sha2-nistp256', ecdsaReader('ecdsa-sha2-nistp256', 'nistp256', CURVES['P-256'])],
  ['ecdsa-sha2-nistp384', ecdsaReader('ecdsa-sha2-nistp384', 'nistp384', CURVES['P-384'])],
  ['ecdsa-sha2-nistp521', ecdsaReader('ecdsa-sha2-nistp521', 'nistp521', CURVES['P-521'])],
  ['ssh-ed25519', readEd25519],
  ['sk-ecdsa-sha2-nistp256@openssh.com', readSecurityKeyEcdsa],
  ['sk-ssh-ed25519@openssh.com', readSecurityKeyEd25519],
]);

/** Longest RSA modulus, bits: the largest that OpenSSH makes. */
const MAX_MODULUS_BITS = 16_384;
const MAX_EXPONENT_BITS = 24;

function readRsa(reader: WireReader): Omit<PlainSshKey, 'algorithm'> {
  const e = reader.mpint();
  const n = reader.mpint();
  const modulus = magnitudeOf(n);
  if (bitLength(modulus) > MAX_MODULUS_BITS) throw reader.failure('ssh: rsa modulus too large');
  const magnitude = magnitudeOf(e);
  if (bitLength(magnitude) > MAX_EXPONENT_BITS) throw reader.failure('ssh: exponent too large');
  const exponent = magnitude.reduce((value, octet) => value * 256 + octet, 0);
  if (isNegative(e) || exponent < 3 || exponent % 2 === 0) {
    throw reader.failure('ssh: incorrect exponent');
  }
  return { members: wireStrings(e, n), material: { type: 'rsa', exponent, modulus } };
}

function readDsa(reader: WireReader): Omit<PlainSshKey, 'algorithm'> {
  const numbers = [reader.mpint(), reader.mpint(), reader.mpint(), reader.mpint()] as const;
  const [p, q, g, y] = numbers;
  const [sizeOfP, sizeOfQ] = [bitLength(magnitudeOf(p)), bitLength(magnitudeOf(q))];
  if (sizeOfP !== 1024) throw reader.failure(`ssh: unsupported DSA key size ${sizeOfP}`);
  if (sizeOfQ !== 160) throw reader.failure(`ssh: unsupported DSA sub-prime size ${sizeOfQ}`);
  if (!isPositive(g)) throw reader.failure('ssh: DSA generator must be positive');
  if (!isBelow(g, p)) throw reader.failure('ssh: DSA generator larger than modulus');
  if (!isPositive(y) || !isBelow(y, p)) {
    throw reader.failure('ssh: DSA public value Y out of range');
  }
  return {
    members: wireStrings(...numbers),
    material: {
      type: 'dsa',
      p: magnitudeOf(p),
      q: isNegative(q) ? undefined : magnitudeOf(q),
      g: magnitudeOf(g),
      y: magnitudeOf(y),
    },
  };
}

function ecdsaReader(algorithm: string, name: string, curve: Curve): ReadMembers {
  return (reader) => {
    const found = octetText(reader.field('Curve'));
    const point = reader.string();
    if (found !== name) {
      throw reader.failure(
        `ssh: algorithm type mismatch: expected "${algorithm}", ` +
          `found curve ${goQuoteOctets(found)} (type ${goQuoteOctets(`ecdsa-sha2-${found}`)})`,
      );
    }
    assertOnCurve(reader, curve, point);
    return { members: wireStrings(name, point), material: { type: 'ecdsa', curve, point } };
  };
}

function readEd25519(reader: WireReader): Omit<PlainSshKey, 'algorithm'> {
  const key = readEd25519Key(reader, reader.string());
  return { members: wireStrings(key), material: { type: 'ed25519', key } };
}

function readSecurityKeyEcdsa(reader: WireReader): Omit<PlainSshKey, 'algorithm'> {
  const curve = CURVES['P-256'];
  const name = octetText(reader.field('Curve'));
  const point = reader.string();
  const application = reader.field('Application');
  if (name !== 'nistp256') throw reader.failure('ssh: unsupported curve');
  assertOnCurve(reader, curve, point);
  return {
    members: wireStrings(name, point, application),
    material: { type: 'ecdsa', curve, point, application },
  };
}

function readSecurityKeyEd25519(reader: WireReader): Omit<PlainSshKey, 'algorithm'> {
  const octets = reader.string();
  const application = reader.field('Application');
  const key = readEd25519Key(reader, octets);
  return {
    members: wireStrings(key, application),
    material: { type: 'ed25519', key, application },
  };
}

function readEd25519Key(reader: WireReader, key: Uint8Array): Uint8Array {
  if (key.length === 32) return key;
  throw reader.failure(`invalid size ${key.length} for Ed25519 public key`);
}

function assertOnCurve(reader: WireReader, curve: Curve, point: Uint8Array): void {
  if (readPoint(curve, point) === undefined) throw reader.failure('ssh: invalid curve point');
}

function isPositive(integer: Uint8Array): boolean {
  return integer.length > 0 && !isNegative(integer);
}

/** Whether a positive integer is below another one. */
function isBelow(a: Uint8Array, b: Uint8Array): boolean {
  if (isNegative(b)) return false;
  const [first, second] = [magnitudeOf(a), magnitudeOf(b)];
  if (first.length !== second.length) return first.length < second.length;
  return compareBytes(first, second) < 0;
}

/** A character for each byte. */
function octetText(octets: Uint8Array): string {
  return Buffer.from(octets).toString('latin1');
}
