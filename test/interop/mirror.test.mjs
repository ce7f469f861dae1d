// `stele mirror` copies a log that Tessera's unmodified program writes, and logs that we serve; Tessera's fsck, unmodified,
// reads the copies whole: every entry, every tile, the root and the log's signature.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, describe, it } from 'node:test';
import { startProgram } from '../../dist/bench/harness/child-process.js';
import {
  environmentWithoutSettings,
  programCommand,
  startListening,
} from '../../dist/bench/harness/server-process.js';
import { SIGNATURE_TYPE } from '../../dist/src/note/verifier-key.js';
import { assertCosigned, policyOf, readCheckpoint } from './cosigned.mjs';
import { newNoteKey } from './note-key.mjs';
import { eventually } from './peer-program.mjs';
import { writeEntries } from './submissions.mjs';
import { newTesseraLog, servedFolder } from './tessera-log.mjs';
import { FSCK, fsck, MIRROR, mirror, ONESHOT } from './tessera-tools.mjs';
import { assertTools } from './tools.mjs';
import { TORCHWOOD_CHECK } from './witness-tools.mjs';
import { newLog, policyFlag } from './witnessed-log.mjs';
import { startSteleWitness } from './witnesses.mjs';

before(() => assertTools(FSCK, MIRROR, ONESHOT, TORCHWOOD_CHECK));

const command = (...flags) => [...programCommand('src/cli/main'), 'mirror', ...flags];

/** Runs a mirror until it ends; returns its exit code and what it said. */
async function mirrored(...flags) {
  const program = startProgram(command('--once', ...flags), { env: environmentWithoutSettings() });
  const { code } = await program.exited;
  return { code, output: program.output() };
}

/** Returns once the copy at `url` has the size; its checkpoint. */
function copied(url, size) {
  return eventually(`a copy of ${size}`, async () => {
    const answer = await fetch(`${url}/checkpoint`);
    const note = await answer.text();
    return answer.status === 200 && readCheckpoint(note).size === size ? note : undefined;
  });
}

async function assertWhole(url, vkey, expected, origin) {
  const { size, output } = await fsck(url, vkey, { origin });
  assert.equal(size, expected, output);
}

function pathOf({ origin }) {
  return createHash('sha256').update(origin).digest('hex');
}

describe('a mirror of a log of Tessera', () => {
  let folder;
  let log;
  let served;
  let running;
  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'stele-interop-'));
    log = newTesseraLog(folder, 'tessera.example/log');
    const { exit, output } = await log.add(600);
    assert.equal(exit, 0, output);
    served = await servedFolder(log.folder);
  });
  after(async () => {
    await served?.close();
    rmSync(folder, { recursive: true, force: true });
  });
  afterEach(async () => {
    await running?.kill();
    running = undefined;
  });

  const followed = (dataDir) => [
    ...['--url', served.url, '--key', log.tileVkey, '--interval', '1'],
    ...['--data-dir', join(folder, dataDir)],
  ];
  const following = async (dataDir) => {
    running = await startListening(command('--port', '0', ...followed(dataDir)));
    return running.url;
  };

  it('is whole for fsck, with partial tiles, and whole again when the log has grown', async () => {
    const url = await following('copy');
    assert.equal(await copied(url, 600), log.checkpoint());
    await assertWhole(url, log.tileVkey, 600);
    await assertWhole(`${url}/${pathOf(log)}`, log.tileVkey, 600);
    await log.add(200);
    assert.equal(await copied(url, 800), log.checkpoint());
    await assertWhole(url, log.tileVkey, 800);
  });

  it('is copied on by the mirror of Tessera', async () => {
    const url = await following('copy');
    await copied(url, readCheckpoint(log.checkpoint()).size);
    const target = join(folder, 'copy of the copy');
    assert.match(await mirror(url, target), /Log mirrored successfully/);
    await assertWhole(`file://${target}`, log.tileVkey, readCheckpoint(log.checkpoint()).size);
  });

  it('is whole after it was killed in the copying', async () => {
    const { size } = readCheckpoint(log.checkpoint());
    await following('killed copy');
    await running.kill();
    await fetch(`${await following('killed copy')}/tile/0/000`);
    await running.kill();
    const url = await following('killed copy');
    await copied(url, size);
    await assertWhole(url, log.tileVkey, size);
  });

  it('refuses a changed entry, and has nothing of it', async () => {
    const path = 'tile/entries/001';
    const bytes = readFileSync(join(log.folder, path));
    bytes[40] ^= 1;
    served.change(path, bytes);
    const { code, output } = await mirrored(...followed('changed'));
    served.change(path, undefined);
    assert.equal(code, 1, output);
    const again = await mirrored(...followed('changed'));
    assert.equal(again.code, 0, again.output);
  });

  it('refuses another history of the log, and keeps both notes', async () => {
    const dataDir = 'forked';
    assert.equal((await mirrored(...followed(dataDir))).code, 0);
    const fork = log.forked();
    await fork.add(readCheckpoint(log.checkpoint()).size + 10);
    const other = await servedFolder(fork.folder);
    const { code, output } = await mirrored('--url', other.url, ...followed(dataDir).slice(2));
    await other.close();
    assert.equal(code, 1, output);
    const evidence = readdirSync(join(folder, dataDir, 'evidence'), { recursive: true });
    assert.ok(evidence.length > 0);
    const url = await following(dataDir);
    assert.equal(await copied(url, readCheckpoint(log.checkpoint()).size), log.checkpoint());
  });
});

describe('a mirror of a log of ours that a witness cosigns', () => {
  let log;
  let witness;
  let server;
  let policy;
  let running;
  before(async () => {
    log = newLog();
    witness = await startSteleWitness(log.folder, 'witness.example/w1', log);
    policy = policyOf([witness], 'all', log);
    server = await log.start(policyFlag(log, policy));
    await writeEntries(server.url, 'v2', 300);
    await writeEntries(server.url, 'v1', 300);
  });
  after(async () => {
    await running?.kill();
    await witness?.end();
    await log?.end();
  });
  afterEach(async () => {
    await running?.kill();
    running = undefined;
  });

  const following = async (dataDir, ...flags) => {
    const folder = join(log.folder, dataDir);
    running = await startListening(command('--port', '0', '--data-dir', folder, ...flags));
    return running.url;
  };

  const believing = (text) => {
    const policyFile = join(log.folder, 'policy of the mirror');
    writeFileSync(policyFile, text);
    return ['--url', server.url, '--key', log.tileVkey, '--policy', policyFile];
  };

  it('is whole for fsck and has the cosignatures', async () => {
    const url = await following('tiles', ...believing(policy), '--interval', '1');
    await assertCosigned(policy, await copied(url, 301));
    for (const vkey of log.vkeys) await assertWhole(url, vkey, 301);
    await writeEntries(server.url, 'v2', 20);
    await assertCosigned(policy, await copied(url, 321));
    await assertWhole(url, log.tileVkey, 321);
  });

  it('is empty when the cosignatures are not those of its policy', async () => {
    const { vkey } = newNoteKey('another.example/w', SIGNATURE_TYPE.ed25519Cosignature);
    const other = policyOf([{ url: witness.url, vkeys: [vkey] }], 'all', log);
    const dataDir = join(log.folder, 'unbelieved');
    const { code, output } = await mirrored('--data-dir', dataDir, ...believing(other));
    assert.notEqual(code, 0, output);
    const url = await following('unbelieved', ...believing(other));
    assert.equal((await fetch(`${url}/checkpoint`)).status, 404);
  });

  it('is whole for fsck when it is read through the v1 API', async () => {
    const { origin } = server;
    const [vkey] = log.vkeys;
    const flags = ['--kind', 'rekor-v1', '--url', server.url, '--key', vkey, '--origin', origin];
    const url = await following('v1', ...flags);
    await copied(url, 300);
    await assertWhole(url, vkey, 300, origin);
  });
});
