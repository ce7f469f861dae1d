// Tessera's client of tlog-mirror uploads a log of Tessera's and one of ours to `stele mirror`, which cosigns what it holds;
// Tessera's fsck reads the copies whole, torchwood the cosignatures.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, it } from 'node:test';
import { programCommand, startListening } from '../../dist/bench/harness/server-process.js';
import { assertCosigned, policyOf, readCheckpoint } from './cosigned.mjs';
import { writeEntries } from './submissions.mjs';
import { newTesseraLog, servedFolder } from './tessera-log.mjs';
import { FSCK, fsck, ONESHOT, UPLOAD } from './tessera-tools.mjs';
import { assertTools } from './tools.mjs';
import { TORCHWOOD_CHECK } from './witness-tools.mjs';
import { newLog } from './witnessed-log.mjs';

let folder;
let theirs;
let served;
let ours;
let server;
let mirror;

before(async () => {
  assertTools(UPLOAD, FSCK, ONESHOT, TORCHWOOD_CHECK);
  folder = mkdtempSync(join(tmpdir(), 'stele-interop-'));
  theirs = newTesseraLog(folder, 'tessera.example/log');
  await theirs.add(600);
  served = await servedFolder(theirs.folder);
  ours = newLog();
  server = await ours.start();
  writeFileSync(join(folder, 'seed'), '42'.repeat(32));
  mirror = await started('0');
});
after(async () => {
  await mirror?.kill();
  await served?.close();
  await ours?.end();
  rmSync(folder, { recursive: true, force: true });
});

function started(port) {
  return startListening([
    ...programCommand('src/cli/main'),
    ...['mirror', '--name', 'mirror.example/m1', '--mldsa-seed-file', join(folder, 'seed')],
    ...['--data-dir', join(folder, 'mirror'), '--port', port],
    ...[theirs, ours].flatMap(({ tileVkey }) => ['--upload', tileVkey]),
  ]);
}

function uploaded(url) {
  return new Promise((resolve) => {
    execFile(UPLOAD, [url, `${mirror.url}/`], (error, stdout, stderr) =>
      resolve({ exit: error?.code ?? 0, output: stdout + stderr }),
    );
  });
}

/** Uploads, and holds the copy to being whole and cosigned. */
async function assertUploaded(log, url, size) {
  const { exit, output } = await uploaded(url);
  assert.equal(exit, 0, output);
  assert.match(output, /^— mirror\.example\/m1 \S+$/m);
  const copy = `${mirror.url}/${createHash('sha256').update(log.origin).digest('hex')}`;
  const note = await (await fetch(`${copy}/checkpoint`)).text();
  assert.equal(readCheckpoint(note).size, size);
  const { verifierKeys: vkeys } = JSON.parse(/^\{"msg":"listening".*$/m.exec(mirror.output())[0]);
  await assertCosigned(policyOf([{ url: mirror.url, vkeys }], 'all', log), note);
  const found = await fsck(copy, log.tileVkey);
  assert.equal(found.size, size, found.output);
}

it('takes a log of Tessera, and again as it grows, from a client that knows nothing each time', async () => {
  await assertUploaded(theirs, served.url, 600);
  await assertUploaded(theirs, served.url, 600);
  for (const [added, size] of [
    [1, 601],
    [180, 781],
    [3000, 3781],
  ]) {
    await theirs.add(added);
    await assertUploaded(theirs, served.url, size);
  }
});

it('takes a log of ours, and goes on after kill -9', async () => {
  await writeEntries(server.url, 'v2', 300);
  await assertUploaded(ours, `${server.url}/`, 301);
  await writeEntries(server.url, 'v2', 300);
  const upload = uploaded(`${server.url}/`);
  await mirror.kill();
  await upload;
  mirror = await started(new URL(mirror.url).port);
  await assertUploaded(ours, `${server.url}/`, 601);
});

it('takes nothing of another history', async () => {
  const fork = theirs.forked();
  await fork.add(4000);
  const other = await servedFolder(fork.folder);
  const { exit, output } = await uploaded(other.url);
  await other.close();
  assert.notEqual(exit, 0, output);
  await assertUploaded(theirs, served.url, 3781);
});
