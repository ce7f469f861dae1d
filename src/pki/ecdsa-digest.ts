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
 * Signatures that come together share their modular inversions, the dearest of what is done here: see
 * `inversesModulo`.
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
import { bigintOf, type Curve, type CurvePoint, readPoint } from './curves.js';
import { inversesModulo } from './modular-inverse.js';

/** The two integers of a signature. */
export interface EcdsaSignature {
  readonly r: bigint;
  readonly s: bigint;
}

/** A signature, what it is over, and whose it should be. */
export interface EcdsaCheck {
  /** 0x04 ‖ x ‖ y. */
  readonly point: Uint8Array;
  /** Of any length. */
  readonly digest: Uint8Array;
  readonly signature: EcdsaSignature;
}

/** Returns true when `signature` by the key `point` is over `digest`; see `verifyEcdsaDigests`. */
export function verifyEcdsaDigest(
  curve: Curve,
  point: Uint8Array,
  digest: Uint8Array,
  signature: EcdsaSignature,
): boolean {
  return verifyEcdsaDigests(curve, [{ point, digest, signature }])[0] === true;
}

/**
 * Returns for each check, in order, whether it holds. Never throws: a point that is not on the curve verifies
 * nothing, and spoils no other check.
 */
export function verifyEcdsaDigests(curve: Curve, checks: readonly EcdsaCheck[]): boolean[] {
  const verdicts = checks.map(() => false);
  const ecdh = scratch(curve);
  for (const { at, r, u2, point } of withSums(curve, ecdh, withScalars(curve, checks))) {
    ecdh.setPrivateKey(fixedBytes(u2, scalarLength(curve)));
    verdicts[at] = bigintOf(ecdh.computeSecret(uncompressed(curve, point))) % curve.n === r;
  }
  return verdicts;
}

/** A check in numbers: x(R) mod n = r is to be seen, where R = u2·(point + t·G). */
interface Equation {
  /** Which check it belongs to. */
  readonly at: number;
  readonly r: bigint;
  readonly u2: bigint;
  readonly t: bigint;
  readonly point: CurvePoint;
}

/** Returns the equations of the checks whose numbers are in range and whose points are on the curve. */
function withScalars(curve: Curve, checks: readonly EcdsaCheck[]): Equation[] {
  const { n } = curve;
  const sound = checks.flatMap(({ point, digest, signature: { r, s } }, at) => {
    if (r <= 0n || r >= n || s <= 0n || s >= n) return [];
    const q = readPoint(curve, point);
    return q === undefined ? [] : [{ at, r, s, e: digestInteger(curve, digest), point: q }];
  });
  // One inverse serves both quotients: 1/r = s/(rs), 1/s = r/(rs).
  const products = sound.map(({ r, s }) => (r * s) % n);
  const inverses = inversesModulo(products, n);
  return sound.map(({ at, r, s, e, point }, i) => {
    const inverse = inverses[i] as bigint;
    const t = (((e * s) % n) * inverse) % n;
    const u2 = (((r * r) % n) * inverse) % n;
    return { at, r, u2, t, point };
  });
}

/** Returns the equations with point + t·G for their points and 0 for t; those of a sum at infinity are left out. */
function withSums(curve: Curve, ecdh: ECDH, equations: readonly Equation[]): Equation[] {
  const { p } = curve;
  const sums: Equation[] = [];
  const open: { equation: Equation; base: CurvePoint; rise: bigint; run: bigint }[] = [];
  for (const equation of equations) {
    const { point, t } = equation;
    if (t === 0n) {
      sums.push(equation);
      continue;
    }
    const base = multipleOfBase(curve, ecdh, t);
    if (base.x !== point.x) {
      open.push({ equation, base, rise: point.y - base.y, run: positive(point.x - base.x, p) });
    } else if (base.y === point.y) {
      // The tangent, on a curve with a = −3.
      const rise = 3n * (base.x * base.x - 1n);
      open.push({ equation, base, rise, run: (2n * base.y) % p });
    }
    // What is left is T = −Q: the sum, and with it R, is the point at infinity.
  }
  const inverses = inversesModulo(
    open.map(({ run }) => run),
    p,
  );
  for (const [i, { equation, base, rise }] of open.entries()) {
    const { point } = equation;
    const slope = (rise * (inverses[i] as bigint)) % p;
    const x = positive((slope * slope - point.x - base.x) % p, p);
    const y = positive((slope * (point.x - x) - point.y) % p, p);
    sums.push({ ...equation, t: 0n, point: { x, y } });
  }
  return sums;
}

function multipleOfBase(curve: Curve, ecdh: ECDH, factor: bigint): CurvePoint {
  ecdh.setPrivateKey(fixedBytes(factor, scalarLength(curve)));
  const encoded = ecdh.getPublicKey();
  const yFrom = 1 + curve.fieldLength;
  return { x: bigintOf(encoded.subarray(1, yFrom)), y: bigintOf(encoded.subarray(yFrom)) };
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

function uncompressed(curve: Curve, point: CurvePoint): Buffer {
  const digits = 2 * curve.fieldLength;
  return Buffer.from(
    `04${point.x.toString(16).padStart(digits, '0')}${point.y.toString(16).padStart(digits, '0')}`,
    'hex',
  );
}

function fixedBytes(value: bigint, length: number): Buffer {
  return Buffer.from(value.toString(16).padStart(2 * length, '0'), 'hex');
}
