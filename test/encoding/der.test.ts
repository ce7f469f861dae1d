import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { test } from 'node:test';
import { ObjectIdentifier } from 'asn1js';
import fc from 'fast-check';
import {
  contentOf,
  DER_TAG,
  encodeElement,
  encodingOf,
  MAX_OID_ARC_OCTETS,
  readBitString,
  readChildren,
  readElement,
  readInteger,
  readOid,
  readOnlyElement,
} from '../../src/encoding/der.js';
import { fromHex, toHex } from '../../src/encoding/hex.js';
import { isLogError } from '../../src/errors.js';

const malformed = (error: unknown) => isLogError(error, 'ENCODING_MALFORMED');

function only(hex: string): [Uint8Array, ReturnType<typeof readOnlyElement>] {
  const bytes = fromHex(hex);
  return [bytes, readOnlyElement(bytes)];
}

test('a SubjectPublicKeyInfo is taken apart and put together again', () => {
  const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const spki = new Uint8Array(publicKey.export({ format: 'der', type: 'spki' }));
  const [algorithm, key] = readChildren(spki, readOnlyElement(spki, DER_TAG.sequence));
  assert.ok(algorithm !== undefined && key !== undefined);
  const [kind, curve] = readChildren(spki, algorithm);
  assert.equal(readOid(spki, kind), '1.2.840.10045.2.1');
  assert.equal(readOid(spki, curve), '1.2.840.10045.3.1.7');
  assert.equal(readBitString(spki, key).length, 65);
  const again = encodeElement(
    DER_TAG.sequence,
    encodingOf(spki, algorithm),
    encodeElement(DER_TAG.bitString, contentOf(spki, key)),
  );
  assert.deepEqual(again, spki);
});

test('lengths are read in their shortest form only', () => {
  for (const length of [0, 1, 127, 128, 255, 256, 65_535, 65_536, 16_777_216]) {
    const bytes = encodeElement(DER_TAG.octetString, new Uint8Array(length));
    assert.equal(contentOf(bytes, readOnlyElement(bytes)).length, length);
  }
  for (const hex of [
    '0400ff',
    '048100',
    '04817f',
    '04820001',
    '0480',
    '0485000000000100',
    '0484ffffffff',
  ]) {
    assert.throws(() => only(hex), malformed, hex);
  }
  assert.throws(() => readOnlyElement(fromHex(`04820080${'00'.repeat(128)}`)), malformed);
});

test('cut elements, multi-octet tags and children past their parent are refused', () => {
  for (const hex of ['', '04', '0402ff', '0481', '048201', '1f8100', 'ff00']) {
    assert.throws(() => only(hex), malformed, hex);
  }
  const [bytes, parent] = only('3003040200');
  assert.throws(() => readChildren(bytes, parent), malformed);
  assert.throws(() => readElement(fromHex('04020000'), 0, 3), malformed);
  assert.throws(() => readOnlyElement(fromHex('0400'), DER_TAG.sequence), malformed);
});

test('integers are read with their sign', () => {
  const values: [string, bigint][] = [
    ['020100', 0n],
    ['02017f', 127n],
    ['02020080', 128n],
    ['020180', -128n],
    ['0201ff', -1n],
    ['0202ff7f', -129n],
    ['0209010000000000000000', 2n ** 64n],
  ];
  for (const [hex, value] of values) assert.equal(readInteger(...only(hex)), value);
  for (const hex of ['0200', '02020001', '0202ff80', '040101']) {
    assert.throws(() => readInteger(...only(hex)), malformed, hex);
  }
  assert.throws(() => readInteger(new Uint8Array(0), undefined), malformed);
});

test('object identifiers are read as another implementation writes them', () => {
  const arcs = fc.array(fc.integer({ min: 0, max: 2 ** 31 - 1 }), { minLength: 1, maxLength: 8 });
  const roots = fc.oneof(
    fc.tuple(fc.constantFrom(0, 1), fc.integer({ min: 0, max: 39 })),
    fc.tuple(fc.constant(2), fc.integer({ min: 0, max: 999 })),
  );
  fc.assert(
    fc.property(roots, arcs, (root, rest) => {
      const text = [...root, ...rest].join('.');
      const bytes = new Uint8Array(new ObjectIdentifier({ value: text }).toBER());
      assert.equal(readOid(bytes, readOnlyElement(bytes)), text);
    }),
    { seed: 35, numRuns: 300 },
  );
});

test('arcs of up to 128 bits are read, longer and padded ones refused', () => {
  const uuid = encodeElement(DER_TAG.oid, fromHex('6983ffffffffffffffffffffffffffffffffff7f'));
  assert.equal(readOid(uuid, readOnlyElement(uuid)), `2.25.${2n ** 128n - 1n}`);
  const tooLong = `${'ff'.repeat(MAX_OID_ARC_OCTETS)}7f`;
  for (const content of ['', '80', '2a80', '2a8001', '2aff', tooLong]) {
    const bytes = encodeElement(DER_TAG.oid, fromHex(content));
    assert.throws(() => readOid(bytes, readOnlyElement(bytes)), malformed, content);
  }
});

test('bit strings of whole octets are read, others refused', () => {
  assert.equal(toHex(readBitString(...only('030300aabb'))), 'aabb');
  for (const hex of ['0300', '030201ab', '0400']) {
    assert.throws(() => readBitString(...only(hex)), malformed, hex);
  }
});

test('any bytes are elements that print back, or are refused', () => {
  const soup = fc.array(fc.constantFrom(0x30, 0x04, 0, 1, 2, 3, 0x81, 0x82, 0x80, 0xff), {
    maxLength: 30,
  });
  fc.assert(
    fc.property(soup, (octets) => {
      const bytes = Uint8Array.from(octets);
      try {
        const element = readElement(bytes, 0);
        const again = encodeElement(element.tag, contentOf(bytes, element));
        assert.deepEqual(again, encodingOf(bytes, element));
        for (const child of readChildren(bytes, element)) assert.ok(child.end <= element.end);
      } catch (error) {
        assert.ok(malformed(error), String(error));
      }
    }),
    { seed: 36, numRuns: 3000 },
  );
});
