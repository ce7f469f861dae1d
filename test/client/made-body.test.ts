import assert from 'node:assert/strict';
import { createHash, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { describe, it } from 'node:test';
import { hashedrekordBodies } from '../../src/client/made-body.js';
import { isLogError } from '../../src/errors.js';
import { artifact, b64, hashedrekordLeaf, publicPem, signerKey } from './made-log.js';

function generateKey(namedCurve: string): KeyObject {
  return generateKeyPairSync('ec', { namedCurve }).privateKey;
}

interface SignerForm {
  readonly key: KeyObject;
  readonly hash: 'sha256' | 'sha384' | 'sha512';
  readonly keyDetails: string;
  readonly algorithm: string;
}

const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;
const FORMS: Readonly<Record<string, SignerForm>> = {
  'P-256': form(signerKey, 'sha256', 'PKIX_ECDSA_P256_SHA_256', 'SHA2_256'),
  'P-384': form(generateKey('P-384'), 'sha384', 'PKIX_ECDSA_P384_SHA_384', 'SHA2_384'),
  'P-521': form(generateKey('P-521'), 'sha512', 'PKIX_ECDSA_P521_SHA_512', 'SHA2_512'),
  'RSA-2048': form(rsa, 'sha256', 'PKIX_RSA_PKCS1V15_2048_SHA256', 'SHA2_256'),
};

function form(
  key: KeyObject,
  hash: SignerForm['hash'],
  keyDetails: string,
  algorithm: string,
): SignerForm {
  return { key, hash, keyDetails, algorithm };
}

/** Returns the leaf of the v2 API, made without the code under test. */
function v2Leaf({ key, hash, keyDetails, algorithm }: SignerForm, signature: Buffer): Buffer {
  const digest = createHash(hash).update(artifact).digest('base64');
  const pem = publicPem(key).replace(/-----[^-]+-----|\n/g, '');
  const verifier = { keyDetails, publicKey: { rawBytes: pem } };
  const spec = {
    hashedRekordV002: {
      data: { algorithm, digest },
      signature: { content: signature.toString('base64'), verifier },
    },
  };
  return Buffer.from(JSON.stringify({ apiVersion: '0.0.2', kind: 'hashedrekord', spec }));
}

async function made(key: KeyObject, signature: Uint8Array): Promise<readonly string[]> {
  const signed = { artifact, signature, signerKey: Buffer.from(publicPem(key)) };
  return (await hashedrekordBodies(signed)).map((body) => Buffer.from(body).toString());
}

describe('the bodies of a hashedrekord', () => {
  for (const [name, signed] of Object.entries(FORMS)) {
    it(`are made for ${name}, of a signature as it is or in base64`, async () => {
      const signature = sign(signed.hash, artifact, signed.key);
      const v2 = v2Leaf(signed, signature).toString();
      for (const written of [signature, Buffer.from(`${b64(signature)}\n`)]) {
        const bodies = await made(signed.key, written);
        assert.ok(bodies.includes(v2), bodies.join('\n'));
        assert.equal(bodies.length, 2);
      }
    });
  }

  it('are that of the v1 API too', async () => {
    const leaf = hashedrekordLeaf(artifact).toString();
    const { spec } = JSON.parse(leaf) as { spec: { signature: { content: string } } };
    const signature = Buffer.from(spec.signature.content, 'base64');
    assert.ok((await made(signerKey, signature)).includes(leaf));
  });

  it('are none for a signature that does not verify', async () => {
    const invalid = (error: unknown) => isLogError(error, 'SIGNATURE_INVALID');
    await assert.rejects(made(signerKey, sign('sha256', Buffer.from('x'), signerKey)), invalid);
    await assert.rejects(made(rsa, sign('sha256', artifact, signerKey)), invalid);
    await assert.rejects(made(signerKey, Buffer.from('no signature')), invalid);
  });
});
