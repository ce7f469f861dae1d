import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { type ErrorCode, isLogError } from '../../src/errors.js';
import { CLOCK_TOLERANCE_MS } from '../../src/sequencing/clock.js';
import { initialiseLog } from '../../src/server/compose.js';
import {
  makeTimestampAuthority,
  readTimestampChainFile,
  readTimestampMaterial,
  startTimestampAuthority,
  timestampAuthorityMaterial,
} from '../../src/server/timestamp-authority.js';
import { requestOf } from '../../src/timestamping/request.js';
import { newSigner } from '../timestamping/made-authority.js';
import { configFor, start, temporaryFolder } from './scene.js';

const NOW_MS = Date.UTC(2026, 10, 22);
const DAY_MS = 86_400_000;
const logKeys = { log: newSigner(), tiles: newSigner('ed25519') };

const request = requestOf({
  hashAlgorithm: 'sha256',
  digest: new Uint8Array(32),
  policy: undefined,
  nonce: undefined,
  wantsCertificates: true,
});

/** A data folder with an authority, and what is needed to read it. */
async function made(t: TestContext) {
  const root = temporaryFolder(t);
  const options = configFor(root, '--tsa');
  assert.equal(await makeTimestampAuthority(options, { root }, NOW_MS), true);
  const file = (name: string) => join(root, 'tsa', name);
  const read = (wallMs = NOW_MS) => readTimestampMaterial(options, { root }, logKeys, wallMs);
  return { root, options, file, read };
}

async function assertRejects(outcome: Promise<unknown>, code: ErrorCode, reason: RegExp) {
  await assert.rejects(outcome, (error) => {
    assert.ok(isLogError(error, code), String(error));
    assert.match(error.message, reason);
    return true;
  });
}

describe('an authority of its own', () => {
  it('is a key that only its owner reads, and certificates that everybody may', async (t) => {
    const { root, file, read } = await made(t);
    assert.deepEqual(readdirSync(root), ['tsa']);
    assert.deepEqual(readdirSync(join(root, 'tsa')).sort(), ['chain.pem', 'key.pem']);
    assert.equal(statSync(file('key.pem')).mode & 0o777, 0o600);
    assert.equal(readFileSync(file('key.pem'), 'utf8').match(/BEGIN/g)?.length, 1);
    assert.doesNotMatch(readFileSync(file('chain.pem'), 'utf8'), /PRIVATE/);
    const { signer, chain, warnings } = await read();
    assert.equal(signer.algorithm, 'ecdsa-p256');
    assert.deepEqual(warnings, []);
    assert.equal(chain.notBeforeSeconds, NOW_MS / 1000 - 300);
    assert.equal(chain.notAfterSeconds, NOW_MS / 1000 + 3_650 * 86_400);
  });

  it('is made once', async (t) => {
    const { root, options, file } = await made(t);
    const before = readFileSync(file('chain.pem'), 'utf8');
    assert.equal(await makeTimestampAuthority(options, { root }, NOW_MS), false);
    assert.equal(readFileSync(file('chain.pem'), 'utf8'), before);
  });

  for (const lost of ['key.pem', 'chain.pem']) {
    it(`that lost its ${lost} is refused and not made anew`, async (t) => {
      const { root, options, file, read } = await made(t);
      rmSync(file(lost));
      assert.equal(await makeTimestampAuthority(options, { root }, NOW_MS), false);
      assert.equal(existsSync(file(lost)), false);
      await assertRejects(read(), 'KEY_FILE_INVALID', /no such file/);
    });
  }

  it('that was never made is asked for', async (t) => {
    const root = temporaryFolder(t);
    const outcome = readTimestampMaterial(configFor(root, '--tsa'), { root }, logKeys, NOW_MS);
    await assertRejects(outcome, 'KEY_FILE_INVALID', /stele init --tsa/);
    assert.equal(await readTimestampChainFile(configFor(root), { root }), undefined);
  });

  it('leaves nothing behind where it cannot be made', async (t) => {
    const root = join(temporaryFolder(t), 'missing');
    const outcome = makeTimestampAuthority(configFor(root, '--tsa'), { root }, NOW_MS);
    await assertRejects(outcome, 'STORE_UNAVAILABLE', /cannot be made/);
    assert.equal(existsSync(root), false);
  });

  it('shows its certificates without its key', async (t) => {
    const { root, options, file } = await made(t);
    rmSync(file('key.pem'));
    const chain = await readTimestampChainFile(options, { root });
    assert.equal(chain?.certificates.length, 2);
  });

  it('is what the trust kit tells clients of', async (t) => {
    const { read } = await made(t);
    const { chain } = await read();
    const anchor = { publicUrl: 'https://log.example.com', operator: 'somebody' };
    const material = timestampAuthorityMaterial(chain, anchor);
    assert.deepEqual(material, {
      url: 'https://log.example.com/api/v1/timestamp',
      certificates: material.certificates,
      subject: { organization: 'localhost', commonName: 'timestamp authority root' },
      validFor: { startSeconds: NOW_MS / 1000 - 300 },
      operator: 'somebody',
    });
    assert.deepEqual(material.certificates.map(Buffer.from), chain.certificates.map(Buffer.from));
  });

  it('is warned of in time', async (t) => {
    const { read } = await made(t);
    const at = async (days: number) => (await read(NOW_MS + days * DAY_MS)).warnings;
    assert.deepEqual(await at(3_559), []);
    assert.match((await at(3_561)).join(), /certificates end on 2036-11-19/);
    assert.match((await at(3_651)).join(), /certificates ended on 2036-11-19/);
    assert.match((await at(-1)).join(), /valid from 2026-11-21/);
  });
});

describe("an operator's authority", () => {
  it('is a key and its certificates, both named', async (t) => {
    const { root, file } = await made(t);
    const named = [`--tsa-key=${file('key.pem')}`, `--tsa-chain=${file('chain.pem')}`];
    const other = { root: join(root, 'elsewhere') };
    const both = configFor(other.root, '--tsa', ...named);
    assert.equal(await makeTimestampAuthority(both, other, NOW_MS), false);
    assert.equal(existsSync(other.root), false);
    await readTimestampMaterial(both, other, logKeys, NOW_MS);
    for (const one of named) {
      const config = configFor(other.root, '--tsa', one);
      const outcome = readTimestampMaterial(config, other, logKeys, NOW_MS);
      await assertRejects(outcome, 'CONFIG_INVALID', /together/);
    }
  });

  it('is refused where the certificates are for another key, or damaged', async (t) => {
    const one = await made(t);
    const two = await made(t);
    const config = configFor(
      one.root,
      `--tsa-key=${one.file('key.pem')}`,
      `--tsa-chain=${two.file('chain.pem')}`,
    );
    const read = () => readTimestampMaterial(config, { root: one.root }, logKeys, NOW_MS);
    await assertRejects(read(), 'KEY_FILE_INVALID', /chain\.pem: .* not for the key/);
    writeFileSync(two.file('chain.pem'), '');
    await assertRejects(read(), 'KEY_FILE_INVALID', /0 certificates/);
    writeFileSync(two.file('chain.pem'), 'x'.repeat(256 * 1024 + 1));
    await assertRejects(read(), 'KEY_FILE_INVALID', /too large/);
  });

  it('never shares a key with the log', async (t) => {
    const { root, options, read } = await made(t);
    const { signer } = await read();
    for (const keys of [
      { ...logKeys, log: signer },
      { ...logKeys, tiles: signer },
    ]) {
      const outcome = readTimestampMaterial(options, { root }, keys, NOW_MS);
      await assertRejects(outcome, 'KEY_FILE_INVALID', /a key of the log/);
    }
  });
});

describe('the clock of an authority', () => {
  const started = async (t: TestContext, newestSeconds: number) => {
    const { options, read } = await made(t);
    const now = { wallMs: NOW_MS + 900, monotonicMs: 5_000 };
    const clock = { wallMs: () => now.wallMs, monotonicMs: () => now.monotonicMs };
    const material = await read();
    return { now, authority: startTimestampAuthority(material, options, clock, newestSeconds) };
  };
  const refused = (act: () => unknown) =>
    assert.throws(act, (error) => isLogError(error, 'CLOCK_UNTRUSTED'));

  it('is not believed when it jumps against the monotonic one', async (t) => {
    const { now, authority } = await started(t, 0);
    authority.stamp(request);
    now.wallMs += CLOCK_TOLERANCE_MS + 1;
    refused(() => authority.stamp(request));
    now.monotonicMs += CLOCK_TOLERANCE_MS + 1;
    authority.stamp(request);
  });

  it('is not believed far before the newest entry, nor is that time stated in its place', async (t) => {
    const newestSeconds = NOW_MS / 1000 + 10;
    const { now, authority } = await started(t, newestSeconds);
    const reply = Buffer.from(authority.stamp(request)).toString('latin1');
    assert.match(reply, /20261122000000Z/);
    now.wallMs -= 1_000;
    now.monotonicMs -= 1_000;
    refused(() => authority.stamp(request));
  });
});

describe('a server with --tsa', () => {
  const stamp = (url: string) =>
    fetch(`${url}/api/v1/timestamp`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({
        artifactHash: Buffer.alloc(32).toString('base64'),
        hashAlgorithm: 'sha256',
      }),
    });

  it('makes its authority at a first start and keeps it', async (t) => {
    const dataDir = join(temporaryFolder(t), 'data');
    const first = await start(t, dataDir, '--tsa');
    assert.equal((await stamp(first.url)).status, 200);
    const chain = await (await fetch(`${first.url}/api/v1/timestamp/certchain`)).text();
    await first.close();
    const second = await start(t, dataDir, '--tsa', '--tsa-status=201');
    assert.equal((await stamp(second.url)).status, 201);
    const again = await (await fetch(`${second.url}/api/v1/timestamp/certchain`)).text();
    assert.equal(again, chain);
    await second.close();
  });

  it('gets one for a log that is there from init alone', async (t) => {
    const dataDir = join(temporaryFolder(t), 'data');
    const plain = await start(t, dataDir);
    assert.equal((await stamp(plain.url)).status, 404);
    await plain.close();
    await assertRejects(start(t, dataDir, '--tsa'), 'KEY_FILE_INVALID', /stele init --tsa/);
    const { created, timestampChain } = await initialiseLog(configFor(dataDir, '--tsa'));
    assert.equal(created, false);
    assert.equal(timestampChain, join(dataDir, 'tsa', 'chain.pem'));
    const server = await start(t, dataDir, '--tsa');
    assert.equal((await stamp(server.url)).status, 200);
    await server.close();
  });
});
