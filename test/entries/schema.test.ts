import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readHexDigest } from '../../src/entries/shared/hex-digest.js';
import { type ObjectShape, readSpec } from '../../src/entries/shared/schema.js';
import {
  DEFAULT_SIGNATURE_ALGORITHMS,
  isAlgorithmAllowed,
  SIGNATURE_ALGORITHM_NAMES,
} from '../../src/entries/shared/signature-algorithms.js';
import { isLogError } from '../../src/errors.js';
import { CURVES } from '../../src/pki/curves.js';

const SHAPE = {
  type: 'object',
  members: {
    zeta: { type: 'text', required: true },
    alpha: {
      type: 'object',
      required: true,
      members: {
        inner: {
          type: 'object',
          required: true,
          members: {
            second: { type: 'bytes', field: 'second thing', required: true },
            first: { type: 'text', oneOf: ['a', 'b'] },
            list: {
              type: 'list',
              atLeast: 1,
              items: { type: 'object', members: { name: { type: 'text', required: true } } },
            },
          },
        },
      },
    },
  },
} as const satisfies ObjectShape;

function failure(spec: unknown): string {
  try {
    readSpec(SHAPE, spec);
  } catch (error) {
    assert.ok(isLogError(error, 'ENTRY_MALFORMED'));
    return error.message;
  }
  return 'accepted';
}

test('what is read is typed, decoded and stripped of unknown members', () => {
  const spec = readSpec(SHAPE, {
    zeta: '',
    unknown: 1,
    alpha: { inner: { second: 'YQ==', first: 'a', list: [{ name: 'n', more: 2 }, 5] } },
  });
  assert.equal(spec.zeta, '');
  assert.deepEqual(spec.alpha.inner.second, Uint8Array.of(0x61));
  assert.deepEqual(spec.alpha.inner.list, [{ name: 'n' }]);
  assert.ok(!('unknown' in spec));
});

test('top-level members are all reported, in the order of the alphabet; deeper ones up to the first', () => {
  assert.equal(
    failure({}),
    'validation failure list:\nalpha in body is required\nzeta in body is required',
  );
  assert.equal(
    failure({ alpha: { inner: { first: 'c' } } }),
    'validation failure list:\n' +
      'alpha.alpha.inner.alpha.inner.first in body should be one of [a b]\n' +
      'zeta in body is required',
  );
});

test('nested names repeat the path at every level, list items start anew', () => {
  assert.equal(
    failure({ zeta: '', alpha: {} }),
    'validation failure list:\nalpha.alpha.inner in body is required',
  );
  assert.equal(
    failure({ zeta: '', alpha: { inner: { first: 'a', list: [] } } }),
    'validation failure list:\n' +
      'alpha.alpha.inner.alpha.inner.list in body should have at least 1 items',
  );
  assert.equal(
    failure({ zeta: '', alpha: { inner: { list: [{ name: 'n' }, {}] } } }),
    'validation failure list:\n' + 'alpha.alpha.inner.alpha.inner.list.1.name in body is required',
  );
});

test('base64 is decoded before the schema is looked at', () => {
  assert.equal(
    failure({ alpha: { inner: { second: 'YQ' } } }),
    'failed parsing base64 data for second thing: illegal base64 data at input byte 0',
  );
});

test('a spec that is no object is named by its Go type', () => {
  for (const [spec, type] of [
    ['x', 'string'],
    [[], '[]interface {}'],
    [true, 'bool'],
    [5, 'json.Number'],
    [null, '<nil>'],
  ] as const) {
    assert.equal(failure(spec), `unsupported input type ${type} for DecodeEntry`);
  }
});

test('hex digests have the length first, then the digits, in either letter case', () => {
  assert.deepEqual(readHexDigest('aBcD', 2), Uint8Array.of(0xab, 0xcd));
  for (const [value, reason] of [
    ['abc', 'invalid value for hash'],
    ['', 'invalid value for hash'],
    ['abcde', 'invalid value for hash'],
    ['abcg', "encoding/hex: invalid byte: U+0067 'g'"],
    ['ab\n1', 'encoding/hex: invalid byte: U+000A'],
    // Two characters, four bytes: the length counts bytes, and the first one is no digit.
    ['éé', "encoding/hex: invalid byte: U+00C3 'Ã'"],
  ] as const) {
    assert.throws(
      () => readHexDigest(value, 2),
      (error) => isLogError(error, 'ENTRY_MALFORMED') && error.message === reason,
    );
  }
});

test('algorithm names stand for pairs of key and hash', () => {
  const ec = (curve: keyof typeof CURVES) =>
    ({
      type: 'ecdsa',
      der: new Uint8Array(0),
      curve: CURVES[curve],
      point: new Uint8Array(0),
    }) as const;
  const all = new Set(SIGNATURE_ALGORITHM_NAMES);
  const usual = new Set(DEFAULT_SIGNATURE_ALGORITHMS);
  assert.equal(isAlgorithmAllowed(ec('P-256'), 'sha256', usual), true);
  assert.equal(isAlgorithmAllowed(ec('P-256'), 'sha384', usual), false);
  assert.equal(isAlgorithmAllowed(ec('P-384'), 'sha256', usual), false);
  assert.equal(isAlgorithmAllowed(ec('P-384'), 'sha256', all), true);
  assert.equal(isAlgorithmAllowed(ec('P-224'), 'sha256', all), false);
  assert.equal(isAlgorithmAllowed(ec('P-521'), 'sha512', new Set(['ed25519-ph'])), false);
  // Plain Ed25519 signs messages; a digest never matches it.
  const ed = { type: 'ed25519', der: new Uint8Array(0), key: new Uint8Array(32) } as const;
  assert.equal(isAlgorithmAllowed(ed, 'sha512', new Set(['ed25519'])), false);
  assert.equal(isAlgorithmAllowed(ed, 'sha512', new Set(['ed25519-ph'])), true);
});
