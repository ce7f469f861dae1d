// A log with an empty data folder for one test file, stopped and removed when the file is done.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { startServer } from '../../dist/bench/harness/server-process.js';

const STELE = fileURLToPath(new URL('../../dist/src/cli/main.js', import.meta.url));

/**
 * Returns { url, treeID, origin, folder, timestampChain, keys(), stop() }: a log started with `flags`, and a scratch folder
 * beside its data; `keys` is what `stele keys show` prints of it, `timestampChain` the file of its timestamp authority, if it has one.
 */
export async function startedLog(...flags) {
  const folder = mkdtempSync(join(tmpdir(), 'stele-interop-'));
  const dataDir = join(folder, 'data');
  const server = await startServer({ dataDir, flags });
  const stop = async () => {
    await server.stop();
    rmSync(folder, { recursive: true });
  };
  const keys = () => JSON.parse(stele('keys', 'show', '--data-dir', dataDir, '--json'));
  const { url, treeID, origin } = server;
  const timestampChain = join(dataDir, 'tsa', 'chain.pem');
  return { url, treeID, origin, folder, timestampChain, keys, stop };
}

/** Returns what the `stele` command prints; throws unless it exits 0. */
export function stele(...args) {
  // Ours tell the tests where tools are; the command would take them for its own settings.
  const env = { PATH: process.env.PATH };
  return execFileSync(process.execPath, [STELE, ...args], { encoding: 'utf8', env });
}
