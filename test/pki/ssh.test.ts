import assert from 'node:assert/strict';
import { createHash, generateKeyPairSync, sign } from 'node:crypto';
import { test } from 'node:test';
import { concatBytes, fromUtf8, utf8 } from '../../src/encoding/bytes.js';
import { encodePem } from '../../src/encoding/pem.js';
import { isLogError } from '../../src/errors.js';
import { readPublicKey } from '../../src/pki/public-key.js';
import { MAX_SSH_KEY_LENGTH, readAuthorizedKey } from '../../src/pki/ssh/authorized-keys.js';
import { readSshPublicKey } from '../../src/pki/ssh/public-key.js';
import { readSshSignature, sshSignatureProblem } from '../../src/pki/ssh/signature.js';
import { sshKeyInfo } from '../../src/pki/ssh/verify.js';
import {
  bitLength,
  isNegative,
  magnitudeOf,
  WireReader,
  wireStrings,
  wireUint32,
} from '../../src/pki/ssh/wire.js';
import { type DetachedOutcome, type DetachedVector, detachedVectors } from './detached-vectors.js';

const vectors = detachedVectors('ssh', { stored: 84, refused: 112 });

/** What becomes of a signature with its key: the forms that are stored, or the reason against it. */
function outcome({
  key,
  signature,
  content,
}: Omit<DetachedVector, 'name' | 'expect'>): DetachedOutcome {
  try {
    const readSignature = readSshSignature(utf8(signature));
    const readKey = readAuthorizedKey(utf8(key));
    const problem = sshSignatureProblem(readKey, readSignature, utf8(content));
    if (problem !== undefined) return { error: problem };
    return { key: fromUtf8(readKey.canonical), signature: fromUtf8(readSignature.canonical) };
  } catch (error) {
    if (isLogError(error)) return { error: error.message };
    throw error;
  }
}

for (const vector of vectors) {
  test(`ssh, ${vector.name}: ${'error' in vector.expect ? 'refused' : 'stored'} as Rekor does it`, () => {
    assert.deepEqual(outcome(vector), vector.expect);
  });
}

const ed25519 = generateKeyPairSync('ed25519');
const rawKey = Buffer.from(ed25519.publicKey.export({ format: 'jwk' }).x ?? '', 'base64url');
const encodedKey = wireStrings('ssh-ed25519', rawKey);
const keyLine = `ssh-ed25519 ${Buffer.from(encodedKey).toString('base64')}`;

function signed(message: string): string {
  const digest = createHash('sha512').update(message).digest();
  const wrapped = concatBytes(utf8('SSHSIG'), wireStrings('file', '', 'sha512', digest));
  const blob = wireStrings('ssh-ed25519', sign(null, wrapped, ed25519.privateKey));
  const body = wireStrings(encodedKey, 'file', '', 'sha512', blob);
  return encodePem('SSH SIGNATURE', concatBytes(utf8('SSHSIG'), wireUint32(1), body));
}

test('a stored key and a stored signature are stored as they are', () => {
  for (const { content, expect } of vectors) {
    if (!('error' in expect)) assert.deepEqual(outcome({ ...expect, content }), expect);
  }
});

test('a change of any bit of an Ed25519 signature is noticed', () => {
  const signature = readSshSignature(utf8(signed('m')));
  const key = readAuthorizedKey(utf8(keyLine));
  assert.equal(sshSignatureProblem(key, signature, utf8('m')), undefined);
  for (let bit = 0; bit < 512; bit++) {
    const octets = signature.blob.octets.slice();
    octets[bit >> 3] = (octets[bit >> 3] as number) ^ (1 << (bit & 7));
    const changed = { ...signature, blob: { ...signature.blob, octets } };
    assert.equal(sshSignatureProblem(key, changed, utf8('m')), 'ssh: signature did not verify');
  }
});

test('a key text may have 64 KiB and no byte more', () => {
  const longest = `${keyLine} `.padEnd(MAX_SSH_KEY_LENGTH, 'c');
  assert.equal(fromUtf8(readAuthorizedKey(utf8(longest)).canonical), `${keyLine}\n`);
  assert.throws(() => readAuthorizedKey(utf8(`${longest}c`)), /request body too large/);
});

test('64 KiB of lines, quotation marks or blanks are read in time', () => {
  const start = performance.now();
  for (const unit of [
    '\n',
    '"',
    ' ',
    'a b\n',
    'a b c\n',
    '"a ',
    '\r',
    '\\" ',
    'a\t',
    '#\n',
    'é ',
  ]) {
    const text = unit.repeat(MAX_SSH_KEY_LENGTH).slice(0, MAX_SSH_KEY_LENGTH / 2);
    assert.throws(() => readAuthorizedKey(utf8(text)), /ssh: no key found/);
  }
  assert.ok(performance.now() - start < 3000);
});

test('every cut of a key, a certificate and a signature is refused with a code', () => {
  const certificate = vectors.find(({ name }) => name === 'certificate') as DetachedVector;
  assert.ok('key' in certificate.expect);
  for (const line of [keyLine, certificate.expect.key.trimEnd()]) {
    const [, base64 = ''] = line.split(' ');
    const encoding = Buffer.from(base64, 'base64');
    assert.deepEqual(
      readSshPublicKey(encoding, 'KEY_MALFORMED').encoding,
      new Uint8Array(encoding),
    );
    for (let length = 0; length < encoding.length; length++) {
      assert.throws(
        () => readSshPublicKey(encoding.subarray(0, length), 'KEY_MALFORMED'),
        (error) => isLogError(error, 'KEY_MALFORMED'),
      );
    }
  }
  const der = Buffer.from(signed('m').split('\n').slice(1, -2).join(''), 'base64');
  for (let length = 0; length < der.length; length++) {
    assert.throws(
      () => readSshSignature(utf8(encodePem('SSH SIGNATURE', der.subarray(0, length)))),
      (error) => isLogError(error, 'ENTRY_MALFORMED'),
    );
  }
});

test('a length of 4 GiB takes no memory', () => {
  const liar = concatBytes(Uint8Array.of(0xff, 0xff, 0xff, 0xff), utf8('ssh-ed25519'));
  assert.throws(() => readSshPublicKey(liar, 'KEY_MALFORMED'), /ssh: short read/);
});

test('certificates do not nest: an authority that is a certificate is not looked into', () => {
  let encoding: Uint8Array = encodedKey;
  for (let depth = 0; depth < 50; depth++) {
    encoding = concatBytes(
      wireStrings('ssh-ed25519-cert-v01@openssh.com', 'nonce', rawKey),
      new Uint8Array(12),
      wireStrings('', ''),
      new Uint8Array(16),
      wireStrings('', '', '', encoding, wireStrings('ssh-ed25519', new Uint8Array(64))),
    );
    const read = () => readSshPublicKey(encoding, 'KEY_MALFORMED');
    if (depth === 0) assert.equal(read().key.algorithm, 'ssh-ed25519');
    else assert.throws(read, /is invalid for certificates/);
  }
});

test('the numbers of a key make the SubjectPublicKeyInfo that other formats have', () => {
  const pairs = [
    generateKeyPairSync('rsa', { modulusLength: 1024 }),
    generateKeyPairSync('ec', { namedCurve: 'P-256' }),
    generateKeyPairSync('ec', { namedCurve: 'P-521' }),
    ed25519,
  ];
  for (const { publicKey } of pairs) {
    const der = publicKey.export({ format: 'der', type: 'spki' });
    const key = readPublicKey(der);
    const material =
      key.type === 'ecdsa'
        ? ({ type: 'ecdsa', curve: key.curve, point: key.point } as const)
        : key.type === 'rsa'
          ? ({ type: 'rsa', modulus: key.modulus, exponent: key.exponent } as const)
          : ({ type: 'ed25519', key: rawKey } as const);
    assert.deepEqual(sshKeyInfo(material), new Uint8Array(der));
  }
});

test('integers are read as two’s complement, in their shortest form', () => {
  for (const [hex, shortest, magnitude, bits] of [
    ['', '', '', 0],
    ['00', '', '', 0],
    ['000000', '', '', 0],
    ['01', '01', '01', 1],
    ['00000080', '0080', '80', 8],
    ['0080', '0080', '80', 8],
    ['007f', '7f', '7f', 7],
    ['ff', 'ff', '01', 1],
    ['ffffff', 'ff', '01', 1],
    ['80', '80', '80', 8],
    ['ff80', '80', '80', 8],
    ['ff7f', 'ff7f', '81', 8],
    ['ff00', 'ff00', '0100', 9],
    ['8000', '8000', '8000', 16],
  ] as const) {
    const integer = new WireReader(wireStrings(Buffer.from(hex, 'hex')), 'KEY_MALFORMED').mpint();
    const absolute = magnitudeOf(integer);
    const text = (octets: Uint8Array) => Buffer.from(octets).toString('hex');
    assert.deepEqual([text(integer), text(absolute)], [shortest, magnitude], hex);
    assert.equal(bitLength(absolute), bits);
    assert.equal(isNegative(integer), /^[89a-f]/.test(shortest));
  }
});
