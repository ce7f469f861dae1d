import assert from 'node:assert/strict';
import { createHash, generateKeyPairSync } from 'node:crypto';
import { existsSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { trustedLogOfPem } from '../../src/client/trusted-log.js';
import { verifyDocument } from '../../src/client/verify-document.js';
import { isVerified } from '../../src/client/verify-entry.js';
import { type ErrorCode, LogError } from '../../src/errors.js';
import { composeServer, initialiseLog } from '../../src/server/compose.js';
import { ListenError } from '../../src/server/listen.js';
import { verifyWithKey } from '../../src/signing/signer.js';
import { configFor, signerPem, start, submit, temporaryFolder } from './scene.js';

async function assertRefused(
  attempt: Promise<unknown>,
  code: ErrorCode,
  ...named: readonly string[]
): Promise<void> {
  // A start that should have been refused must not keep the test process alive.
  const started = attempt.then((made) => (made as { close?: () => Promise<void> }).close?.());
  await assert.rejects(started, (error) => {
    assert.ok(error instanceof LogError, String(error));
    assert.equal(error.code, code, error.message);
    for (const name of named) assert.ok(error.message.includes(name), error.message);
    return true;
  });
}

describe('a first start', () => {
  it('makes store, keys, guard and identity, and answers', async (t) => {
    const dataDir = join(temporaryFolder(t), 'new', 'data');
    const { url, metricsUrl, treeID, origin, identity } = await start(t, dataDir);
    for (const name of ['keys/log.pem', 'keys/tiles.pem']) {
      assert.equal(statSync(join(dataDir, name)).mode & 0o777, 0o600);
    }
    assert.deepEqual(JSON.parse(readFileSync(join(dataDir, 'log.json'), 'utf8')), identity);
    assert.equal(existsSync(join(dataDir, 'first-start')), false);
    assert.ok(existsSync(join(dataDir, 'guard')));
    assert.equal(origin, `localhost - ${treeID}`);
    assert.ok(BigInt(treeID) > 0n && BigInt(treeID) < 2n ** 63n);
    assert.equal(await (await fetch(`${url}/healthz`)).text(), '{"status":"SERVING"}');
    assert.equal(await (await fetch(`${url}/api/v1/log/publicKey`)).text(), identity.publicKeyPem);
    const metrics = await (await fetch(metricsUrl)).text();
    for (const name of ['rekor_new_entries', 'stele_tree_size', 'process_cpu_seconds_total']) {
      assert.ok(metrics.includes(`\n${name}`), name);
    }
    assert.equal((await fetch(metricsUrl.replace('/metrics', '/'))).status, 404);
  });

  it('that was interrupted after its keys were made is taken up again with them', async (t) => {
    const dataDir = temporaryFolder(t);
    const { identity } = await initialiseLog(configFor(dataDir));
    for (const name of ['store', 'guard', 'log.json']) {
      rmSync(join(dataDir, name), { recursive: true });
    }
    await assertRefused(initialiseLog(configFor(dataDir)), 'STORE_MISSING', 'log.pem', 'tiles.pem');
    writeFileSync(join(dataDir, 'first-start'), '');
    const again = await initialiseLog(configFor(dataDir));
    assert.equal(again.created, true);
    assert.equal(again.identity.logID, identity.logID);
    assert.equal(existsSync(join(dataDir, 'first-start')), false);
  });

  it('in a place where no folder can be made is refused', async (t) => {
    const file = join(temporaryFolder(t), 'file');
    writeFileSync(file, '');
    await assertRefused(initialiseLog(configFor(join(file, 'data'))), 'STORE_UNAVAILABLE', file);
  });

  it('gives each log a tree ID of its own', async (t) => {
    const folder = temporaryFolder(t);
    const logs = await Promise.all(
      ['a', 'b'].map((name) => initialiseLog(configFor(join(folder, name)))),
    );
    assert.equal(new Set(logs.map(({ identity }) => identity.treeID)).size, 2);
  });
});

describe('a later start', () => {
  it('has the same identity and the same entries', async (t) => {
    const dataDir = temporaryFolder(t);
    const first = await start(t, dataDir);
    const created = await submit(first.url, 'one');
    assert.equal(created.status, 201);
    const location = created.headers.get('location') ?? '';
    await first.close();
    const second = await start(t, dataDir);
    assert.deepEqual(second.identity, first.identity);
    assert.equal((await fetch(second.url + location)).status, 200);
    const again = await initialiseLog(configFor(join(dataDir, 'other')));
    assert.notEqual(again.identity.logID, first.identity.logID);
  });

  it('with another hostname or key is refused, naming both', async (t) => {
    const dataDir = temporaryFolder(t);
    const { identity } = await initialiseLog(configFor(dataDir, '--hostname=log.example'));
    await assertRefused(
      composeServer(configFor(dataDir, '--hostname=other.example')),
      'STORE_IDENTITY',
      'log.example',
      'other.example',
    );
    const other = await initialiseLog(configFor(join(dataDir, 'other'), '--hostname=log.example'));
    const otherKey = `--signing-key=${join(dataDir, 'other', 'keys', 'log.pem')}`;
    await assertRefused(
      composeServer(configFor(dataDir, '--hostname=log.example', otherKey)),
      'STORE_IDENTITY',
      identity.logID,
      other.identity.logID,
    );
    const otherTileKey = `--tile-key=${join(dataDir, 'other', 'keys', 'tiles.pem')}`;
    await assertRefused(
      composeServer(configFor(dataDir, '--hostname=log.example', otherTileKey)),
      'STORE_IDENTITY',
      'tile key',
    );
    assert.equal(
      (await initialiseLog(configFor(dataDir, '--hostname=log.example'))).created,
      false,
    );
  });

  it('without its store, its key or its guard is refused, and makes nothing', async (t) => {
    const dataDir = temporaryFolder(t);
    const server = await start(t, dataDir);
    assert.equal((await submit(server.url, 'one')).status, 201);
    await server.close();
    for (const [name, code] of [
      ['store', 'STORE_MISSING'],
      ['keys/log.pem', 'KEY_FILE_INVALID'],
      ['keys/tiles.pem', 'KEY_FILE_INVALID'],
      ['guard', 'GUARD_MISSING'],
    ] as const) {
      renameSync(join(dataDir, name), join(dataDir, 'aside'));
      await assertRefused(initialiseLog(configFor(dataDir)), code, join(dataDir, name));
      assert.equal(existsSync(join(dataDir, name)), false, name);
      renameSync(join(dataDir, 'aside'), join(dataDir, name));
      assert.equal((await initialiseLog(configFor(dataDir))).created, false);
    }
  });

  it('goes on without a guard when it is told to adopt the store', async (t) => {
    const dataDir = temporaryFolder(t);
    const server = await start(t, dataDir);
    assert.equal((await submit(server.url, 'one')).status, 201);
    await server.close();
    rmSync(join(dataDir, 'guard'));
    await initialiseLog(configFor(dataDir, '--adopt-guard'));
    assert.ok(existsSync(join(dataDir, 'guard')));
    await initialiseLog(configFor(dataDir));
  });

  it('on a store that is in use is refused, and the user goes on', async (t) => {
    const dataDir = temporaryFolder(t);
    const { url } = await start(t, dataDir);
    await assertRefused(composeServer(configFor(dataDir)), 'STORE_LOCKED', String(process.pid));
    assert.equal((await submit(url, 'one')).status, 201);
  });

  it('on a port that is in use is refused and leaves nothing open', async (t) => {
    const folder = temporaryFolder(t);
    const { url, metricsUrl } = await start(t, join(folder, 'a'));
    for (const [option, used] of [
      ['port', url],
      ['metrics-port', metricsUrl],
    ] as const) {
      const flag = `--${option}=${new URL(used).port}`;
      await assert.rejects(
        composeServer(configFor(join(folder, 'b'), flag)),
        (error) => error instanceof ListenError && error.code === 'EADDRINUSE',
      );
      await initialiseLog(configFor(join(folder, 'b')));
    }
  });
});

describe("a log with the operator's own key", () => {
  const pairs = {
    'P-384': generateKeyPairSync('ec', { namedCurve: 'P-384' }).privateKey,
    Ed25519: generateKeyPairSync('ed25519').privateKey,
    RSA: generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey,
  };
  for (const [name, key] of Object.entries(pairs)) {
    it(`of type ${name} answers entries that verify, and makes no key of that kind`, async (t) => {
      const folder = temporaryFolder(t);
      const path = join(folder, 'own.pem');
      const dataDir = join(folder, 'data');
      writeFileSync(path, key.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600 });
      const { url, identity } = await start(t, dataDir, `--signing-key=${path}`);
      const answer = await submit(url, 'signed');
      assert.equal(answer.status, 201);
      const logs = [trustedLogOfPem(identity.publicKeyPem)];
      const steps = await verifyDocument(
        await answer.text(),
        { logs, origin: identity.origin, verifySignature: verifyWithKey },
        { artifact: Buffer.from('signed'), signerKey: Buffer.from(signerPem) },
      );
      assert.ok(isVerified(steps), JSON.stringify(steps));
      assert.equal(existsSync(join(dataDir, 'keys', 'log.pem')), false);
    });
  }
});

describe('a stop', () => {
  it('answers every submission under way, and loses none that it acknowledged', async (t) => {
    const dataDir = temporaryFolder(t);
    const server = await start(t, dataDir);
    const names = Array.from({ length: 48 }, (_, i) => `entry ${i}`);
    const answers = names.map((name) => submit(server.url, name).catch(() => undefined));
    await Promise.race(answers);
    await server.close();
    const statuses = (await Promise.all(answers)).map((answer) => answer?.status);
    const added = names.filter((_, i) => statuses[i] === 201);
    assert.ok(added.length > 0);
    for (const status of statuses) assert.ok([201, 503, undefined].includes(status), `${status}`);

    const { url } = await start(t, dataDir);
    for (const name of added) {
      assert.equal((await entriesOf(url, name)).length, 1, name);
    }
  });

  async function entriesOf(url: string, artifact: string): Promise<readonly string[]> {
    const hash = `sha256:${createHash('sha256').update(artifact).digest('hex')}`;
    const answer = await fetch(`${url}/api/v1/index/retrieve`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ hash }),
    });
    return (await answer.json()) as readonly string[];
  }
});
