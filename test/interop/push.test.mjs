// `stele mirror` uploads its copies, of a log of Tessera's and of ours, to mtc-mirror, Tessera's server for that, unmodified;
// Tessera's fsck reads what that has stored, torchwood its cosignature.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, it } from 'node:test';
import { programCommand, startListening } from '../../dist/bench/harness/server-process.js';
import { SIGNATURE_TYPE } from '../../dist/src/note/verifier-key.js';
import { assertCosigned, policyOf, readCheckpoint } from './cosigned.mjs';
import { newNoteKey } from './note-key.mjs';
import { eventually, freePort, startListeningOn } from './peer-program.mjs';
import { writeEntries } from './submissions.mjs';
import { newTesseraLog, servedFolder } from './tessera-log.mjs';
import { FSCK, fsck, MTC_MIRROR, ONESHOT } from './tessera-tools.mjs';
import { assertTools } from './tools.mjs';
import { TORCHWOOD_CHECK } from './witness-tools.mjs';
import { newLog } from './witnessed-log.mjs';

const key = newNoteKey('mirror.example/m1', SIGNATURE_TYPE.mldsa44Cosignature);
let folder;
let theirs;
let served;
let ours;
let server;
let target;
let url;
let mirror;

before(async () => {
  assertTools(MTC_MIRROR, FSCK, ONESHOT, TORCHWOOD_CHECK);
  folder = mkdtempSync(join(tmpdir(), 'stele-interop-'));
  theirs = newTesseraLog(folder, 'tessera.example/log');
  await theirs.add(600);
  served = await servedFolder(theirs.folder);
  ours = newLog();
  server = await ours.start();
  await writeEntries(server.url, 'v2', 300);
  await startTarget();
  const logs = [
    { kind: 'tiles', url: served.url, key: theirs.tileVkey, interval: 1 },
    { kind: 'tiles', url: `${server.url}/`, key: ours.tileVkey, interval: 1 },
  ];
  writeFileSync(join(folder, 'logs'), JSON.stringify({ logs }));
  mirror = await startListening([
    ...programCommand('src/cli/main'),
    ...['mirror', '--logs', join(folder, 'logs'), '--data-dir', join(folder, 'copies')],
    ...['--push', url, '--push-key', key.vkey, '--interval', '1', '--port', '0'],
  ]);
});
after(async () => {
  await mirror?.kill();
  await target?.end('SIGKILL', 0);
  await served?.close();
  await ours?.end();
  rmSync(folder, { recursive: true, force: true });
});

/** Starts Tessera's mirror; it has a witness in it, with a key of its own. */
async function startTarget() {
  const [secret, witness, list] = ['key', 'witness-key', 'list'].map((name) => join(folder, name));
  const ofWitness = newNoteKey('mirror.example/w1', SIGNATURE_TYPE.ed25519Cosignature);
  writeFileSync(secret, key.secret);
  writeFileSync(witness, ofWitness.secret);
  writeFileSync(list, `logs/v0\nvkey ${theirs.tileVkey}\nvkey ${ours.tileVkey}\n`);
  const port = await freePort();
  url = `http://127.0.0.1:${port}/`;
  target = await startListeningOn(
    port,
    [
      MTC_MIRROR,
      ...['--listen_addr', `127.0.0.1:${port}`, '--storage_dir', join(folder, 'target')],
      ...['--config_path', list, '--mirror_cosigner_path', secret],
      ...['--witness_cosigner_path', witness],
    ],
    { env: { HOME: folder } },
  );
}

/** Returns when the target holds this tree, whole, and has cosigned it. */
async function assertPushed(log, size) {
  const id = createHash('sha256').update(log.origin).digest('hex');
  const copy = join(folder, 'target', 'public', 'mirrors', id);
  const file = join(copy, 'checkpoint');
  const what = () => `${log.origin} of ${size}\n${target.output()}${mirror.output()}`.slice(-3000);
  const note = await eventually(`a push: ${what()}`, () => {
    const text = existsSync(file) ? readFileSync(file, 'utf8') : undefined;
    return text !== undefined && readCheckpoint(text).size === size ? text : undefined;
  }).catch(() => assert.fail(what()));
  await assertCosigned(policyOf([{ url, vkeys: [key.vkey] }], 'all', log), note);
  const found = await fsck(`file://${copy}`, log.tileVkey);
  assert.equal(found.size, size, found.output);
}

it('brings each copy to it, as the logs grow', async () => {
  await assertPushed(theirs, 600);
  await assertPushed(ours, 301);
  await theirs.add(3000);
  await writeEntries(server.url, 'v2', 20);
  await assertPushed(theirs, 3600);
  await assertPushed(ours, 321);
});
