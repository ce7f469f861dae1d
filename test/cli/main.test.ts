import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { runDemo } from '../../src/cli/demo-command.js';
import { showKeys } from '../../src/cli/keys-command.js';
import { OperationalError } from '../../src/cli/output.js';
import { start, temporaryFolder } from '../server/scene.js';
import { packageRoot, vectorPath } from '../vectors.js';

const command = import.meta.url.endsWith('.ts')
  ? ['--conditions=source', '--import', 'tsx', join(packageRoot, 'src/cli/main.ts')]
  : [join(packageRoot, 'dist/src/cli/main.js')];

function stele(...args: readonly string[]): { code: number | null; out: string; err: string } {
  const done = spawnSync(process.execPath, [...command, ...args], {
    cwd: packageRoot,
    encoding: 'utf8',
  });
  return { code: done.status, out: done.stdout, err: done.stderr };
}

const bundle = vectorPath('realworld/sigstore-java-2.0.0.jar.sigstore.json');
const key = vectorPath('realworld/public-good.pub');

describe('the stele command', () => {
  it('lists its subcommands', () => {
    const { code, out } = stele('--help');
    assert.equal(code, 0);
    for (const name of ['serve', 'init', 'keys', 'demo', 'verify']) assert.match(out, RegExp(name));
  });

  it('exits 0 for what is verified, 1 for what is not, 2 for usage, 3 for what is missing', () => {
    assert.equal(stele('verify', bundle, '--key', key).code, 0);
    assert.equal(stele('verify', bundle, '--key', key, '--artifact', key).code, 1);
    assert.equal(stele('verify', bundle).code, 2);
    assert.equal(stele('verify', bundle, '--key', key, '--trusted-root', key).code, 2);
    assert.equal(stele('verify', bundle, '--kay', key).code, 2);
    assert.equal(stele('nonsense').code, 2);
    assert.equal(stele('verify', bundle, '--key', 'missing.pub').code, 3);
  });

  it('passes the options of the server on to it', () => {
    const { code, err } = stele('serve', '--prot', '1');
    assert.equal(code, 2);
    assert.match(err, /CONFIG_INVALID.*--prot/);
    assert.match(stele('serve', '--help').out, /--metrics-port/);
  });
});

describe('stele demo', () => {
  it('tells its story to the end on a log of its own', async () => {
    const lines: string[] = [];
    assert.equal(await runDemo({}, { line: (text) => lines.push(text) }), 0);
    const story = lines.join('\n');
    for (const step of ['1.', '2.', '3.', '4.', '5.', '6.', '7.', '8.']) {
      assert.ok(story.includes(`\n${step} `), step);
    }
    assert.equal(story.match(/refused, as it must be/g)?.length, 2);
  });

  it('works on a running log, as often as one likes', async (t) => {
    const { url } = await start(t, temporaryFolder(t));
    for (let time = 0; time < 2; time += 1) {
      assert.equal(await runDemo({ url: `${url}/` }, { line: () => {} }), 0);
    }
  });

  it('fails when a step fails: here the log takes no entries', async (t) => {
    const { url } = await start(t, temporaryFolder(t), '--enabled-entry-types=dsse');
    const lines: string[] = [];
    assert.equal(await runDemo({ url }, { line: (text) => lines.push(text) }), 1);
    assert.match(lines.at(-1) ?? '', /FAILED: POST .* was answered 400/);
  });

  it('says so when there is no log at the URL', async () => {
    await assert.rejects(
      runDemo({ url: 'http://127.0.0.1:1' }, { line: () => {} }),
      OperationalError,
    );
  });
});

describe('stele keys show', () => {
  it('shows the public half of a log that is being served', async (t) => {
    const dataDir = temporaryFolder(t);
    const { identity } = await start(t, dataDir);
    const lines: string[] = [];
    await showKeys({ dataDir }, { line: (text) => lines.push(text) });
    const text = lines.join('\n');
    const { treeID, origin, logID, publicKeyPem, verifierKeys } = identity;
    assert.equal(verifierKeys.length, 2);
    for (const part of [treeID, origin, logID, publicKeyPem.trimEnd(), ...verifierKeys]) {
      assert.ok(text.includes(part), part);
    }
    assert.ok(!text.includes('PRIVATE'));
    lines.length = 0;
    await showKeys({ dataDir, json: true }, { line: (line) => lines.push(line) });
    assert.deepEqual(JSON.parse(lines[0] ?? ''), identity);
  });

  it('says so where no log is', async (t) => {
    await assert.rejects(
      showKeys({ dataDir: temporaryFolder(t) }, { line: () => {} }),
      OperationalError,
    );
  });
});
