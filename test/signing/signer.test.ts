import assert from 'node:assert/strict';
import {
  constants,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  verify,
} from 'node:crypto';
import { describe, it } from 'node:test';
import { isLogError } from '../../src/errors.js';
import { loadSigner } from '../../src/signing/key-file.js';
import { logIDOf } from '../../src/signing/log-id.js';
import { verifyWithKey } from '../../src/signing/signer.js';

const message = new TextEncoder().encode('a message to be signed');

function pkcs8(key: KeyObject): string {
  return key.export({ type: 'pkcs8', format: 'pem' }).toString();
}

const rsaKey = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;
const p256Key = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
const ed25519Key = generateKeyPairSync('ed25519').privateKey;
const algorithms = [
  { algorithm: 'ecdsa-p256', key: p256Key, hash: 'sha256' },
  {
    algorithm: 'ecdsa-p384',
    key: generateKeyPairSync('ec', { namedCurve: 'P-384' }).privateKey,
    hash: 'sha256',
  },
  {
    algorithm: 'ecdsa-p521',
    key: generateKeyPairSync('ec', { namedCurve: 'P-521' }).privateKey,
    hash: 'sha256',
  },
  { algorithm: 'ed25519', key: ed25519Key, hash: null },
  { algorithm: 'rsa', key: rsaKey, hash: 'sha256' },
] as const;

describe('signer', () => {
  for (const { algorithm, key, hash } of algorithms) {
    it(`signs with ${algorithm} as Rekor does, and knows its own public key`, () => {
      const signer = loadSigner(pkcs8(key));
      assert.equal(signer.algorithm, algorithm);
      const publicKey = createPublicKey(key);
      assert.equal(signer.publicKeyPem, publicKey.export({ type: 'spki', format: 'pem' }));
      assert.deepEqual(
        Buffer.from(signer.publicKeyDer),
        publicKey.export({ type: 'spki', format: 'der' }),
      );
      assert.equal(signer.keyID, logIDOf(signer.publicKeyDer));
      const signature = signer.sign(message);
      const options =
        algorithm === 'rsa' ? { key: publicKey, padding: constants.RSA_PKCS1_PADDING } : publicKey;
      assert.ok(verify(hash, message, options, signature));
      assert.ok(verifyWithKey(signer.publicKeyDer, message, signature));
    });

    it(`refuses a ${algorithm} signature over another message, and a cut one`, () => {
      const signer = loadSigner(pkcs8(key));
      const signature = signer.sign(message);
      assert.equal(verifyWithKey(signer.publicKeyDer, message.subarray(1), signature), false);
      assert.equal(verifyWithKey(signer.publicKeyDer, message, signature.subarray(1)), false);
      assert.equal(verifyWithKey(signer.publicKeyDer, message, new Uint8Array(0)), false);
    });
  }

  it('reads SEC1 and PKCS#1 private keys too', () => {
    const sec1 = p256Key.export({ type: 'sec1', format: 'pem' }).toString();
    assert.equal(loadSigner(sec1).keyID, loadSigner(pkcs8(p256Key)).keyID);
    const pkcs1 = rsaKey.export({ type: 'pkcs1', format: 'pem' }).toString();
    assert.equal(loadSigner(pkcs1).keyID, loadSigner(pkcs8(rsaKey)).keyID);
  });

  it('reads an encrypted key with its passphrase alone', () => {
    const pem = ed25519Key
      .export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'correct horse' })
      .toString();
    assert.equal(loadSigner(pem, 'correct horse').keyID, loadSigner(pkcs8(ed25519Key)).keyID);
    for (const passphrase of [undefined, '', 'wrong horse']) {
      assert.throws(
        () => loadSigner(pem, passphrase),
        (error) => isLogError(error, 'KEY_FILE_INVALID'),
      );
    }
  });

  it('takes no notice of a passphrase for a key that is not encrypted', () => {
    assert.equal(loadSigner(pkcs8(p256Key), 'unused').algorithm, 'ecdsa-p256');
  });

  it('refuses what no log can sign with', () => {
    const unusable = {
      'a public key': createPublicKey(p256Key).export({ type: 'spki', format: 'pem' }).toString(),
      'no PEM': 'hello',
      nothing: '',
      'a cut PEM': pkcs8(p256Key).slice(0, 90),
      secp256k1: pkcs8(generateKeyPairSync('ec', { namedCurve: 'secp256k1' }).privateKey),
      x25519: pkcs8(generateKeyPairSync('x25519').privateKey),
      'RSA-1024': pkcs8(generateKeyPairSync('rsa', { modulusLength: 1024 }).privateKey),
      'RSA-PSS': pkcs8(generateKeyPairSync('rsa-pss', { modulusLength: 2048 }).privateKey),
    };
    for (const [name, pem] of Object.entries(unusable)) {
      assert.throws(
        () => loadSigner(pem),
        (error) => isLogError(error, 'KEY_FILE_INVALID'),
        name,
      );
    }
  });

  it('calls bytes that are no public key KEY_MALFORMED when verifying', () => {
    assert.throws(
      () => verifyWithKey(new Uint8Array([1, 2, 3]), message, new Uint8Array(64)),
      (error) => isLogError(error, 'KEY_MALFORMED'),
    );
  });
});
