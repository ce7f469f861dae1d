import assert from 'node:assert/strict';
import { createHash, generateKeyPairSync, sign } from 'node:crypto';
import { test } from 'node:test';
import { concatBytes, fromUtf8, utf8 } from '../../src/encoding/bytes.js';
import { isLogError } from '../../src/errors.js';
import {
  minisignSignatureProblem,
  readMinisignKey,
  readMinisignSignature,
} from '../../src/pki/minisign.js';
import { type DetachedOutcome, detachedVectors } from './detached-vectors.js';

const vectors = detachedVectors('minisign', { stored: 37, refused: 28 });

async function outcome(
  keyContent: Uint8Array,
  signatureContent: Uint8Array,
  message: Uint8Array,
): Promise<DetachedOutcome> {
  try {
    const signature = readMinisignSignature(signatureContent);
    const key = readMinisignKey(keyContent);
    const problem = await minisignSignatureProblem(key, signature, message);
    if (problem !== undefined) return { error: problem };
    return { key: fromUtf8(key.canonical), signature: fromUtf8(signature.canonical) };
  } catch (error) {
    if (isLogError(error)) return { error: error.message };
    throw error;
  }
}

for (const { name, key, signature, content, expect } of vectors) {
  test(`minisign, ${name}: ${'error' in expect ? 'refused' : 'stored'} as Rekor does it`, async () => {
    const [k, s, m] = [key, signature, content].map((part) => Buffer.from(part, 'base64'));
    assert.deepEqual(await outcome(k as Buffer, s as Buffer, m as Buffer), expect);
  });
}

const FAILURE = { error: 'failed to verify signature' };
const pair = generateKeyPairSync('ed25519');
const rawKey = Buffer.from(pair.publicKey.export({ format: 'jwk' }).x ?? '', 'base64url');
const KEY_ID = Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8);
const base64 = (...parts: Uint8Array[]) => Buffer.from(concatBytes(...parts)).toString('base64');
const keyFile = utf8(`untrusted comment: key\n${base64(utf8('Ed'), KEY_ID, rawKey)}\n`);

/** A signature file of minisign. */
function signed(algorithm: 'Ed' | 'ED', message: Uint8Array): Uint8Array {
  const over = algorithm === 'ED' ? createHash('blake2b512').update(message).digest() : message;
  const signature = sign(null, over, pair.privateKey);
  const trusted = sign(null, concatBytes(signature, utf8('file:x')), pair.privateKey);
  const line = base64(utf8(algorithm), KEY_ID, signature);
  const last = trusted.toString('base64');
  return utf8(`untrusted comment: sig\n${line}\ntrusted comment: file:x\n${last}\n`);
}

test('files are verified whole or by their BLAKE2b hash, as the algorithm says', async () => {
  const message = new Uint8Array(100_000).fill(7);
  for (const algorithm of ['Ed', 'ED'] as const) {
    const signature = signed(algorithm, message);
    assert.ok('key' in (await outcome(keyFile, signature, message)));
    assert.deepEqual(await outcome(keyFile, signature, message.subarray(1)), FAILURE);
    const other = algorithm === 'Ed' ? 'ED' : 'Ed';
    const [, line = ''] = fromUtf8(signature).split('\n');
    const octets = Buffer.from(line, 'base64').subarray(2);
    const swapped = utf8(`c\n${base64(utf8(other), octets)}\n`);
    assert.deepEqual(await outcome(keyFile, swapped, message), FAILURE);
  }
});

test('32 bytes are a key of ID zero, also when they look like text', async () => {
  const message = utf8('m');
  const expect = await outcome(rawKey, signed('ED', message), message);
  assert.ok('key' in expect);
  assert.equal(expect.key, base64(utf8('Ed'), new Uint8Array(8), rawKey));
  const text = utf8('0123456789abcdef0123456789abcdef');
  assert.equal(
    fromUtf8(readMinisignKey(text).canonical),
    base64(utf8('Ed'), new Uint8Array(8), text),
  );
});

test('a stored key and a stored signature are stored as they are', async () => {
  for (const { content, expect } of vectors) {
    if ('error' in expect) continue;
    const message = Buffer.from(content, 'base64');
    assert.deepEqual(await outcome(utf8(expect.key), utf8(expect.signature), message), expect);
  }
});

test('a change of any bit of a signature or of the key is noticed', async () => {
  const message = utf8('m');
  const [, line = ''] = fromUtf8(signed('Ed', message)).split('\n');
  const signature = Buffer.from(line, 'base64');
  for (let bit = 10 * 8; bit < signature.length * 8; bit += 3) {
    const changed = Uint8Array.from(signature);
    changed[bit >> 3] = (changed[bit >> 3] as number) ^ (1 << (bit & 7));
    assert.deepEqual(await outcome(keyFile, utf8(`c\n${base64(changed)}`), message), FAILURE);
  }
  for (let bit = 0; bit < 256; bit += 3) {
    const changed = Uint8Array.from(rawKey);
    changed[bit >> 3] = (changed[bit >> 3] as number) ^ (1 << (bit & 7));
    assert.deepEqual(await outcome(changed, utf8(`c\n${line}`), message), FAILURE);
  }
});

test('megabytes of newlines are counted, not collected', async () => {
  const newlines = new Uint8Array(20_000_000).fill(0x0a);
  const before = process.memoryUsage().rss;
  const lines = concatBytes(newlines, utf8('x'));
  assert.deepEqual(await outcome(keyFile, lines, newlines), {
    error: `invalid signature provided: ${newlines.length + 1} lines detected`,
  });
  assert.deepEqual(await outcome(newlines, signed('Ed', utf8('m')), newlines), {
    error: 'unable to read minisign public key: Invalid encoded public key',
  });
  assert.ok(process.memoryUsage().rss - before < 256 * 1024 * 1024);
});
