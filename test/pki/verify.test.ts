import assert from 'node:assert/strict';
import { createHash, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { test } from 'node:test';
import { ed25519, ed25519ph } from '@noble/curves/ed25519.js';
import { encodeElement } from '../../src/encoding/der.js';
import { readPublicKey } from '../../src/pki/public-key.js';
import {
  type DigestSignature,
  type MessageSignature,
  type Verdict,
  verifyTogether,
} from '../../src/pki/verify.js';
import { wycheproofCases } from './wycheproof.js';

const HASH = { 'SHA-256': 'sha256', 'SHA-512': 'sha512' } as const;

for (const file of ['rsa_signature_2048_sha256', 'rsa_signature_2048_sha512']) {
  test(`every verdict of ${file} is Wycheproof's, over digest and over message`, async () => {
    for (const { id, comment, publicKeyDer, sha, message, signature, result } of wycheproofCases(
      file,
    )) {
      // "Acceptable" is a DigestInfo without its NULL: the whole encoding is compared, so it is refused.
      const valid = result === 'valid';
      const hash = HASH[sha as keyof typeof HASH];
      const key = readPublicKey(publicKeyDer);
      const digest = createHash(hash).update(message).digest();
      const overDigest = digestVerdict(key, hash, digest, signature);
      assert.equal(overDigest === undefined, valid, `digest, test ${id}: ${comment}`);
      if (result === 'acceptable') continue;
      const overMessage = messageVerdict(key, hash, message, signature);
      assert.equal(overMessage === undefined, valid, `message, test ${id}: ${comment}`);
    }
  });
}

test('PSS signatures, other hashes and short digests are refused with Rekor’s reasons', () => {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const key = readPublicKey(spki(publicKey));
  const message = Buffer.from('message');
  const digest = createHash('sha256').update(message).digest();
  const pkcs1 = sign('sha256', message, privateKey);
  const pss = sign('sha256', message, { key: privateKey, padding: 6 });
  assert.equal(digestVerdict(key, 'sha256', digest, pkcs1), undefined);
  const failure = 'crypto/rsa: verification error';
  assert.equal(digestVerdict(key, 'sha256', digest, pss), failure);
  assert.equal(
    digestVerdict(key, 'sha384', Buffer.concat([digest, Buffer.alloc(16)]), pkcs1),
    failure,
  );
  assert.equal(digestVerdict(key, 'sha256', digest, pkcs1.subarray(1)), failure);
  assert.equal(
    digestVerdict(key, 'sha256', digest.subarray(1), pkcs1),
    'unexpected length of digest for hash function specified',
  );
});

test('RSA keys that no library should use are refused before any arithmetic', () => {
  const rsa = (modulus: Uint8Array, exponent: Uint8Array) => {
    const numbers = encodeElement(
      0x30,
      encodeElement(0x02, Uint8Array.of(0, ...modulus)),
      encodeElement(0x02, exponent),
    );
    const algorithm = Buffer.from('300d06092a864886f70d0101010500', 'hex');
    return readPublicKey(
      encodeElement(0x30, algorithm, encodeElement(0x03, Uint8Array.of(0), numbers)),
    );
  };
  const verdict = (modulus: Uint8Array, exponent: Uint8Array) =>
    digestVerdict(
      rsa(modulus, exponent),
      'sha256',
      new Uint8Array(32),
      new Uint8Array(modulus.length),
    );
  const f4 = Uint8Array.of(1, 0, 1);
  assert.match(verdict(new Uint8Array(64).fill(0xff), f4) ?? '', /512-bit keys are insecure/);
  assert.match(verdict(new Uint8Array(256).fill(0xfe), f4) ?? '', /modulus is even/);
  assert.match(verdict(new Uint8Array(256).fill(0xff), Uint8Array.of(1)) ?? '', /too small/);
  assert.match(verdict(new Uint8Array(256).fill(0xff), Uint8Array.of(4)) ?? '', /is even/);
  assert.match(
    verdict(new Uint8Array(256).fill(0xff), Uint8Array.of(0x7f, 0xff, 0xff, 0xff, 0xff)) ?? '',
    /too large/,
  );
});

test('Ed25519ph agrees with the pure implementation, and is not Ed25519', () => {
  const secret = new Uint8Array(32).fill(7);
  const publicBytes = ed25519.getPublicKey(secret);
  const key = readPublicKey(
    Buffer.concat([Buffer.from('302a300506032b6570032100', 'hex'), publicBytes]),
  );
  for (let round = 0; round < 4; round++) {
    const message = Buffer.from(`message ${round}`);
    const digest = createHash('sha512').update(message).digest();
    const signature = ed25519ph.sign(message, secret);
    assert.equal(digestVerdict(key, 'sha512', digest, signature), undefined);
    const invalid = 'failed to verify signature: ed25519: invalid signature';
    const pure = ed25519.sign(message, secret);
    assert.equal(digestVerdict(key, 'sha512', digest, pure), invalid);
    for (const at of [0, 31, 32, 62]) {
      const changed = Uint8Array.from(signature);
      changed[at] = (changed[at] as number) ^ 1;
      assert.equal(digestVerdict(key, 'sha512', digest, changed), invalid);
    }
    const negative = Uint8Array.from(signature).fill(0xff, 32);
    assert.equal(digestVerdict(key, 'sha512', digest, negative), invalid);
  }
  assert.equal(
    digestVerdict(key, 'sha512', new Uint8Array(64), new Uint8Array(63)),
    'failed to verify signature: ed25519: bad signature length: 63',
  );
  assert.equal(
    digestVerdict(key, 'sha256', new Uint8Array(32), new Uint8Array(64)),
    'unsupported hash algorithm: "SHA-256" not in [SHA-512]',
  );
});

test('the vector of RFC 8032 section 7.3 verifies', () => {
  const key = readPublicKey(
    Buffer.from(
      '302a300506032b6570032100ec172b93ad5e563bf4932c70e1245034c35467ef2efd4d64ebf819683467e2bf',
      'hex',
    ),
  );
  const signature = Buffer.from(
    '98a70222f0b8121aa9d30f813d683f809e462b469c7ff87639499bb94e6dae41' +
      '31f85042463c2a355a2003d062adf5aaa10b8c61e636062aaad11c2a26083406',
    'hex',
  );
  const digest = createHash('sha512').update('abc').digest();
  assert.equal(digestVerdict(key, 'sha512', digest, signature), undefined);
});

test('messages verify with every kind of key, DER and fixed width, and fail when changed', async () => {
  const message = Buffer.from('a message');
  const changed = Buffer.from('another message');
  for (const { privateKey, publicKey } of [
    generateKeyPairSync('rsa', { modulusLength: 2048 }),
    generateKeyPairSync('ec', { namedCurve: 'secp224r1' }),
    generateKeyPairSync('ec', { namedCurve: 'P-256' }),
    generateKeyPairSync('ec', { namedCurve: 'P-384' }),
    generateKeyPairSync('ec', { namedCurve: 'P-521' }),
    generateKeyPairSync('ed25519'),
  ]) {
    const key = readPublicKey(spki(publicKey));
    const hash = key.type === 'ed25519' ? null : 'sha256';
    const signatures = [sign(hash, message, privateKey)];
    if (key.type === 'ecdsa') {
      signatures.push(sign(hash, message, { key: privateKey, dsaEncoding: 'ieee-p1363' }));
    }
    for (const signature of signatures) {
      assert.equal(messageVerdict(key, 'sha256', message, signature), undefined);
      assert.ok(messageVerdict(key, 'sha256', changed, signature));
      assert.ok(messageVerdict(key, 'sha256', message, signature.subarray(1)));
    }
  }
});

test('the canonical DER of a key is what OpenSSL writes', () => {
  for (const { publicKey } of [
    generateKeyPairSync('rsa', { modulusLength: 1024 }),
    generateKeyPairSync('ec', { namedCurve: 'secp224r1' }),
    generateKeyPairSync('ec', { namedCurve: 'P-521' }),
    generateKeyPairSync('ed25519'),
    generateKeyPairSync('x25519'),
  ]) {
    const der = spki(publicKey);
    assert.deepEqual(Buffer.from(readPublicKey(der).der), der);
  }
});

function spki(key: KeyObject): Buffer {
  return key.export({ type: 'spki', format: 'der' });
}

function digestVerdict(
  key: DigestSignature['key'],
  algorithm: DigestSignature['algorithm'],
  digest: Uint8Array,
  signature: Uint8Array,
): Verdict {
  return verifyTogether([{ key, algorithm, digest, signature }])[0];
}

/** Keys that come again are checked in another way than new ones; the verdict is the same. */
function messageVerdict(
  key: MessageSignature['key'],
  algorithm: MessageSignature['algorithm'],
  message: Uint8Array,
  signature: Uint8Array,
): Verdict {
  const asked = { key, algorithm, message, signature };
  const [first] = verifyTogether([asked]);
  assert.deepEqual(verifyTogether([asked, asked]), [first, first]);
  return first;
}
