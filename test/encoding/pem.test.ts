import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { test } from 'node:test';
import { utf8 } from '../../src/encoding/bytes.js';
import { decodePem, encodePem } from '../../src/encoding/pem.js';

test('a key is written as OpenSSL writes it, and reads back', () => {
  const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-521' });
  const der = new Uint8Array(publicKey.export({ format: 'der', type: 'spki' }));
  const pem = publicKey.export({ format: 'pem', type: 'spki' });
  assert.equal(encodePem('PUBLIC KEY', der), pem);
  for (const input of [
    pem,
    utf8(pem.toString()),
    `text\n${pem}`,
    pem.toString().replaceAll('\n', '\r\n'),
  ]) {
    const block = decodePem(input as string | Uint8Array);
    assert.deepEqual([block?.label, block?.der, block?.rest], ['PUBLIC KEY', der, '']);
  }
  assert.deepEqual(decodePem(pem.toString().trimEnd())?.der, der);
});

test('lines are 64 columns wide, the last one too when it is full', () => {
  for (const length of [0, 1, 47, 48, 49, 96]) {
    const der = new Uint8Array(length).fill(length);
    const lines = encodePem('X', der).split('\n').slice(1, -2);
    assert.equal(lines.length, Math.ceil(length / 48));
    assert.ok(lines.every((line, i) => line.length === 64 || i === lines.length - 1));
    assert.deepEqual(decodePem(encodePem('X', der))?.der, der);
  }
});

test('blocks are read one after the other through the rest', () => {
  const first = decodePem(`${encodePem('A', utf8('1'))}between\n${encodePem('B', utf8('2'))}end`);
  assert.deepEqual([first?.label, first?.der], ['A', utf8('1')]);
  const second = decodePem(first?.rest ?? '');
  assert.deepEqual([second?.label, second?.der, second?.rest], ['B', utf8('2'), 'end']);
  assert.equal(decodePem(second?.rest ?? ''), undefined);
});

test('a megabyte of block beginnings and ends is walked at once', () => {
  const start = performance.now();
  for (const unit of [
    '\n-----END ',
    '-----BEGIN A-----\n',
    '-----BEGIN A-----\na:b\n-----END A-----\n',
  ]) {
    decodePem(unit.repeat(1_000_000 / unit.length));
    decodePem(`-----BEGIN A-----\n${unit.repeat(1_000_000 / unit.length)}`);
  }
  // A quadratic walk would take minutes.
  assert.ok(performance.now() - start < 20_000);
});
