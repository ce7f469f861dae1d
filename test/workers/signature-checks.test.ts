import assert from 'node:assert/strict';
import { createHash, generateKeyPairSync, randomBytes, sign } from 'node:crypto';
import { type TestContext, test } from 'node:test';
import fc from 'fast-check';
import type { HashAlgorithm, SignatureCheck } from '../../src/entries/entry-kind.js';
import { verifySignatures } from '../../src/entries/verify-signatures.js';
import { packChecks, unpackChecks } from '../../src/workers/packed-checks.js';
import { SignatureChecks } from '../../src/workers/signature-checks.js';
import { answeringWith, FAILING, moduleOf, SILENT } from './thread-code.js';

const KEYS = {
  p256: generateKeyPairSync('ec', { namedCurve: 'P-256' }),
  p384: generateKeyPairSync('ec', { namedCurve: 'P-384' }),
  rsa: generateKeyPairSync('rsa', { modulusLength: 2048 }),
};

function checkBy(
  name: keyof typeof KEYS,
  hash: HashAlgorithm,
  isGood: boolean,
): SignatureCheck & { over: 'digest' } {
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

function open(t: TestContext, options: { threads: number; module?: URL }) {
  let losses = 0;
  const checks = new SignatureChecks({ ...options, lost: () => losses++ });
  t.after(() => checks.close());
  return { verify: checks.verify, close: () => checks.close(), losses: () => losses };
}

test('packed checks come out as they went in', () => {
  const bytes = fc.uint8Array({ maxLength: 300 });
  const signed = {
    hash: fc.constantFrom<HashAlgorithm>('sha256', 'sha384', 'sha512'),
    key: bytes,
    signature: bytes,
  };
  const check: fc.Arbitrary<SignatureCheck> = fc.oneof(
    fc.record(
      { over: fc.constant('digest' as const), digest: bytes, ...signed },
      { noNullPrototype: true },
    ),
    fc.record(
      { over: fc.constant('message' as const), message: bytes, ...signed },
      { noNullPrototype: true },
    ),
  );
  fc.assert(
    fc.property(fc.array(check), (checks) => {
      const out = unpackChecks(packChecks(checks)).map((each) =>
        Object.fromEntries(
          Object.entries(each).map(([name, value]) => [
            name,
            typeof value === 'string' ? value : new Uint8Array(value),
          ]),
        ),
      );
      assert.deepEqual(out, checks);
    }),
  );
});

for (const threads of [0, 1, 3]) {
  test(`checks that come together get the verdicts that each gets alone, threads: ${threads}`, async (t) => {
    const { verify, losses } = open(t, { threads });
    const asked = someChecks();
    const together = await Promise.all(asked.map(verify));
    for (const [i, checks] of asked.entries()) {
      assert.deepEqual(together[i], await verifySignatures(checks));
    }
    assert.ok(together.flat().includes(undefined), 'some verify');
    assert.equal(losses(), 0);
  });
}

test('a block is made in the thread and so is one soon after, but none that is always alone', async (t) => {
  const { verify } = open(t, { threads: 1, module: answeringWith('["from the thread", "too"]') });
  const good = [checkBy('p256', 'sha256', true)];
  for (let i = 0; i < 3; i++) assert.deepEqual(await verify(good), [undefined]);
  assert.deepEqual(await Promise.all([verify(good), verify(good)]), [['from the thread'], ['too']]);
  const alone: unknown[] = [];
  for (let i = 0; i < 20; i++) alone.push(...(await verify(good)));
  const inThread = alone.lastIndexOf('from the thread') + 1;
  assert.ok(inThread > 0 && inThread < alone.length, `${inThread} of those that came alone`);
  assert.ok(alone.slice(inThread).every((verdict) => verdict === undefined));
});

test('checks over messages are made too, beside others, by keys new and known', async (t) => {
  const { verify } = open(t, { threads: 1 });
  const message = randomBytes(100);
  const overMessage = (name: keyof typeof KEYS, signed = message): SignatureCheck => {
    const { publicKey, privateKey } = KEYS[name];
    const key = publicKey.export({ format: 'der', type: 'spki' });
    return {
      over: 'message',
      hash: 'sha256',
      message: signed,
      key,
      signature: sign('sha256', message, privateKey),
    };
  };
  for (let round = 0; round < 3; round++) {
    const verdicts = await Promise.all([
      verify([overMessage('p256'), checkBy('rsa', 'sha256', true)]),
      verify([overMessage('p384'), overMessage('rsa')]),
      verify([overMessage('p256', randomBytes(100))]),
      verify([checkBy('rsa', 'sha256', true)]),
    ]);
    const failure = 'invalid signature when validating ASN.1 encoded signature';
    assert.deepEqual(verdicts, [
      [undefined, undefined],
      [undefined, undefined],
      [failure],
      [undefined],
    ]);
  }
});

test('a long message is for a thread even when it is alone', async (t) => {
  const { verify } = open(t, { threads: 1, module: answeringWith('["from the thread"]') });
  const check = (length: number): SignatureCheck => {
    const { hash, key, signature } = checkBy('p256', 'sha256', true);
    return { over: 'message', message: Buffer.alloc(length), hash, key, signature };
  };
  assert.deepEqual(await verify([check(100_000)]), ['from the thread']);
  assert.notDeepEqual(await verify([check(1_000)]), ['from the thread']);
});

test('a thread that is lost is done without, and no check is', async (t) => {
  const { verify, losses } = open(t, { threads: 2, module: FAILING });
  const asked = someChecks();
  const expected = await Promise.all(asked.map(verifySignatures));
  assert.deepEqual(await Promise.all(asked.map(verify)), expected);
  assert.deepEqual(await Promise.all(asked.map(verify)), expected);
  assert.equal(losses(), 1);
});

test('another thread takes the place of one that is lost after it had answered', async (t) => {
  // It ends over a long block.
  const module = moduleOf(
    'import { parentPort } from "node:worker_threads";' +
      'parentPort.on("message", ({ byteLength }) =>' +
      'byteLength > 50_000 ? process.exit(1) : parentPort.postMessage(["from a thread", "too"]));',
  );
  const { verify, losses } = open(t, { threads: 1, module });
  const good = [checkBy('p256', 'sha256', true)];
  const two = () => Promise.all([verify(good), verify(good)]);
  const { hash, key, signature } = checkBy('p256', 'sha256', true);
  const message = Buffer.alloc(100_000);
  for (let round = 1; round < 4; round++) {
    assert.deepEqual(await two(), [['from a thread'], ['too']]);
    await verify([{ over: 'message', message, hash, key, signature }]);
    assert.equal(losses(), round);
  }
  assert.deepEqual(await two(), [['from a thread'], ['too']]);
});

for (const [where, threads] of [
  ['on the event loop', 0],
  ['in a thread that it ends', 1],
] as const) {
  test(`a check that throws ${where} fails whoever asked for it, and nobody else`, async (t) => {
    const { verify, losses } = open(t, { threads, module: FAILING });
    // It goes into a block like any other, but is no bytes: worse than a bad signature.
    const signature = { length: 64 } as Uint8Array;
    const odd = { ...checkBy('p256', 'sha256', true), signature };
    const asked = someChecks();
    const refused = assert.rejects(verify([odd, ...asked.flat()]), TypeError);
    const verdicts = await Promise.all(asked.map(verify));
    await refused;
    assert.deepEqual(verdicts, await Promise.all(asked.map(verifySignatures)));
    assert.equal(losses(), threads);
  });
}

test('what a closed thread was at is checked all the same', async (t) => {
  const { verify, close, losses } = open(t, { threads: 1, module: SILENT });
  const asked = someChecks();
  const verdicts = Promise.all(asked.map(verify));
  await new Promise((resolve) => setImmediate(resolve));
  await close();
  assert.deepEqual(await verdicts, await Promise.all(asked.map(verifySignatures)));
  assert.equal(losses(), 0);
});
