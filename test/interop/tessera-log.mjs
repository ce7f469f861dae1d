// A log that Tessera's posix-oneshot writes, unmodified, and the files of a folder served as they are.
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { join, normalize } from 'node:path';
import { SIGNATURE_TYPE } from '../../dist/src/note/verifier-key.js';
import { newNoteKey } from './note-key.mjs';
import { ONESHOT } from './tessera-tools.mjs';

const DONE_WITHIN_MS = 20_000;

/**
 * Returns a new log below `parent`: { origin, tileVkey, folder, checkpoint(), add(count, ...flags), forked() }. `add`
 * returns { exit, output }, exit undefined when it was not done in time; `forked` is a log of the same key that begins anew.
 */
export function newTesseraLog(parent, origin) {
  return logOf(parent, origin, newNoteKey(origin, SIGNATURE_TYPE.ed25519));
}

function logOf(parent, origin, key) {
  const folder = mkdtempSync(join(parent, 'tessera-'));
  let written = 0;
  const add = (count, ...flags) => {
    const entries = mkdtempSync(join(parent, 'entries-'));
    for (let each = 0; each < count; each++) {
      const name = `${written++}`.padStart(6, '0');
      writeFileSync(join(entries, name), `entry ${name} of ${folder}`);
    }
    const args = [`--storage_dir=${folder}`, `--entries=${entries}/*`, '--logtostderr', ...flags];
    return run(ONESHOT, args, { LOG_PRIVATE_KEY: key.secret });
  };
  const checkpoint = () => readFileSync(join(folder, 'checkpoint'), 'utf8');
  const forked = () => logOf(parent, origin, key);
  return { origin, tileVkey: key.vkey, folder, checkpoint, add, forked };
}

function run(program, args, env) {
  const options = { timeout: DONE_WITHIN_MS, killSignal: 'SIGKILL', env };
  return new Promise((resolve) => {
    execFile(program, args, options, (error, stdout, stderr) => {
      const exit = error === null ? 0 : error.killed ? undefined : error.code;
      resolve({ exit, output: stdout + stderr });
    });
  });
}

/** Serves a folder's files; returns { url, change(path, bytes), close() }: `change` has one answered by other bytes. */
export async function servedFolder(folder) {
  const changed = new Map();
  const server = createServer(async (request, response) => {
    const path = normalize(request.url.slice(1));
    const bytes = changed.get(path) ?? (await readFile(join(folder, path)).catch(() => undefined));
    response.writeHead(bytes === undefined ? 404 : 200).end(bytes);
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${server.address().port}/`,
    change: (path, bytes) => changed.set(path, bytes),
    close: () => new Promise((resolve) => server.close(resolve)),
  };
}
