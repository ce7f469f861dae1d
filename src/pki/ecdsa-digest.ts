/**
 * ECDSA verification over a digest (FIPS 186-4 section 6.4), with OpenSSL doing the heavy part.
 *
 * Node has no call that takes a digest in place of the message, and pure JavaScript costs a dozen times
 * as much as native code. But Node does have native ECDH, and that is enough. The classic check is
 *
 *   R = (e/s)·G + (r/s)·Q, accept if and only if x(R) mod n = r.
 *
 * With u2 = r/s taken out of both terms it reads R = u2·(Q + (e/r)·G): one multiplication of the base
 * point (`getPublicKey`), one affine addition, and one multiplication of an arbitrary point of which only
 * the x coordinate is wanted, which is exactly what `computeSecret` returns.
 *
 * The addition happens on full coordinates. Comparing only the x coordinates of u1·G ± u2·Q would be
 * shorter, and would accept a forgery: the sign of y decides between the digests e and −e.
 *
 * In scope: the mathematics. Out of scope: signature encodings (ecdsa-signature.ts), keys
 * (public-key.ts). Nothing here is secret, so nothing runs in constant time. Holds one ECDH object for
 * each curve as scratch space; calls are synchronous and leave nothing behind that the next one reads.
 */

import { Buffer } from 'node:buffer';
import { createECDH, type ECDH } from 'node:crypto';
import { bigintOf, type Curve, readPoint } from './curves.js';
import { inverseModulo } from './modular-inverse.js';

/** The two integers of a signature. */
export interface EcdsaSignature {
  readonly r: bigint;
  readonly s: bigint;
}

/**
 * Returns true when `signature` by the key `point` (0x04 ‖ x ‖ y) is over `digest`, of any length. Never
 * throws: a point that is not on the curve verifies nothing.
 */
export function verifyEcdsaDigest(
  curve: Curve,
  point: Uint8Array,
  digest: Uint8Array,
  signature: EcdsaSignature,
): boolean {
  const { n, p } = curve;
  const { r, s } = signature;
  if (r <= 0n || r >= n || s <= 0n || s >= n) return false;
  const q = readPoint(curve, point);
  if (q === undefined) return false;

  // One inversion serves both quotients: 1/r = s/(rs), 1/s = r/(rs).
  const rsInverse = inverseModulo((r * s) % n, n);
  const e = digestInteger(curve, digest);
  const t = (((e * s) % n) * rsInverse) % n;
  const u2 = (((r * r) % n) * rsInverse) % n;

  const ecdh = scratch(curve);
  let sum = q;
  if (t !== 0n) {
    ecdh.setPrivateKey(fixedBytes(t, scalarLength(curve)));
    const base = ecdh.getPublicKey();
    const x = bigintOf(base.subarray(1, 1 + curve.fieldLength));
    const y = bigintOf(base.subarray(1 + curve.fieldLength));
    if (x === q.x && y !== q.y) return false; // T = −Q: the sum, and with it R, is the point at infinity
    const slope =
      x === q.x
        ? 3n * (x * x - 1n) * inverseModulo((2n * y) % p, p) // doubling on a curve with a = −3
        : (y - q.y) * inverseModulo(positive(x - q.x, p), p);
    const lambda = positive(slope % p, p);
    const sumX = positive((lambda * lambda - q.x - x) % p, p);
    sum = { x: sumX, y: positive((lambda * (q.x - sumX) - q.y) % p, p) };
  }
  ecdh.setPrivateKey(fixedBytes(u2, scalarLength(curve)));
  return bigintOf(ecdh.computeSecret(uncompressed(curve, sum))) % n === r;
}

const scratchByCurve = new Map<string, ECDH>();

// Creating an ECDH object costs a tenth of a whole verification.
function scratch(curve: Curve): ECDH {
  let ecdh = scratchByCurve.get(curve.nativeName);
  if (ecdh === undefined) {
    ecdh = createECDH(curve.nativeName);
    scratchByCurve.set(curve.nativeName, ecdh);
  }
  return ecdh;
}

/** The leftmost bits of the digest, as many as the group order has. */
function digestInteger(curve: Curve, digest: Uint8Array): bigint {
  const length = scalarLength(curve);
  const value = bigintOf(digest.length > length ? digest.subarray(0, length) : digest);
  const excess = Math.min(digest.length, length) * 8 - curve.orderBits;
  return (excess > 0 ? value >> BigInt(excess) : value) % curve.n;
}

function scalarLength(curve: Curve): number {
  return Math.ceil(curve.orderBits / 8);
}

function positive(value: bigint, modulus: bigint): bigint {
  return value < 0n ? value + modulus : value;
}

function uncompressed(curve: Curve, point: { x: bigint; y: bigint }): Buffer {
  const digits = 2 * curve.fieldLength;
  return Buffer.from(
    `04${point.x.toString(16).padStart(digits, '0')}${point.y.toString(16).padStart(digits, '0')}`,
    'hex',
  );
}

function fixedBytes(value: bigint, length: number): Buffer {
  return Buffer.from(value.toString(16).padStart(2 * length, '0'), 'hex');
}
