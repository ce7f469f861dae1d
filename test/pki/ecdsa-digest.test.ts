import assert from 'node:assert/strict';
import { createHash, generateKeyPairSync, type KeyObject, sign, verify } from 'node:crypto';
import { test } from 'node:test';
import { p256, p384, p521 } from '@noble/curves/nist.js';
import { bigintOf, CURVES, type CurveName, readPoint } from '../../src/pki/curves.js';
import {
  type EcdsaCheck,
  verifyEcdsaDigest,
  verifyEcdsaDigests,
} from '../../src/pki/ecdsa-digest.js';
import { encodeEcdsaSignature, readEcdsaSignature } from '../../src/pki/ecdsa-signature.js';
import { readPublicKey } from '../../src/pki/public-key.js';
import { verifyTogether } from '../../src/pki/verify.js';
import { Random } from '../random.js';
import { wycheproofCases } from './wycheproof.js';

const HASH = { 'SHA-256': 'sha256', 'SHA-384': 'sha384', 'SHA-512': 'sha512' } as const;

for (const file of [
  'ecdsa_secp224r1_sha256',
  'ecdsa_secp256r1_sha256',
  'ecdsa_secp256r1_sha512',
  'ecdsa_secp384r1_sha384',
  'ecdsa_secp521r1_sha512',
]) {
  test(`every verdict of ${file} is Wycheproof's, in strict DER`, () => {
    const cases = wycheproofCases(file);
    assert.ok(cases.length > 450);
    // All in one call, as a block of submissions is.
    const verdicts = verifyTogether(
      cases.map(({ publicKeyDer, sha, message, signature }) => {
        const algorithm = HASH[sha as keyof typeof HASH];
        const digest = createHash(algorithm).update(message).digest();
        return { key: readPublicKey(publicKeyDer), algorithm, digest, signature };
      }),
    );
    for (const [i, { id, comment, result }] of cases.entries()) {
      // Fixed-width signatures are taken too; among these vectors they are wrong either way.
      assert.equal(verdicts[i] === undefined, result === 'valid', `test ${id}: ${comment}`);
    }
  });
}

test('fixed-width vectors of the right width have the verdict of Wycheproof', () => {
  let compared = 0;
  for (const { id, publicKeyDer, message, signature, result } of wycheproofCases(
    'ecdsa_secp256r1_sha256_p1363',
  )) {
    if (signature.length !== 64) continue;
    const digest = createHash('sha256').update(message).digest();
    const key = readPublicKey(publicKeyDer);
    const [verdict] = verifyTogether([{ key, algorithm: 'sha256', digest, signature }]);
    assert.equal(verdict === undefined, result === 'valid', `test ${id}`);
    compared++;
  }
  assert.ok(compared > 150);
});

const NATIVE = { 'P-224': 'secp224r1', 'P-256': 'P-256', 'P-384': 'P-384', 'P-521': 'P-521' };

test('digests of any length and flipped bits get the verdict of native verification', () => {
  const random = new Random(1);
  for (const name of Object.keys(CURVES) as CurveName[]) {
    const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: NATIVE[name] });
    const key = ecdsaKey(publicKey);
    for (const hash of ['sha1', 'sha256', 'sha384', 'sha512']) {
      for (let round = 0; round < 3; round++) {
        const message = Buffer.from(`${name} ${hash} ${round}`);
        const digest = createHash(hash).update(message).digest();
        const good = sign(hash, message, { key: privateKey, dsaEncoding: 'ieee-p1363' });
        const bad = Buffer.from(good);
        flipBit(bad, random.below(8 * bad.length));
        for (const signature of [good, bad]) {
          const expected = verify(
            hash,
            message,
            { key: publicKey, dsaEncoding: 'ieee-p1363' },
            signature,
          );
          const half = signature.length / 2;
          const r = bigintOf(signature.subarray(0, half));
          const s = bigintOf(signature.subarray(half));
          assert.equal(verifyEcdsaDigest(key.curve, key.point, digest, { r, s }), expected);
        }
        // Within the leftmost bits that count on every curve.
        const flipped = Buffer.from(digest);
        flipBit(flipped, random.below(128));
        const half = good.length / 2;
        const signature = {
          r: bigintOf(good.subarray(0, half)),
          s: bigintOf(good.subarray(half)),
        };
        assert.equal(verifyEcdsaDigest(key.curve, key.point, flipped, signature), false);
      }
    }
  }
});

for (const [name, noble] of [
  ['P-256', p256],
  ['P-384', p384],
  ['P-521', p521],
] as const) {
  test(`${name}: the pure implementation agrees on high and low s and on wrong digests`, () => {
    for (let round = 0; round < 6; round++) {
      const secret = noble.Point.Fn.toBytes(BigInt(round) * 7919n + 12345n);
      const point = noble.getPublicKey(secret, false);
      const digest = createHash('sha512').update(`round ${round}`).digest();
      const encoded = noble.sign(digest, secret, { prehash: false, lowS: round % 2 === 0 });
      const half = encoded.length / 2;
      const r = bigintOf(encoded.subarray(0, half));
      const s = bigintOf(encoded.subarray(half));
      const curve = CURVES[name];
      for (const signature of [
        { r, s },
        { r, s: curve.n - s },
        { r: s, s: r },
        { r, s: (s % (curve.n - 1n)) + 1n },
      ]) {
        const bytes = Buffer.from(
          [signature.r, signature.s].map((v) => v.toString(16).padStart(2 * half, '0')).join(''),
          'hex',
        );
        const expected = noble.verify(bytes, digest, point, { prehash: false, lowS: false });
        assert.equal(verifyEcdsaDigest(curve, point, digest, signature), expected);
      }
    }
  });
}

test('the sum of both terms may be a doubling (T = Q)', () => {
  // With the key d and any r, e = d·r makes T = (e/r)·G = Q.
  for (const name of ['P-256', 'P-384'] as const) {
    const { curve, point, digest, r, s } = craft(name, (d, r, n) => (d * r) % n);
    assert.equal(verifyEcdsaDigest(curve, point, digest, { r, s }), true);
    assert.equal(verifyEcdsaDigest(curve, point, digest, { r, s: s + 1n }), false);
  }
});

test('a sum at infinity (T = −Q) is refused', () => {
  for (const name of ['P-256', 'P-384'] as const) {
    const { curve, point, digest, r } = craft(name, (d, r, n) => (n - ((d * r) % n)) % n);
    for (const s of [1n, 2n, curve.n - 1n]) {
      assert.equal(verifyEcdsaDigest(curve, point, digest, { r, s }), false);
    }
  }
});

test('a zero digest leaves the base point out', () => {
  const { curve, point, r, s } = craft('P-256', () => 0n);
  assert.equal(verifyEcdsaDigest(curve, point, new Uint8Array(32), { r, s }), true);
});

test('what is special about one check of several leaves the others as they are', () => {
  const plain = craft('P-256', () => 123456789n);
  const cases: [EcdsaCheck, boolean][] = [
    [checkOf(plain), true],
    [{ ...checkOf(plain), point: new Uint8Array(65).fill(4) }, false],
    [checkOf(craft('P-256', (d, r, n) => (d * r) % n)), true],
    [checkOf(craft('P-256', (d, r, n) => (n - ((d * r) % n)) % n)), false],
    [checkOf(craft('P-256', () => 0n)), true],
    [{ ...checkOf(plain), signature: { r: 0n, s: plain.s } }, false],
    [checkOf(craft('P-256', () => 987654321n)), true],
    [{ ...checkOf(plain), digest: new Uint8Array(32).fill(7) }, false],
  ];
  const checks = cases.map(([check]) => check);
  const expected = cases.map(([, holds]) => holds);
  assert.deepEqual(verifyEcdsaDigests(plain.curve, checks), expected);
  assert.deepEqual(verifyEcdsaDigests(plain.curve, [...checks].reverse()), expected.reverse());
  assert.deepEqual(verifyEcdsaDigests(plain.curve, []), []);
});

test('a signature for the negated digest, the forgery of sign-blind checks, is refused', () => {
  const { curve, point, r, s, digest } = craft('P-256', () => 123456789n);
  assert.equal(verifyEcdsaDigest(curve, point, digest, { r, s }), true);
  const negated = scalar(curve.n - bigintOf(digest), 32);
  assert.equal(verifyEcdsaDigest(curve, point, negated, { r, s }), false);
  assert.equal(verifyEcdsaDigest(curve, point, negated, { r, s: curve.n - s }), false);
});

test('numbers out of range and points off the curve verify nothing', () => {
  const { curve, point, digest, r, s } = craft('P-256', () => 42n);
  for (const signature of [
    { r: 0n, s },
    { r, s: 0n },
    { r: curve.n, s },
    { r, s: curve.n },
    { r: r + curve.n, s },
    { r, s: s + curve.n },
    { r: -r, s },
  ]) {
    assert.equal(verifyEcdsaDigest(curve, point, digest, signature), false);
  }
  const off = Uint8Array.from(point);
  off[64] = (off[64] as number) ^ 1;
  assert.equal(readPoint(curve, off), undefined);
  assert.equal(verifyEcdsaDigest(curve, off, digest, { r, s }), false);
  assert.equal(verifyEcdsaDigest(curve, point.subarray(0, 33), digest, { r, s }), false);
});

test('both encodings are told apart as Rekor does, with its reasons', () => {
  const der = encodeEcdsaSignature({ r: 5n, s: 0x80n });
  assert.deepEqual([...der], [0x30, 7, 2, 1, 5, 2, 2, 0, 0x80]);
  assert.deepEqual(readEcdsaSignature(der).value, { r: 5n, s: 0x80n });

  const asn1 = 'invalid signature when validating ASN.1 encoded signature';
  assert.deepEqual(readEcdsaSignature(Uint8Array.of(...der, 0)), {
    value: undefined,
    failure: asn1,
  });
  const negative = Uint8Array.of(0x30, 6, 2, 1, 0xff, 2, 1, 1);
  assert.deepEqual(readEcdsaSignature(negative), { value: undefined, failure: asn1 });

  // A padded integer is no DER, so the even length makes it a pair of halves.
  const padded = Uint8Array.of(0x30, 8, 2, 2, 0, 1, 2, 2, 0, 1);
  assert.equal(
    readEcdsaSignature(padded).failure,
    'invalid signature when validating IEEE_P1363 encoded signature',
  );
  for (const length of [0, 63, 134]) {
    assert.deepEqual(readEcdsaSignature(new Uint8Array(length).fill(7)), {
      value: undefined,
      failure: 'ecdsa: Invalid IEEE_P1363 encoded bytes',
    });
  }
  assert.equal(
    readEcdsaSignature(new Uint8Array(132).fill(7)).value?.r,
    bigintOf(new Uint8Array(66).fill(7)),
  );
});

function flipBit(bytes: Buffer, bit: number): void {
  bytes[bit >> 3] = (bytes[bit >> 3] as number) ^ (1 << (bit & 7));
}

function ecdsaKey(publicKey: KeyObject) {
  const key = readPublicKey(publicKey.export({ type: 'spki', format: 'der' }));
  assert.ok(key.type === 'ecdsa');
  return key;
}

/** A key d, a nonce, and a digest chosen after r: a signer may do that, and reach the rare branches. */
function craft(name: 'P-256' | 'P-384', digestFor: (d: bigint, r: bigint, n: bigint) => bigint) {
  const noble = name === 'P-256' ? p256 : p384;
  const curve = CURVES[name];
  const { n, fieldLength } = curve;
  const d = 0x1234567890abcdefn;
  const nonce = 0xfedcba0987654321n;
  const r = noble.Point.BASE.multiply(nonce).toAffine().x % n;
  const e = digestFor(d, r, n);
  const s = (noble.Point.Fn.inv(nonce) * (e + d * r)) % n;
  return {
    curve,
    r,
    s,
    digest: scalar(e, fieldLength),
    point: noble.Point.BASE.multiply(d).toBytes(false),
  };
}

function checkOf({ point, digest, r, s }: ReturnType<typeof craft>): EcdsaCheck {
  return { point, digest, signature: { r, s } };
}

function scalar(value: bigint, length: number): Uint8Array {
  return Buffer.from(value.toString(16).padStart(2 * length, '0'), 'hex');
}
