import assert from 'node:assert/strict';
import { generateKeyPairSync, type KeyObject, randomBytes } from 'node:crypto';
import { afterEach, test } from 'node:test';
import fc from 'fast-check';
import { isLogError } from '../../src/errors.js';
import { type Signer, signerFromKey, verifyWithKey } from '../../src/signing/signer.js';
import { BlockSigner } from '../../src/workers/block-signer.js';
import { packParts, unpackParts } from '../../src/workers/packed-parts.js';

const KEYS: readonly KeyObject[] = [
  generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey,
  generateKeyPairSync('ed25519').privateKey,
  generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey,
];

let opened: BlockSigner[] = [];
let losses = 0;

function open(signer: Signer, module?: string): BlockSigner {
  assert.ok(signer.keyForThreads !== undefined);
  const blockSigner = new BlockSigner({
    key: signer.keyForThreads,
    lost: () => losses++,
    ...(module !== undefined && { module: new URL(`data:text/javascript,${module}`) }),
  });
  opened.push(blockSigner);
  return blockSigner;
}

afterEach(async () => {
  await Promise.all(opened.map((blockSigner) => blockSigner.close()));
  opened = [];
  losses = 0;
});

test('packed parts come out as they went in', () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 200 })), (parts) => {
      const out = unpackParts(packParts(parts)).map((part) => new Uint8Array(part));
      assert.deepEqual(out, parts);
    }),
  );
});

test('every block gets its own signatures, in order, with any key that a log signs with', async () => {
  for (const key of KEYS) {
    const signer = signerFromKey(key);
    const { sign } = open(signer);
    const blocks = [1, 20, 3].map((count) => Array.from({ length: count }, () => randomBytes(700)));
    const signed = await Promise.all(blocks.map(sign));
    for (const [i, messages] of blocks.entries()) {
      assert.equal(signed[i]?.length, messages.length);
      for (const [j, message] of messages.entries()) {
        const signature = signed[i]?.[j] as Uint8Array;
        assert.ok(verifyWithKey(signer.publicKeyDer, message, signature), signer.algorithm);
      }
    }
    assert.equal(losses, 0);
  }
});

for (const [how, module] of [
  ['ends', 'process.exit(0)'],
  ['cannot be read', 'this is no program'],
  [
    'fails at work',
    'import("node:worker_threads").then((t) => t.parentPort.on("message", () => { throw 1; }))',
  ],
] as const) {
  test(`a thread that ${how} refuses what it was at, and all that comes later`, async () => {
    const { sign } = open(signerFromKey(KEYS[0] as KeyObject), encodeURIComponent(module));
    const isRefusal = (error: unknown): boolean => isLogError(error, 'SIGNER_UNAVAILABLE');
    const blocks = [sign([randomBytes(10)]), sign([randomBytes(10)])];
    for (const block of blocks) await assert.rejects(block, isRefusal);
    await assert.rejects(sign([randomBytes(10)]), isRefusal);
    assert.equal(losses, 1);
  });
}

test('closing refuses what is under way, and is no loss', async () => {
  const blockSigner = open(
    signerFromKey(KEYS[0] as KeyObject),
    encodeURIComponent('setInterval(() => 0, 1000)'),
  );
  const refused = assert.rejects(blockSigner.sign([randomBytes(10)]), (error) =>
    isLogError(error, 'SIGNER_UNAVAILABLE'),
  );
  await blockSigner.close();
  await refused;
  assert.equal(losses, 0);
});
