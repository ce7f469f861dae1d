// rekor-cli, unmodified: uploads into a started log, reads back, searches and verifies. It checks timestamp, proof
// and checkpoint of what it reads by itself and exits 1 when one of them is wrong.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { REKOR_CLI } from './rekor-cli.mjs';
import { startedLog } from './started-log.mjs';

const program = REKOR_CLI;
const fixtures = fileURLToPath(new URL('./fixtures/', import.meta.url));
const ARTIFACT_SHA256 = '303dded687c04d70cb15e65b94205acc2d26139ea6c49915d26cd567a351dc21';
const EMAIL = 'Dev.One@example.com';

let log;
/** Entry IDs by the name of their upload. */
const ids = {};

after(() => log?.stop());
before(async () => {
  if (!existsSync(program)) {
    throw new Error(
      `NO rekor-cli AT ${program}: it is built with Go, see .ci/run; nothing of it is proved`,
    );
  }
  log = await startedLog();
  const uploads = {
    key: [
      '--artifact',
      'artifact.txt',
      '--signature',
      'sig.ec256.sha256',
      '--public-key',
      'ec256.pub',
    ],
    hash: [
      ...['--artifact-hash', ARTIFACT_SHA256, '--signature', 'sig.rsa2048.sha256'],
      ...['--public-key', 'rsa2048.pub', '--type', 'hashedrekord:0.0.1'],
    ],
    certificate: [
      ...['--artifact', 'artifact.txt', '--signature', 'sig.leaf-email.sha256'],
      ...['--public-key', 'leaf-email.crt'],
    ],
    dsse: [
      ...['--type', 'dsse', '--artifact', 'dsse.two'],
      ...['--public-key', 'ec256.pub', '--public-key', 'rsa2048.pub'],
    ],
  };
  for (const [name, flags] of Object.entries(uploads)) {
    const { code, stdout, stderr } = await cli('upload', ...flags, '--pki-format', 'x509');
    assert.equal(code, 0, stderr);
    const match = /^Created entry at index (\d+), available at: (\S+)\/([0-9a-f]{80})\n$/.exec(
      stdout,
    );
    assert.ok(match, stdout);
    assert.equal(Number(match[1]), Object.keys(ids).length);
    assert.equal(match[2], `${log.url}/api/v1/log/entries`);
    ids[name] = match[3];
  }
});

function cli(command, ...flags) {
  const args = [command, '--rekor_server', log.url, ...flags];
  // HOME: the client keeps the newest checkpoint there and proves the next one consistent with it.
  const options = { cwd: fixtures, env: { HOME: log.folder, PATH: process.env.PATH } };
  return new Promise((resolve) => {
    execFile(program, args, options, (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : error.code, stdout, stderr });
    });
  });
}

async function json(command, ...flags) {
  const { code, stdout, stderr } = await cli(command, ...flags, '--format', 'json');
  assert.equal(code, 0, stderr);
  return JSON.parse(stdout);
}

async function found(...flags) {
  return (await json('search', ...flags)).UUIDs.toSorted();
}

function named(...names) {
  return names.map((name) => ids[name]).toSorted();
}

test('an upload that is there already says so and exits 0', async () => {
  const flags = ['--signature', 'sig.ec256.sha256', '--public-key', 'ec256.pub'];
  const { code, stdout } = await cli('upload', '--artifact', 'artifact.txt', ...flags);
  assert.equal(code, 0);
  assert.equal(
    stdout,
    `Entry already exists; available at: ${log.url}/api/v1/log/entries/${ids.key}\n`,
  );
});

test('an upload whose signature is of another key is refused', async () => {
  const flags = ['--signature', 'sig.rsa2048.sha256', '--public-key', 'ec256.pub'];
  const { code } = await cli('upload', '--artifact', 'artifact.txt', ...flags);
  assert.equal(code, 1);
});

test('get finds an entry by its ID of 80 and of 64 digits and by its index', async () => {
  for (const flags of [
    ['--uuid', ids.key],
    ['--uuid', ids.key.slice(16)],
    ['--log-index', '0'],
  ]) {
    const entry = await json('get', ...flags);
    assert.equal(entry.LogIndex, 0);
    assert.equal(entry.UUID, ids.key);
    assert.equal(entry.Body.HashedRekordObj.data.hash.value, ARTIFACT_SHA256);
    assert.ok(Math.abs(entry.IntegratedTime - Date.now() / 1000) < 600);
  }
});

test('get reads a dsse entry, and any entry as a TransparencyLogEntry', async () => {
  const dsse = await json('get', '--uuid', ids.dsse);
  assert.equal(dsse.Body.DSSEObj.signatures.length, 2);
  const { code, stdout } = await cli('get', '--uuid', ids.certificate, '--format', 'tle');
  assert.equal(code, 0);
  const entry = JSON.parse(stdout);
  assert.deepEqual(entry.kindVersion, { kind: 'hashedrekord', version: '0.0.1' });
  assert.equal(entry.logIndex, '2');
});

test('get of an entry that is not there exits 1', async () => {
  for (const flags of [
    ['--uuid', '0'.repeat(64)],
    ['--log-index', '999'],
  ]) {
    const { code, stderr } = await cli('get', ...flags);
    assert.equal(code, 1);
    assert.match(stderr, /\[404\]/);
  }
});

test('search finds by hash, by artifact, by key and by email', async () => {
  const all = named('key', 'hash', 'certificate', 'dsse');
  assert.deepEqual(await found('--sha', ARTIFACT_SHA256), all);
  assert.deepEqual(await found('--sha', `sha256:${ARTIFACT_SHA256}`), all);
  assert.deepEqual(await found('--artifact', 'artifact.txt'), all);
  const x509 = ['--pki-format', 'x509'];
  assert.deepEqual(await found('--public-key', 'ec256.pub', ...x509), named('key'));
  assert.deepEqual(await found('--public-key', 'leaf-email.crt', ...x509), named('certificate'));
  assert.deepEqual(await found('--email', EMAIL), named('certificate'));
  const both = ['--sha', ARTIFACT_SHA256, '--public-key', 'rsa2048.pub', ...x509];
  assert.deepEqual(await found(...both, '--operator', 'and'), named('hash'));
});

test('search without a match exits 1', async () => {
  const { code, stderr } = await cli('search', '--sha', '0'.repeat(64));
  assert.equal(code, 1);
  assert.match(stderr, /no matching entries found/);
});

test('verify checks an entry by ID, by index and by its artifact', async () => {
  const artifact = ['--artifact', 'artifact.txt', '--signature', 'sig.leaf-email.sha256'];
  for (const [name, flags] of [
    ['key', ['--uuid', ids.key]],
    ['dsse', ['--uuid', ids.dsse]],
    ['hash', ['--log-index', '1']],
    ['certificate', [...artifact, '--public-key', 'leaf-email.crt']],
  ]) {
    const proof = await json('verify', ...flags);
    assert.equal(proof.EntryUUID, ids[name].slice(-proof.EntryUUID.length));
    assert.equal(proof.Size, 4);
    assert.ok(proof.Checkpoint.startsWith(`${log.origin}\n4\n`));
  }
});

test('verify of an artifact that was never logged exits 1', async () => {
  const flags = ['--signature', 'sig.ec256.sha256', '--public-key', 'ec256.pub'];
  const { code } = await cli('verify', '--artifact', 'second.bin', ...flags);
  assert.equal(code, 1);
});

test('loginfo verifies the checkpoint, and the second time its consistency with the first', async () => {
  const first = await cli('loginfo');
  assert.equal(first.code, 0, first.stderr);
  assert.match(first.stdout, /Verification Successful!/);
  assert.match(first.stdout, new RegExp(`TreeID: +${log.treeID}\n`));
  const more = [
    '--signature',
    'sig.ec256.sha256',
    '--public-key',
    'ec256.pub',
    '--type',
    'hashedrekord',
  ];
  await cli('upload', '--artifact', 'artifact.txt', ...more);
  const second = await cli('loginfo');
  assert.equal(second.code, 0, second.stderr);
  assert.doesNotMatch(second.stderr, /No previous log state/);
  assert.equal((await json('loginfo')).ActiveTreeSize, 4);
});

test('logproof returns a consistency proof', async () => {
  const proof = await json('logproof', '--first-size', '2', '--last-size', '4');
  assert.equal(proof.Hashes.length, 1);
  assert.equal(proof.RootHash, (await json('loginfo')).RootHash);
});
