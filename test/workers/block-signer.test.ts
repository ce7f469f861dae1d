import assert from 'node:assert/strict';
import { generateKeyPairSync, type KeyObject, randomBytes } from 'node:crypto';
import { type TestContext, test } from 'node:test';
import { isLogError } from '../../src/errors.js';
import { signerFromKey, verifyWithKey } from '../../src/signing/signer.js';
import { BlockSigner } from '../../src/workers/block-signer.js';
import { FAILING } from './thread-code.js';

const KEYS: readonly KeyObject[] = [
  generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey,
  generateKeyPairSync('ed25519').privateKey,
  generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey,
];

function open(t: TestContext, options: { key: KeyObject; module?: URL }) {
  let losses = 0;
  const blockSigner = new BlockSigner({ ...options, lost: () => losses++ });
  t.after(() => blockSigner.close());
  return { sign: blockSigner.sign, losses: () => losses };
}

test('every block gets its own signatures, in order, with any key that a log signs with', async (t) => {
  for (const key of KEYS) {
    const signer = signerFromKey(key);
    const { sign, losses } = open(t, { key });
    const blocks = [1, 20, 3].map((count) => Array.from({ length: count }, () => randomBytes(700)));
    const signed = await Promise.all(blocks.map(sign));
    for (const [i, messages] of blocks.entries()) {
      assert.equal(signed[i]?.length, messages.length);
      for (const [j, message] of messages.entries()) {
        const signature = signed[i]?.[j] as Uint8Array;
        assert.ok(verifyWithKey(signer.publicKeyDer, message, signature), signer.algorithm);
      }
    }
    assert.equal(losses(), 0);
  }
});

test('a thread that is lost refuses what it was at, and all that comes later', async (t) => {
  const { sign, losses } = open(t, { key: KEYS[0] as KeyObject, module: FAILING });
  const isRefusal = (error: unknown): boolean => isLogError(error, 'SIGNER_UNAVAILABLE');
  await assert.rejects(sign([randomBytes(10)]), isRefusal);
  await assert.rejects(sign([randomBytes(10)]), isRefusal);
  assert.equal(losses(), 1);
});
