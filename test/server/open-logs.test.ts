import assert from 'node:assert/strict';
import { createHash, createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { ClassicLevel } from 'classic-level';
import { acceptEntry } from '../../src/entries/accept.js';
import { type ErrorCode, LogError } from '../../src/errors.js';
import { leafHash } from '../../src/merkle/hash.js';
import { parseCheckpoint } from '../../src/note/checkpoint.js';
import { parseSignedNote } from '../../src/note/signed-note.js';
import { composeServer, initialiseLog, type RunningServer } from '../../src/server/compose.js';
import { genesisProposal, genesisStatement } from '../../src/server/genesis-entry.js';
import { newLogRecord } from '../../src/server/identity.js';
import { signerFromKey, verifyWithKey } from '../../src/signing/signer.js';
import { openGuard } from '../../src/storage/guard.js';
import { openLevelStore } from '../../src/storage/level/level-store.js';
import { openPolicy, testContext } from '../entries/policy.js';
import { V2LogUnderTest } from '../golden/v2-log-under-test.js';
import { configFor, start, submit, submitV2, temporaryFolder } from './scene.js';

const RECORD_ROW = 2;

async function text(url: string): Promise<string> {
  const answer = await fetch(url);
  assert.equal(answer.status, 200, url);
  return answer.text();
}

/** Every checkpoint that a server serves, by its path. */
async function checkpoints({ url, identity }: RunningServer): Promise<Record<string, string>> {
  const info = JSON.parse(await text(`${url}/api/v1/log`)) as { signedTreeHead: string };
  const paths = ['/checkpoint', '/api/v2/checkpoint'];
  for (const treeID of new Set([identity.treeID, identity.v2.treeID])) {
    paths.push(`/logs/${treeID}/checkpoint`);
  }
  const served = await Promise.all(paths.map(async (path) => [path, await text(url + path)]));
  return { ...Object.fromEntries(served), v1: info.signedTreeHead };
}

function sizeOf(checkpoint: string | undefined): number {
  return Number(parseCheckpoint(parseSignedNote(checkpoint ?? '').text).size);
}

async function assertRefused(attempt: Promise<unknown>, code: ErrorCode, ...named: string[]) {
  // A start that should have been refused must not keep the test process alive.
  const started = attempt.then((made) => (made as { close?: () => Promise<void> }).close?.());
  await assert.rejects(started, (error) => {
    assert.ok(error instanceof LogError, String(error));
    assert.equal(error.code, code, error.message);
    for (const name of named) assert.ok(error.message.includes(name), error.message);
    return true;
  });
}

/** Takes rows out of a store behind its back. */
async function dropRows(dataDir: string, drop: (key: Buffer) => boolean): Promise<void> {
  const db = new ClassicLevel<Buffer, Buffer>(join(dataDir, 'store'), {
    keyEncoding: 'buffer',
    valueEncoding: 'buffer',
  });
  for (const key of (await db.keys().all()).filter(drop)) await db.del(key);
  await db.close();
}

/** Turns a new folder into that of a log which was made when there was no v2 API, with one entry. */
async function v1OnlyFolder(t: TestContext): Promise<string> {
  const dataDir = join(temporaryFolder(t), 'data');
  mkdirSync(join(dataDir, 'keys'), { recursive: true });
  const pairs = {
    log: generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey,
    tiles: generateKeyPairSync('ed25519').privateKey,
  };
  for (const [name, key] of Object.entries(pairs)) {
    const pem = key.export({ type: 'pkcs8', format: 'pem' });
    writeFileSync(join(dataDir, 'keys', `${name}.pem`), pem, { mode: 0o600 });
  }
  const keys = { log: signerFromKey(pairs.log), tiles: signerFromKey(pairs.tiles) };
  const store = await openLevelStore({ directory: join(dataDir, 'store'), create: true });
  const random = Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8);
  const made = { hostname: 'localhost', keys, random, createdSeconds: 1_700_000_000 };
  await store.createLog(newLogRecord(made, 'v1'));
  const guard = await openGuard({ path: join(dataDir, 'guard'), store, adopt: false });
  await guard.close();
  await store.close();
  return dataDir;
}

describe('the first entry of a new v2 log', () => {
  it("is the log's own statement of who it is, signed by its key, and of the v2 log alone", async (t) => {
    const server = await start(t, temporaryFolder(t), '--hostname=rekor.local');
    const { url, identity } = server;
    const log = new V2LogUnderTest(identity);
    const { index, leaf, treeSize } = log.entry(await text(`${url}/api/v2/log/entries/0`));
    assert.deepEqual([index, treeSize], [0, 1]);
    const { data, signature } = JSON.parse(Buffer.from(leaf).toString()).spec.hashedRekordV002;
    const treeID = BigInt(identity.v2.treeID);
    const statement = `The first entry of a transparency log.\norigin: rekor.local\ntree ID: ${treeID}\n`;
    assert.equal(data.digest, createHash('sha256').update(statement).digest('base64'));
    const der = createPublicKey(identity.publicKeyPem).export({ type: 'spki', format: 'der' });
    assert.equal(signature.verifier.publicKey.rawBytes, der.toString('base64'));
    const content = Buffer.from(signature.content, 'base64');
    assert.ok(verifyWithKey(der, Buffer.from(statement), content));
    assert.equal(sizeOf((await checkpoints(server))['v1']), 0);
  });

  it('is written once, and is index 0 whatever clients send', async (t) => {
    const dataDir = temporaryFolder(t);
    const first = await start(t, dataDir);
    const entry = JSON.parse(await text(`${first.url}/api/v2/log/entries/0`));
    assert.equal(JSON.parse(await (await submitV2(first.url, 'one')).text()).logIndex, '1');
    await first.close();
    for (const size of [2, 2]) {
      const again = await start(t, dataDir);
      assert.equal(sizeOf((await checkpoints(again))['/checkpoint']), size);
      const { canonicalizedBody } = JSON.parse(await text(`${again.url}/api/v2/log/entries/0`));
      assert.equal(canonicalizedBody, entry.canonicalizedBody);
      await again.close();
    }
  });

  it('is written though clients may write nothing of the kind', async (t) => {
    const flags = ['--enabled-entry-types=dsse', '--client-signing-algorithms=ed25519'];
    const server = await start(t, temporaryFolder(t), ...flags);
    assert.equal(sizeOf((await checkpoints(server))['/checkpoint']), 1);
  });

  it('is not written where it is switched off, and is not made up for in a log with entries', async (t) => {
    const dataDir = temporaryFolder(t);
    const bare = await start(t, dataDir, '--genesis-entry=false');
    assert.equal(sizeOf((await checkpoints(bare))['/checkpoint']), 0);
    assert.equal(JSON.parse(await (await submitV2(bare.url, 'one')).text()).logIndex, '0');
    await bare.close();
    const again = await start(t, dataDir);
    assert.equal(sizeOf((await checkpoints(again))['/checkpoint']), 1);
  });

  it('is written at a later start into a log that has none yet', async (t) => {
    const dataDir = temporaryFolder(t);
    await (await start(t, dataDir, '--genesis-entry=false')).close();
    const again = await start(t, dataDir);
    assert.equal(sizeOf((await checkpoints(again))['/checkpoint']), 1);
  });

  it('stands in a shared tree with the origin of the v2 API, where v1 clients see it', async (t) => {
    const server = await start(t, temporaryFolder(t), '--v2-tree=shared');
    const served = await checkpoints(server);
    assert.equal(sizeOf(served['v1']), 1);
    assert.equal(sizeOf(served['/checkpoint']), 1);
    assert.equal(served['/checkpoint'], served[`/logs/${server.identity.treeID}/checkpoint`]);
    const answer = await fetch(`${server.url}/api/v1/log/entries?logIndex=0`);
    assert.equal(answer.status, 200);
  });
});

describe('the checkpoints of a server', () => {
  for (const tree of ['own', 'shared'] as const) {
    it(`are the same bytes until the next, across starts, and never go back (${tree})`, async (t) => {
      const dataDir = temporaryFolder(t);
      const flag = `--v2-tree=${tree}`;
      let before: Record<string, string> | undefined;
      for (let round = 0; round < 4; round++) {
        const server = await start(t, dataDir, flag);
        const found = await checkpoints(server);
        if (before !== undefined) assert.deepEqual(found, before, `round ${round}`);
        assert.deepEqual(await checkpoints(server), found);
        if (round === 1) assert.equal((await submitV2(server.url, `v2 ${round}`)).status, 201);
        if (round === 2) assert.equal((await submit(server.url, `v1 ${round}`)).status, 201);
        const after = await checkpoints(server);
        for (const [path, note] of Object.entries(after)) {
          const grows = note === found[path] ? 0 : 1;
          assert.equal(sizeOf(note), sizeOf(found[path]) + grows, `${round} ${path}`);
        }
        before = after;
        await server.close();
      }
      assert.ok(before !== undefined);
      // One of our own, and one of each API.
      const sizes = { own: [2, 1], shared: [3, 3] }[tree];
      assert.deepEqual([sizeOf(before['/checkpoint']), sizeOf(before['v1'])], sizes);
    });
  }

  it('have one line on the v1 side and two on the tile side, of both logs', async (t) => {
    const server = await start(t, temporaryFolder(t), '--hostname=rekor.local');
    const { treeID, v2 } = server.identity;
    const served = await checkpoints(server);
    const shown = Object.fromEntries(
      Object.entries(served).map(([path, note]) => {
        const { text: body, signatures } = parseSignedNote(note);
        const names = signatures.map(({ name }) => name);
        return [path, [parseCheckpoint(body).origin, names]];
      }),
    );
    const two = ['rekor.local', 'rekor.local'];
    const origin = `rekor.local - ${treeID}`;
    assert.deepEqual(shown, {
      '/checkpoint': ['rekor.local', two],
      '/api/v2/checkpoint': ['rekor.local', two],
      [`/logs/${treeID}/checkpoint`]: [origin, two],
      [`/logs/${v2.treeID}/checkpoint`]: ['rekor.local', two],
      v1: [origin, ['rekor.local']],
    });
  });
});

describe('a later start with the other value of --v2-tree', () => {
  for (const [made, asked] of [
    ['own', 'shared'],
    ['shared', 'own'],
  ] as const) {
    it(`is refused, and the log goes on as it was made (${made})`, async (t) => {
      const dataDir = temporaryFolder(t);
      const { identity } = await initialiseLog(configFor(dataDir, `--v2-tree=${made}`));
      // Twice: a refusal must not prepare the ground for the next start.
      for (let attempt = 0; attempt < 2; attempt++) {
        const config = configFor(dataDir, `--v2-tree=${asked}`);
        await assertRefused(composeServer(config), 'STORE_IDENTITY', made, asked);
      }
      const again = await initialiseLog(configFor(dataDir, `--v2-tree=${made}`));
      assert.deepEqual(again.identity, identity);
    });
  }
});

describe('a store that was made when there was no v2 API', () => {
  it('gets a v2 log beside its own, once, and keeps what it has', async (t) => {
    const dataDir = await v1OnlyFolder(t);
    const first = await start(t, dataDir);
    assert.equal(first.identity.treeID, String(0x0102030405060708n >> 1n));
    assert.equal(first.identity.createdSeconds, 1_700_000_000);
    assert.notEqual(first.identity.v2.treeID, first.identity.treeID);
    const added = await submit(first.url, 'one');
    assert.equal(added.status, 201);
    const served = await checkpoints(first);
    assert.equal(sizeOf(served['/checkpoint']), 1);
    await first.close();
    const second = await start(t, dataDir);
    assert.deepEqual(second.identity, first.identity);
    assert.deepEqual(await checkpoints(second), served);
    assert.deepEqual(JSON.parse(readFileSync(join(dataDir, 'log.json'), 'utf8')), first.identity);
  });

  it('does not become a shared one', async (t) => {
    const dataDir = await v1OnlyFolder(t);
    await assertRefused(
      composeServer(configFor(dataDir, '--v2-tree=shared')),
      'STORE_IDENTITY',
      'own',
    );
    await (await start(t, dataDir)).close();
  });
});

describe('a store that lost the record of one of its logs', () => {
  const dropRecord = (dataDir: string, number: number) =>
    dropRows(dataDir, (key) => key[0] === RECORD_ROW && key.at(-1) === number);

  it('is damaged where the number is missing in the middle', async (t) => {
    const dataDir = temporaryFolder(t);
    await (await start(t, dataDir)).close();
    await dropRecord(dataDir, 0);
    for (const flags of [[], ['--adopt-guard'], ['--v2-tree=shared']]) {
      const attempt = composeServer(configFor(dataDir, ...flags));
      await assertRefused(attempt, 'STORE_CORRUPT', 'log record 0');
    }
  });

  it('gets no new v2 log in the place of one whose entries the guard has seen', async (t) => {
    const dataDir = temporaryFolder(t);
    const { identity, close } = await start(t, dataDir);
    await close();
    await dropRecord(dataDir, 1);
    rmSync(join(dataDir, 'log.json'));
    for (const flags of [[], ['--adopt-guard']]) {
      const attempt = composeServer(configFor(dataDir, ...flags));
      await assertRefused(attempt, 'GUARD_AHEAD', identity.v2.treeID);
    }
  });

  it('gets no new v2 log under the same origin when its guard is gone as well', async (t) => {
    const dataDir = temporaryFolder(t);
    const { identity, close } = await start(t, dataDir);
    await close();
    await dropRecord(dataDir, 1);
    rmSync(join(dataDir, 'guard'));
    for (const flags of [[], ['--adopt-guard']]) {
      const attempt = composeServer(configFor(dataDir, ...flags));
      await assertRefused(attempt, 'STORE_CORRUPT', identity.v2.treeID);
    }
  });
});

describe('a v2 log whose key is', () => {
  const ec = (namedCurve: string): KeyObject =>
    generateKeyPairSync('ec', { namedCurve }).privateKey;
  const rsa = (modulusLength: number): KeyObject =>
    generateKeyPairSync('rsa', { modulusLength }).privateKey;
  const keys: Readonly<Record<string, () => KeyObject>> = {
    'P-256': () => ec('P-256'),
    'P-384': () => ec('P-384'),
    'P-521': () => ec('P-521'),
    Ed25519: () => generateKeyPairSync('ed25519').privateKey,
    'RSA 2048': () => rsa(2048),
    'RSA 3072': () => rsa(3072),
    'RSA 2560': () => rsa(2560),
  };

  const startWith = async (t: TestContext, key: KeyObject, ...flags: string[]) => {
    const folder = temporaryFolder(t);
    const path = join(folder, 'own.pem');
    writeFileSync(path, key.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600 });
    const dataDir = join(folder, 'data');
    return composeServer(configFor(dataDir, `--signing-key=${path}`, ...flags));
  };

  for (const [name, make] of Object.entries(keys)) {
    const isOdd = name === 'RSA 2560';
    it(`${name} answers entries that verify${isOdd ? ', without one of its own' : ''}`, async (t) => {
      const key = make();
      if (isOdd) await assertRefused(startWith(t, key), 'KEY_FILE_INVALID', '2048, 3072 or 4096');
      const server = await startWith(t, key, ...(isOdd ? ['--genesis-entry=false'] : []));
      t.after(() => server.close());
      const log = new V2LogUnderTest(server.identity);
      if (!isOdd)
        assert.equal(log.entry(await text(`${server.url}/api/v2/log/entries/0`)).index, 0);
      const answer = await submitV2(server.url, 'signed');
      assert.equal(answer.status, 201);
      assert.equal(log.entry(await answer.text()).index, isOdd ? 0 : 1);
      log.checkpoint(await text(`${server.url}/checkpoint`));
    });

    it(`${name} signs ${isOdd ? 'no' : 'an'} entry that the v2 API would take from anybody`, async () => {
      const signer = signerFromKey(make());
      const identity = { origin: 'log.example', treeID: 7n } as Parameters<
        typeof genesisProposal
      >[0];
      if (isOdd) {
        assert.throws(() => genesisProposal(identity, signer), /another|this size/);
        return;
      }
      const { leaf, leafHash: hash } = await acceptEntry(
        genesisProposal(identity, signer),
        openPolicy,
        testContext,
      );
      assert.deepEqual(hash, leafHash(leaf));
      assert.match(genesisStatement(identity), /origin: log\.example\ntree ID: 7\n$/);
    });
  }
});
