import assert from 'node:assert/strict';
import { createHash, generateKeyPairSync, randomBytes, sign } from 'node:crypto';
import { afterEach, test } from 'node:test';
import fc from 'fast-check';
import type { HashAlgorithm, SignatureCheck } from '../../src/entries/entry-kind.js';
import { verifySignatures } from '../../src/entries/verify-signatures.js';
import { type DigestCheck, packChecks, unpackChecks } from '../../src/workers/packed-checks.js';
import { SignatureChecks } from '../../src/workers/signature-checks.js';

const KEYS = {
  p256: generateKeyPairSync('ec', { namedCurve: 'P-256' }),
  p384: generateKeyPairSync('ec', { namedCurve: 'P-384' }),
  rsa: generateKeyPairSync('rsa', { modulusLength: 2048 }),
};

function checkBy(name: keyof typeof KEYS, hash: HashAlgorithm, isGood: boolean): DigestCheck {
  const { publicKey, privateKey } = KEYS[name];
  const message = randomBytes(40);
  const signed = isGood ? message : Buffer.concat([message, Buffer.from('!')]);
  return {
    over: 'digest',
    hash,
    digest: createHash(hash).update(message).digest(),
    key: publicKey.export({ format: 'der', type: 'spki' }),
    signature: sign(hash, signed, privateKey),
  };
}

/** Good and bad ones of every sort, each several times. */
function someChecks(): SignatureCheck[][] {
  const checks: SignatureCheck[][] = [];
  for (let round = 0; round < 4; round++) {
    for (const hash of ['sha256', 'sha384', 'sha512'] as const) {
      for (const name of ['p256', 'p384', 'rsa'] as const) {
        checks.push([checkBy(name, hash, true)], [checkBy(name, hash, false)]);
      }
    }
  }
  const [good, bad] = [checkBy('p256', 'sha256', true), checkBy('p256', 'sha256', false)];
  checks.push([good, bad, good], []);
  checks.push([{ ...good, key: Buffer.from('no key') }], [{ ...good, signature: Buffer.alloc(0) }]);
  checks.push([{ ...good, digest: Buffer.alloc(5) }]);
  return checks;
}

let opened: SignatureChecks[] = [];
let losses = 0;

function open(inThread: boolean, module?: string): SignatureChecks {
  const checks = new SignatureChecks({
    inThread,
    lost: () => losses++,
    ...(module !== undefined && { module: new URL(`data:text/javascript,${module}`) }),
  });
  opened.push(checks);
  return checks;
}

afterEach(async () => {
  await Promise.all(opened.map((checks) => checks.close()));
  opened = [];
  losses = 0;
});

test('packed checks come out as they went in', () => {
  const bytes = fc.uint8Array({ maxLength: 300 });
  const check = fc.record(
    {
      over: fc.constant('digest' as const),
      hash: fc.constantFrom<HashAlgorithm>('sha256', 'sha384', 'sha512'),
      digest: bytes,
      key: bytes,
      signature: bytes,
    },
    { noNullPrototype: true },
  );
  fc.assert(
    fc.property(fc.array(check), (checks) => {
      const out = unpackChecks(packChecks(checks)).map((each) => ({
        ...each,
        digest: new Uint8Array(each.digest),
        key: new Uint8Array(each.key),
        signature: new Uint8Array(each.signature),
      }));
      assert.deepEqual(out, checks);
    }),
  );
});

for (const inThread of [true, false]) {
  test(`checks that come together get the verdicts that each gets alone, thread: ${inThread}`, async () => {
    const { verify } = open(inThread);
    const asked = someChecks();
    const together = await Promise.all(asked.map(verify));
    for (const [i, checks] of asked.entries()) {
      assert.deepEqual(together[i], await verifySignatures(checks));
    }
    assert.ok(together.flat().includes(undefined), 'some verify');
    assert.equal(losses, 0);
  });
}

test('a block of checks is made in the thread, and one alone is not', async () => {
  const says =
    'import { parentPort } from "node:worker_threads";' +
    'parentPort.on("message", () => parentPort.postMessage(["from the thread", "too"]));';
  const { verify } = open(true, encodeURIComponent(says));
  const good = [checkBy('p256', 'sha256', true)];
  assert.deepEqual(await Promise.all([verify(good), verify(good)]), [['from the thread'], ['too']]);
  assert.deepEqual(await verify(good), [undefined]);
});

test('checks over messages are made too, and beside others', async () => {
  const { verify } = open(true);
  const { publicKey, privateKey } = KEYS.p256;
  const message = randomBytes(100);
  const overMessage: SignatureCheck = {
    over: 'message',
    hash: 'sha256',
    message,
    key: publicKey.export({ format: 'der', type: 'spki' }),
    signature: sign('sha256', message, privateKey),
  };
  const verdicts = await Promise.all([
    verify([overMessage, checkBy('rsa', 'sha256', true)]),
    verify([checkBy('rsa', 'sha256', true)]),
  ]);
  assert.deepEqual(verdicts, [[undefined, undefined], [undefined]]);
});

for (const [how, module] of [
  ['ends', 'process.exit(0)'],
  ['cannot be read', 'this is no program'],
  [
    'fails at work',
    'import("node:worker_threads").then((t) => t.parentPort.on("message", () => { throw 1; }))',
  ],
] as const) {
  test(`a thread that ${how} is done without, and no check is lost`, async () => {
    const { verify } = open(true, encodeURIComponent(module));
    const asked = someChecks();
    const expected = await Promise.all(asked.map(verifySignatures));
    assert.deepEqual(await Promise.all(asked.map(verify)), expected);
    assert.deepEqual(await Promise.all(asked.map(verify)), expected);
    assert.equal(losses, 1);
  });
}

test('what a closed thread was at is checked all the same', async () => {
  const checks = open(true, encodeURIComponent('setInterval(() => 0, 1000)'));
  const asked = someChecks();
  const verdicts = Promise.all(asked.map(checks.verify));
  await new Promise((resolve) => setImmediate(resolve));
  await checks.close();
  assert.deepEqual(await verdicts, await Promise.all(asked.map(verifySignatures)));
  assert.equal(losses, 0);
});
