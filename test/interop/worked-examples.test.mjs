// docs/what-an-entry-proves.md: every example runs as it stands, with the real tools, against a started log.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { REKOR_CLI } from './rekor-cli.mjs';
import { startedLog } from './started-log.mjs';

const PAGE = fileURLToPath(new URL('../../docs/what-an-entry-proves.md', import.meta.url));
const TOOLS = [
  'gpg',
  'jarsigner',
  'keytool',
  'minisign',
  'openssl',
  'rpmbuild',
  'rpmsign',
  'ssh-keygen',
];
const KINDS = 'alpine cose dsse hashedrekord helm intoto jar rekord rfc3161 rpm tuf'.split(' ');

/** The shell blocks of the page by their kind, in order. */
function examples() {
  const found = [];
  let kind;
  for (const part of readFileSync(PAGE, 'utf8').split(/^(?=## |```)/m)) {
    kind = /^## ([a-z0-9]+):/.exec(part)?.[1] ?? kind;
    if (part.startsWith('```sh\n')) found.push({ kind, script: part.slice('```sh\n'.length) });
  }
  return found;
}

function shell(script, cwd, env) {
  return new Promise((resolve) => {
    const args = ['--norc', '-e', '-u', '-o', 'pipefail', '-c', script];
    execFile('bash', args, { cwd, env, timeout: 120_000 }, (error, stdout, stderr) => {
      resolve({ failed: error !== null, output: `${stdout}\n${stderr}` });
    });
  });
}

describe('the worked examples', () => {
  let log;
  let env;
  after(() => log?.stop());
  before(async () => {
    assert.ok(existsSync(REKOR_CLI), `NO rekor-cli AT ${REKOR_CLI}: see .ci/run`);
    log = await startedLog();
    const { PATH } = process.env;
    const HOME = join(log.folder, 'home');
    mkdirSync(HOME);
    env = { PATH: `${dirname(REKOR_CLI)}:${PATH}`, HOME, STELE: log.url, LC_ALL: 'C.UTF-8' };
    const missing = await shell(
      `for t in ${TOOLS.join(' ')}; do command -v $t >/dev/null || echo $t; done`,
      HOME,
      env,
    );
    assert.equal(missing.output.trim(), '', 'tools that the examples need are missing');
  });

  it('are there for every kind', () => {
    assert.deepEqual([...new Set(examples().map(({ kind }) => kind))].sort(), KINDS);
  });

  for (const [i, { kind, script }] of examples().entries()) {
    it(`example ${i + 1}, ${kind}: signs, uploads, verifies and finds`, async () => {
      const folder = join(log.folder, `example-${i + 1}`);
      mkdirSync(folder);
      const { failed, output } = await shell(script, folder, env);
      assert.ok(!failed, output);
      assert.match(output, /Created entry at index \d+/);
      assert.match(output, /Inclusion Proof:/);
      const found = await shell(
        `rekor-cli get --rekor_server "$STELE" --log-index ${i} --format json`,
        folder,
        env,
      );
      const { Body } = JSON.parse(found.output.trim().split('\n')[0]);
      assert.equal(
        Object.keys(Body)[0]
          .toLowerCase()
          .replace(/(obj|model)$/, ''),
        kind,
      );
    });
  }
});
