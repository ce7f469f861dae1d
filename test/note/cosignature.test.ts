import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { utf8 } from '../../src/encoding/bytes.js';
import { toHex } from '../../src/encoding/hex.js';
import { isLogError } from '../../src/errors.js';
import { EMPTY_ROOT } from '../../src/merkle/hash.js';
import {
  checkpointStatement,
  cosignatureMessage,
  printCosignature,
  readCosignature,
  subtreeMessage,
} from '../../src/note/cosignature.js';
import { mldsa44Vectors } from './mldsa44-vectors.js';

const malformed = (error: unknown) => isLogError(error, 'NOTE_MALFORMED');

const vectors = mldsa44Vectors();

test('the recorded statements are signed as the recorded bytes', () => {
  assert.ok(vectors.length >= 6);
  for (const { cosigner, timestamp, origin, start, end, hash, message_hex } of vectors) {
    const message = subtreeMessage({
      cosigner,
      timeSeconds: BigInt(timestamp),
      origin,
      start: BigInt(start),
      end: BigInt(end),
      hash: Buffer.from(hash, 'base64'),
    });
    assert.equal(toHex(message), message_hex);
  }
});

const CHECKPOINT = `log.example\n7\n${Buffer.alloc(32, 1).toString('base64')}\n`;

test('an Ed25519 cosignature covers the whole text, extension lines too', () => {
  const text = `${CHECKPOINT}more\n`;
  const expected = `cosignature/v1\ntime 1679315147\n${text}`;
  assert.deepEqual(cosignatureMessage(1679315147n, text), utf8(expected));
  assert.deepEqual(cosignatureMessage(0n, 'x\n'), utf8('cosignature/v1\ntime 0\nx\n'));
  assert.throws(() => cosignatureMessage(-1n, text), malformed);
  assert.throws(() => cosignatureMessage(2n ** 63n, text), malformed);
});

test('an ML-DSA-44 cosignature of a checkpoint speaks of all its leaves', () => {
  const statement = checkpointStatement('witness.example/w', 5n, CHECKPOINT);
  assert.deepEqual(statement, {
    cosigner: 'witness.example/w',
    timeSeconds: 5n,
    origin: 'log.example',
    start: 0n,
    end: 7n,
    hash: new Uint8Array(32).fill(1),
  });
});

test('a checkpoint with extension lines has no ML-DSA-44 statement', () => {
  assert.throws(() => checkpointStatement('w', 5n, `${CHECKPOINT}more\n`), malformed);
  assert.throws(() => checkpointStatement('w', 5n, 'log.example\n7\n'), malformed);
});

const good = {
  cosigner: 'w',
  timeSeconds: 0n,
  origin: 'o',
  start: 8n,
  end: 13n,
  hash: new Uint8Array(32),
};

test('statements out of bounds are not made', () => {
  subtreeMessage(good);
  for (const changed of [
    { cosigner: '' },
    { cosigner: 'ü'.repeat(128) },
    { origin: '' },
    { origin: 'o'.repeat(256) },
    { timeSeconds: 1n },
    { start: 0n, timeSeconds: 2n ** 63n },
    { start: 0n, timeSeconds: -1n },
    { start: -1n },
    { start: 14n },
    { start: 13n },
    { start: 7n },
    { end: 17n },
    { end: 2n ** 63n },
    { hash: new Uint8Array(31) },
    { start: 0n, end: 0n },
  ]) {
    assert.throws(() => subtreeMessage({ ...good, ...changed }), malformed, toText(changed));
  }
});

test('statements at their bounds are made', () => {
  const whole = { ...good, start: 0n, timeSeconds: 2n ** 63n - 1n, end: 2n ** 63n - 1n };
  const message = subtreeMessage({ ...whole, cosigner: 'w'.repeat(255), origin: 'o'.repeat(255) });
  assert.equal(message.length, 12 + 256 + 8 + 256 + 8 + 8 + 32);
  assert.equal(message[12], 255);
  subtreeMessage({ ...whole, end: 0n, hash: EMPTY_ROOT });
});

test('the time and the signature of a line are read as they were printed', () => {
  const times = fc.bigInt({ min: 0n, max: 2n ** 63n - 1n });
  fc.assert(
    fc.property(times, fc.uint8Array({ minLength: 1 }), (timeSeconds, signature) => {
      const bytes = printCosignature(timeSeconds, signature);
      assert.equal(bytes.length, 8 + signature.length);
      assert.deepEqual(readCosignature(bytes), { timeSeconds, signature });
      // A view into a longer buffer, as a line read from a note may be.
      assert.deepEqual(
        readCosignature(Buffer.from([9, ...bytes]).subarray(1))?.timeSeconds,
        timeSeconds,
      );
    }),
    { seed: 71 },
  );
});

test('bytes that hold no cosignature are told apart', () => {
  assert.equal(readCosignature(new Uint8Array(8)), undefined);
  assert.equal(readCosignature(new Uint8Array(0)), undefined);
  assert.equal(readCosignature(Uint8Array.of(0x80, 0, 0, 0, 0, 0, 0, 0, 1)), undefined);
  const latest = Uint8Array.of(0x7f, 255, 255, 255, 255, 255, 255, 255, 1);
  assert.equal(readCosignature(latest)?.timeSeconds, 2n ** 63n - 1n);
  assert.throws(() => printCosignature(2n ** 63n, Uint8Array.of(1)), malformed);
  assert.throws(() => printCosignature(-1n, Uint8Array.of(1)), malformed);
  assert.throws(() => printCosignature(1n, new Uint8Array(0)), malformed);
});

function toText(value: object): string {
  return Object.entries(value).flat().join(' ');
}
