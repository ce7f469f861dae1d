// rekor-cli, unmodified, on each of the eleven kinds: uploads, uploads again, gets, searches and verifies.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { REKOR_CLI } from './rekor-cli.mjs';
import { startedLog } from './started-log.mjs';

const fixtures = fileURLToPath(new URL('./fixtures/', import.meta.url));
const X509 = ['--pki-format', 'x509', '--public-key', 'ec256.pub'];
const PGP = ['--pki-format', 'pgp', '--public-key', 'pgp-rsa.asc'];
const ARTIFACT = ['--artifact', 'artifact.txt'];
const ARTIFACT_SHA = '303dded687c04d70cb15e65b94205acc2d26139ea6c49915d26cd567a351dc21';
const BY_FILE = 'by file';

/** Kind, flags of the upload, the member of `get`'s body, and what finds the entry. */
const UPLOADS = [
  [
    'hashedrekord',
    [...ARTIFACT, '--signature', 'sig.ec256.sha256', ...X509],
    'HashedRekordObj',
    ARTIFACT_SHA,
  ],
  ['rekord', [...ARTIFACT, '--signature', 'sig.ec256.sha256', ...X509], 'RekordObj', ARTIFACT_SHA],
  ['rekord', [...ARTIFACT, '--signature', 'pgpsig.pgp-rsa.asc', ...PGP], 'RekordObj', ARTIFACT_SHA],
  [
    'rekord',
    [
      ...ARTIFACT,
      '--signature',
      'sshsig.ssh-ed',
      '--pki-format',
      'ssh',
      '--public-key',
      'ssh-ed.pub',
    ],
    'RekordObj',
    ARTIFACT_SHA,
  ],
  [
    'rekord',
    [
      ...ARTIFACT,
      '--signature',
      'mini.sig',
      '--pki-format',
      'minisign',
      '--public-key',
      'mini.pub',
    ],
    'RekordObj',
    ARTIFACT_SHA,
  ],
  ['rpm', ['--artifact', 'rpm.rsa', ...PGP], 'RPMModel', BY_FILE],
  [
    'alpine',
    ['--artifact', 'apk.rsa2048', '--pki-format', 'x509', '--public-key', 'rsa2048.pub'],
    'AlpineModel',
    BY_FILE,
  ],
  ['jar', ['--artifact', 'jar.rsa'], 'JARModel', BY_FILE],
  [
    'helm',
    ['--artifact', 'helm.rsa.prov', ...PGP],
    'HelmObj',
    '61a2764c997969ad22db6e1d4594dc21a0de0fa09451137f532df4065820b3ed',
  ],
  ['rfc3161', ['--artifact', 'tsr.rsa'], 'Rfc3161Obj', BY_FILE],
  [
    'tuf',
    ['--artifact', 'tuf.timestamp', '--pki-format', 'tuf', '--public-key', 'tuf.root1'],
    'TufObj',
    undefined,
  ],
  ['intoto', ['--artifact', 'dsse.ec256', ...X509], 'IntotoObj', ARTIFACT_SHA],
  ['intoto:0.0.1', ['--artifact', 'dsse.ec256', ...X509], 'IntotoObj', ARTIFACT_SHA],
  [
    'dsse',
    ['--artifact', 'dsse.two', ...X509, '--public-key', 'rsa2048.pub'],
    'DSSEObj',
    ARTIFACT_SHA,
  ],
  ['cose', ['--artifact', 'cose.aad', ...X509, '--aad', 'ZXh0cmEtYWxwaGE='], 'CoseObj', BY_FILE],
];

let log;
after(() => log?.stop());
before(async () => {
  assert.ok(
    existsSync(REKOR_CLI),
    `NO rekor-cli AT ${REKOR_CLI}: see .ci/run; nothing of it is proved`,
  );
  log = await startedLog();
});

function cli(command, ...flags) {
  const args = [command, '--rekor_server', log.url, ...flags];
  const options = { cwd: fixtures, env: { HOME: log.folder, PATH: process.env.PATH } };
  return new Promise((resolve) => {
    execFile(REKOR_CLI, args, options, (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : error.code, stdout, stderr });
    });
  });
}

async function json(command, ...flags) {
  const { code, stdout, stderr } = await cli(command, ...flags, '--format', 'json');
  assert.equal(code, 0, stderr);
  return JSON.parse(stdout);
}

describe('rekor-cli', () => {
  for (const [index, [kind, flags, member, hash]] of UPLOADS.entries()) {
    const upload = ['--type', kind, ...flags];
    const format = flags.includes('--pki-format')
      ? flags[flags.indexOf('--pki-format') + 1]
      : 'alone';

    it(`uploads ${kind} (${format}) from ${flags[1]}, finds and verifies it`, async () => {
      const { AlreadyExists, Location, Index } = await json('upload', ...upload);
      assert.equal(AlreadyExists, false);
      assert.equal(Index, index);
      const id = Location.split('/').at(-1);
      const again = await json('upload', ...upload);
      assert.equal(again.AlreadyExists, true);
      assert.equal(again.Location.split('/').at(-1), id);

      const entry = await json('get', '--uuid', id);
      assert.deepEqual(Object.keys(entry.Body), [member]);
      assert.equal(entry.LogIndex, index);

      const proof = await json('verify', '--log-index', String(index));
      assert.equal(proof.Size, index + 1);
      assert.ok(id.endsWith(proof.EntryUUID.slice(-64)));

      const search =
        hash === BY_FILE
          ? ['--artifact', flags[1]]
          : hash === undefined
            ? ['--pki-format', 'tuf', '--public-key', 'tuf.root1']
            : ['--sha', hash];
      assert.ok((await json('search', ...search)).UUIDs.includes(id));
    });
  }

  it('shows attestations of intoto and cose, and only of them', async () => {
    const withAttestation = [];
    for (const [index, [kind]] of UPLOADS.entries()) {
      const { Attestation } = await json('get', '--log-index', String(index));
      if (Attestation !== '') withAttestation.push(kind);
    }
    assert.deepEqual(withAttestation, ['intoto', 'intoto:0.0.1', 'cose']);
  });

  it('finds OpenPGP, SSH and minisign entries by their keys, and OpenPGP ones by e-mail', async () => {
    const count = async (...flags) => (await json('search', ...flags)).UUIDs.length;
    assert.equal(await count(...PGP), 3);
    assert.equal(await count('--pki-format', 'ssh', '--public-key', 'ssh-ed.pub'), 1);
    assert.equal(await count('--pki-format', 'minisign', '--public-key', 'mini.pub'), 1);
    assert.equal(await count('--email', 'Pgp.RSA@example.com'), 3);
  });
});
