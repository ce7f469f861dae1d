// Witnesses as processes: torchwood's, that of transparency-dev, and ours, each with a state of its own and one log to follow,
// { origin, tileVkey }. Each is { url, vkeys, start(), kill(), end() }: `kill` is SIGKILL, `start` goes on with the same
// state at the same address, `end` leaves nothing behind.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { startProgram } from '../../dist/bench/harness/child-process.js';
import {
  environmentWithoutSettings,
  programCommand,
} from '../../dist/bench/harness/server-process.js';
import { SIGNATURE_TYPE } from '../../dist/src/note/verifier-key.js';
import { newNoteKey } from './note-key.mjs';
import { eventually, freePort, startListeningOn } from './peer-program.mjs';
import { LITEWITNESS, OMNIWITNESS } from './witness-tools.mjs';

const LITEWITNESS_LOGS = fileURLToPath(new URL('litewitness_logs.py', import.meta.url));

/**
 * Starts torchwood's witness, with a key in an ssh-agent of its own. It has besides `remember(size, root)`: from now on it
 * believes that it has cosigned that tree.
 */
export async function startLitewitness(parent, name, { origin, tileVkey }) {
  const folder = made(parent, 'litewitness');
  const [key, socket, database] = ['key', 'agent', 'db'].map((file) => join(folder, file));
  execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', key]);
  const [, fingerprint] = execFileSync('ssh-keygen', ['-lf', key], { encoding: 'utf8' }).split(' ');
  const agent = startProgram(['ssh-agent', '-D', '-a', socket], {});
  await eventually('an ssh-agent', () => addedToAgent(socket, key));
  const flags = ['-db', database, '-name', name, '-key', fingerprint, '-ssh-agent', socket];
  const witness = await started((port) => [LITEWITNESS, ...flags, '-listen', `127.0.0.1:${port}`]);
  const [, vkey] = /vkey=(\S+)/.exec(witness.output()) ?? assert.fail(witness.output());
  const change = (...args) => execFileSync('python3', [LITEWITNESS_LOGS, database, ...args]);
  change('add', origin, tileVkey);
  const end = async () => {
    await witness.kill();
    await agent.end('SIGTERM', 5_000);
  };
  const remember = (size, root) => change('set', origin, String(size), root);
  return { ...witness, vkeys: [vkey], remember, end };
}

/** Starts the witness of transparency-dev, with an Ed25519 and an ML-DSA-44 key, which have names of their own. */
export async function startOmniwitness(parent, name, { origin, tileVkey }) {
  const folder = made(parent, 'omniwitness');
  const [secret, pqSecret, logs] = ['key', 'pq-key', 'logs'].map((file) => join(folder, file));
  const key = newNoteKey(name, SIGNATURE_TYPE.ed25519Cosignature);
  const pqKey = newNoteKey(`${name}-pq`, SIGNATURE_TYPE.mldsa44Cosignature);
  writeFileSync(secret, key.secret);
  writeFileSync(pqSecret, pqKey.secret);
  // It wants an address, which it never visits.
  const log = { Origin: origin, PublicKey: tileVkey, URL: 'http://127.0.0.1:1/' };
  writeFileSync(logs, JSON.stringify({ Logs: [log] }));
  const witness = await started((port) => [
    OMNIWITNESS,
    ...['--listen', `127.0.0.1:${port}`, '--metrics_listen', '', '--logtostderr'],
    ...['--db_file', join(folder, 'db'), '--additional_logs', logs],
    ...['--private_key_path', secret, '--private_key_path', pqSecret],
  ]);
  return { ...witness, vkeys: [key.vkey, pqKey.vkey], end: witness.kill };
}

/** Starts `stele witness`, with both of its keys. It may follow several logs. */
export async function startSteleWitness(parent, name, ...logs) {
  const folder = made(parent, 'stele-witness');
  const witness = await started((port) => [
    ...programCommand('src/cli/main'),
    ...['witness', '--name', name, '--port', String(port), '--metrics-port', '0'],
    ...['--data-dir', folder],
    ...logs.flatMap(({ origin, tileVkey }) => ['--log', `${tileVkey} ${origin}`]),
  ]);
  const vkeys = await eventually('its verifier keys', () => {
    const line = /^\{"msg":"listening".*$/m.exec(witness.output())?.[0];
    return line === undefined ? undefined : JSON.parse(line).verifierKeys;
  });
  return { ...witness, vkeys, end: witness.kill };
}

function made(parent, name) {
  const folder = join(parent, name);
  mkdirSync(folder);
  return folder;
}

function addedToAgent(socket, key) {
  try {
    const env = { ...process.env, SSH_AUTH_SOCK: socket };
    execFileSync('ssh-add', ['-q', key], { env, stdio: 'ignore' });
    return true;
  } catch {
    return undefined;
  }
}

async function started(commandAt) {
  const port = await freePort();
  const command = commandAt(port);
  let program;
  const start = async () => {
    program = await startListeningOn(port, command, { env: environmentWithoutSettings() });
  };
  await start();
  return {
    url: `http://127.0.0.1:${port}`,
    start,
    output: () => program.output(),
    kill: () => program.end('SIGKILL', 0),
  };
}
