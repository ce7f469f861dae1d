/**
 * The prime curves that keys of signers use: FIPS 186-4, appendix D.1.2. All are short Weierstrass
 * curves y² = x³ − 3x + b over a prime field, with a group of prime order.
 *
 * In scope: parameters. Out of scope: arithmetic with them (ecdsa-digest.ts).
 */

import { Buffer } from 'node:buffer';

/** Names of the curves, as key formats and algorithm policies spell them. */
export type CurveName = 'P-224' | 'P-256' | 'P-384' | 'P-521';

/** The parameters of one curve. */
export interface Curve {
  readonly name: CurveName;
  /** The name OpenSSL gives it. */
  readonly nativeName: string;
  /** Dotted object identifier of the named curve. */
  readonly oid: string;
  /** Length of one coordinate, in bytes. */
  readonly fieldLength: number;
  /** Length of the group order, in bits. */
  readonly orderBits: number;
  /** The field prime. */
  readonly p: bigint;
  /** The group order. */
  readonly n: bigint;
  readonly b: bigint;
}

const P224: Curve = {
  name: 'P-224',
  nativeName: 'secp224r1',
  oid: '1.3.132.0.33',
  fieldLength: 28,
  orderBits: 224,
  p: 2n ** 224n - 2n ** 96n + 1n,
  n: 0xffffffffffffffffffffffffffff16a2e0b8f03e13dd29455c5c2a3dn,
  b: 0xb4050a850c04b3abf54132565044b0b7d7bfd8ba270b39432355ffb4n,
};

const P256: Curve = {
  name: 'P-256',
  nativeName: 'prime256v1',
  oid: '1.2.840.10045.3.1.7',
  fieldLength: 32,
  orderBits: 256,
  p: 2n ** 256n - 2n ** 224n + 2n ** 192n + 2n ** 96n - 1n,
  n: 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n,
  b: 0x5ac635d8aa3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604bn,
};

const P384: Curve = {
  name: 'P-384',
  nativeName: 'secp384r1',
  oid: '1.3.132.0.34',
  fieldLength: 48,
  orderBits: 384,
  p: 2n ** 384n - 2n ** 128n - 2n ** 96n + 2n ** 32n - 1n,
  n: 0xffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973n,
  b: 0xb3312fa7e23ee7e4988e056be3f82d19181d9c6efe8141120314088f5013875ac656398d8a2ed19d2a85c8edd3ec2aefn,
};

const P521: Curve = {
  name: 'P-521',
  nativeName: 'secp521r1',
  oid: '1.3.132.0.35',
  fieldLength: 66,
  orderBits: 521,
  p: 2n ** 521n - 1n,
  n: 0x1fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffa51868783bf2f966b7fcc0148f709a5d03bb5c9b8899c47aebb6fb71e91386409n,
  b: 0x51953eb9618e1c9a1f929a21a0b68540eea2da725b99b315f3b8b489918ef109e156193951ec7e937b1652c0bd3bb1bf073573df883d2c34f1ef451fd46b503f00n,
};

/** The curves by name. */
export const CURVES: Readonly<Record<CurveName, Curve>> = {
  'P-224': P224,
  'P-256': P256,
  'P-384': P384,
  'P-521': P521,
};

/** Returns the curve with that dotted object identifier, undefined for one that is not supported. */
export function curveByOid(oid: string): Curve | undefined {
  return Object.values(CURVES).find((curve) => curve.oid === oid);
}

/** A point of a curve, not the one at infinity; both coordinates in [0, p). */
export interface CurvePoint {
  readonly x: bigint;
  readonly y: bigint;
}

/**
 * Returns the coordinates of `point` (0x04 ‖ x ‖ y), undefined unless it has the right length, its
 * coordinates are reduced and it lies on the curve.
 */
export function readPoint(curve: Curve, point: Uint8Array): CurvePoint | undefined {
  if (point.length !== 1 + 2 * curve.fieldLength || point[0] !== 4) return undefined;
  const x = bigintOf(point.subarray(1, 1 + curve.fieldLength));
  const y = bigintOf(point.subarray(1 + curve.fieldLength));
  if (x >= curve.p || y >= curve.p) return undefined;
  const right = (x * x * x - 3n * x + curve.b) % curve.p;
  const left = (y * y) % curve.p;
  return left === (right < 0n ? right + curve.p : right) ? { x, y } : undefined;
}

/** Returns big-endian bytes as an unsigned integer; 0 for no bytes. */
export function bigintOf(bytes: Uint8Array): bigint {
  if (bytes.length === 0) return 0n;
  return BigInt(
    `0x${Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('hex')}`,
  );
}
