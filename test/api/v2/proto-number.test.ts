import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { proto32OfNumber } from '../../../src/api/v2/proto-number.js';

test('an integer of 32 bits is the same however its digits are written', () => {
  fc.assert(
    fc.property(fc.integer(), fc.nat(9), fc.boolean(), (value, shift, signed) => {
      assert.equal(proto32OfNumber(`${value}`), value);
      assert.equal(proto32OfNumber(`${value}.${'0'.repeat(shift + 1)}`), value);
      const zeros = value === 0 ? '' : '0'.repeat(shift);
      assert.equal(proto32OfNumber(`${value}${zeros}e-${shift}`), value);
      const exponent = `${signed ? 'e+' : 'E'}${shift}`;
      assert.equal(
        proto32OfNumber(`${value}.0${exponent}`),
        shift === 0 ? value : scaled(value, shift),
      );
    }),
  );
});

function scaled(value: number, shift: number): number | undefined {
  const exact = value * 10 ** shift;
  return exact === (exact | 0) ? exact | 0 : undefined;
}

test('what is no integer of 32 bits is none, however near', () => {
  for (const text of [
    '2147483648',
    '-2147483649',
    '0.5',
    '5.000000000000000000001',
    '1e400',
    '15e-1',
  ]) {
    assert.equal(proto32OfNumber(text), undefined, text);
  }
  assert.ok(Object.is(proto32OfNumber('-0'), 0));
});

test('a number of a million digits is judged in linear time', () => {
  const zeros = '0'.repeat(1_000_000);
  const start = process.cpuUsage().user;
  assert.equal(proto32OfNumber(`1${zeros}e-1000000`), 1);
  assert.equal(proto32OfNumber(`0.${zeros}1${zeros}`), undefined);
  assert.equal(proto32OfNumber(`1${zeros}`), undefined);
  assert.ok(process.cpuUsage().user - start < 2_000_000);
});
